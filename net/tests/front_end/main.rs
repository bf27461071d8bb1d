//! The front-end over sockets in memory, with a small engine behind it.

mod abuse;
mod common;
mod http1;
mod kv;
mod slow;
mod streams;
