//! The messages of etcd's wire format, generated from the server's `proto` folder.

#![allow(missing_docs, dead_code, clippy::all)]

/// KV, Watch, Lease.
pub mod etcdserverpb {
    include!(concat!(env!("OUT_DIR"), "/etcdserverpb.rs"));
}

/// Pairs and events.
pub mod mvccpb {
    include!(concat!(env!("OUT_DIR"), "/mvccpb.rs"));
}
