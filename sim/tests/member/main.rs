//! A whole member in virtual time, judged by the model of etcd.

mod concurrent;
mod crash;
mod large;
mod leases;
mod seeds;
mod sequential;
