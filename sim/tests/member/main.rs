//! A whole member in virtual time, judged by the model of etcd.

mod budget;
mod large;
mod seeds;
mod sequential;
