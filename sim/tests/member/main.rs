//! A whole member in virtual time, judged by the model of etcd.

mod budget;
mod concurrent;
mod crash;
mod large;
mod leases;
mod seeds;
mod sequential;
