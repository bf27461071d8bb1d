//! Two servers side by side: the same load on the same processors, in turn, again and again.

mod figure;
mod limits;
mod metric;
mod rank;
mod report;
mod runner;
mod scenario;
mod target;

pub use figure::ratios;
pub use limits::measure_limits;
pub use metric::Metric;
pub use rank::median;
pub use report::{CompareReport, Row};
pub use runner::{Options, Runner, Sides};
pub use scenario::{Scenario, Step, Version};
pub use target::Target;
