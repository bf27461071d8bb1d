//! Searches of every state of the protocol's model, up to a size.

mod exhaustive;
mod symmetry;
mod traps;
