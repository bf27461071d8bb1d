//! The simulator: a whole member in one thread, driven by one seed in virtual time, and the model
//! of etcd that judges it.
//!
//! The member runs the very state machines that the server runs; only cores, mailboxes, disk and
//! time are made up. Whatever goes wrong happens again for the same seed.
//!
//! A [`story::Plan`] is drawn from a seed and run as a story: lives of a [`member::Member`] on one
//! [`disk::Disk`], with clients that do what their [`workload`]s say, and crashes and damage in
//! between. The judge holds what clients saw against what etcd promises. A member keeps its own
//! time and tells when something happens next, so that several can take turns in one story.

pub mod disk;
pub mod failure;
pub mod member;
pub mod recovery;
pub mod scaling;
pub mod shrink;
pub mod story;
pub mod trace;
pub mod workload;

pub use braid_judge::model;
