//! `braid-bench`: load for etcd servers, and comparisons of two of them.

mod cli;
mod client;
mod compare;
mod error;
mod evidence;
mod failure;
mod figures;
pub mod host;
mod keys;
mod load;
mod page;
mod proto;
mod report;
mod shape;
mod text;
mod values;
mod workload;
mod zipf;

pub use cli::{main, main_with};
pub use error::Error;
