//! The protocol that braids the logs of many shards into one history of revisions, as a model whose
//! every state can be visited.
//!
//! Modelled: members, the control group and the shards' groups, crashes, changes of leader, the
//! writes that are in flight meanwhile, recovery, epochs, leases, what followers are told, the cores of
//! a leader and the mail between them, and what is seen from outside. A group is
//! an atomic log with an open tail ([`log`]) and with knowledge of its commits that lags behind on
//! each member; how Raft brings that about is not modelled. The engine's own functions are called
//! wherever they are pure: `Decisions::void` and `end_of_history` (`core/src/epoch.rs`), `Sequencer`
//! and `Cells` (`core/src/sequencer.rs`, `core/src/cells.rs`), which are rebuilt for each step.
//!
//! [`trap::Trap`] plants the known bugs, so that the tests can show that the search finds them.
//!
//! # Not modelled
//! | | where it is checked |
//! |---|---|
//! | Raft itself: votes, replication, configuration changes | the `raft` crate's tests, the simulator |
//! | single loads and stores of the cells: a step here is one call of the sequencer | `core/tests/cells_model.rs` |
//! | time, but for the one bit in `lease` | the simulator |
//! | leases of members with several cores: rounds that name leases would double what a core tells | the simulator, with clocks that drift |
//! | bounded mailboxes that wait for each other | the simulator, with short mailboxes |
//! | where followers resume after a snapshot | nowhere yet: there are no snapshots |
//! | records of several frames, torn frames, cleaning | the tests of `storage`, the simulator |

pub mod bounds;
pub mod calm;
pub mod check;
pub mod cores;
mod decide;
mod events;
mod followers;
mod leadership;
mod lease;
pub mod log;
pub mod model;
pub mod progress;
mod properties;
mod rounds;
pub mod scenario;
pub mod sequencing;
pub mod settings;
pub mod state;
mod symmetry;
pub mod trap;
mod visible;
mod writes;
