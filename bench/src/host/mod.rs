//! The machine that everything runs on: processors, processes, servers under test, limits.

mod affinity;
mod echo;
mod interrupt;
mod limits;
mod machine;
mod made;
mod process;
mod server;

pub use affinity::{Cpus, pin};
pub use echo::Echo;
pub use interrupt::flag_on_interrupt;
pub use limits::{SyncTimes, device_sync, loopback_ns};
pub use machine::describe;
pub use made::Made;
pub use process::{Process, Usage, thread_waited};
pub use server::{Server, ServerPlan};
