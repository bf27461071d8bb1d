//! The judge judged: what it must find, and what it must let pass.

mod documents;
mod ends;
mod generated;
mod lines;
mod malformed;
mod mutations;
mod search;
mod support;
mod violations;
mod world;
