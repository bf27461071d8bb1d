//! A whole member in virtual time, judged by the model of etcd.

mod budget;
mod clocks;
mod deletes;
mod full_disk;
mod hashes;
mod large;
mod overload;
mod revokes;
mod seeds;
mod sequential;
mod waits;
mod wakes;
