//! A comparison as one page that needs nothing else: no script, no style sheet, no network.

mod axis;
mod html;
mod plot;
mod plots;

pub use html::page;
