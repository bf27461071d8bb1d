//! What a machine is like, and how the server makes the best of it.
//!
//! Goal: everything that depends on the hardware and not on the service stands in one place: what
//! the machine has ([`host`], [`machine`], [`disk`]), what was chosen for a kind of machine
//! ([`profile`]), what both together make the server do ([`fit`], [`tuned`]), and the command that
//! chooses ([`tune`]). Non-goal: the server's options; they win over all of this, and the server
//! itself sees to that.

pub mod disk;
pub mod fit;
pub mod host;
mod list;
pub mod machine;
pub mod placement;
pub mod profile;
pub mod tune;
pub mod tuned;
