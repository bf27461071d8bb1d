//! What a run gave, as figures: for people, as JSON, as a page with plots.

mod latency;
mod run;
mod summary;
mod table;
mod write;

pub use latency::{Latency, Second};
pub use run::{DISTURBED, Operation, RunReport};
pub use table::Table;
pub use write::{check_folder, print, write_json, write_text};
