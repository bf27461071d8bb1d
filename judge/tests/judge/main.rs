//! The judge judged: what it must find, and what it must let pass.

mod malformed;
mod search;
mod support;
mod violations;
