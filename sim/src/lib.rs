//! The simulator: a whole member in one thread, driven by one seed in virtual time, and the model
//! of etcd that judges it.
//!
//! The member runs the very state machines that the server runs; only cores, mailboxes, disk and
//! time are made up. Whatever goes wrong happens again for the same seed.

pub mod disk;
pub mod history;
pub mod load;
pub mod member;
pub mod recovery;
pub mod watcher;

pub use braid_judge::model;
