//! Whether what clients saw is what etcd promises.

pub mod hashes;
pub mod leases;
pub mod order;
pub mod watches;
