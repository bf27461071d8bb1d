//! Figures in a document, and the reports that prove them: the section is made of nothing but what
//! is recorded, so a figure that stands there was measured.

mod document;
mod recorded;
mod section;

pub use document::{stray_figures, with_section};
pub use recorded::{Recorded, read_folder};
pub use section::section;
