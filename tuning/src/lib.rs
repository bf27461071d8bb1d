//! What a machine is like, and how the server makes the best of it.
//!
//! Goal: everything that depends on the hardware and not on the service stands in one place: what
//! the machine has ([`host`], [`placement`]), what was chosen for a kind of machine ([`profile`]), and
//! what both together make the server do ([`tuned`]). Non-goal: the server's options; they win over
//! all of this, and the server itself sees to that.

pub mod fit;
pub mod host;
mod list;
pub mod placement;
pub mod profile;
pub mod tuned;
