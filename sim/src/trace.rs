//! The last inputs and outputs of the cores, remembered while somebody wants them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Debug;
use std::time::Duration;

use braid_core::ids::CoreId;

/// Lines that are remembered.
const LINES_MAX: usize = 400;
/// Values may be large.
const LINE_BYTES_MAX: usize = 600;

thread_local! {
    static LINES: RefCell<Option<VecDeque<String>>> = const { RefCell::new(None) };
}

/// Remembers something, if anybody wants to know.
pub(crate) fn note(now: Duration, core: CoreId, direction: char, what: &dyn Debug) {
    LINES.with_borrow_mut(|lines| {
        let Some(lines) = lines else { return };
        let mut line = format!("{now:?} core {core} {direction} {what:?}");
        let end = (0..=LINE_BYTES_MAX.min(line.len())).rev().find(|at| line.is_char_boundary(*at));
        line.truncate(end.unwrap_or(0));
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    });
}

/// Does something; the last lines of what happened in it.
pub fn of(something: impl FnOnce()) -> Vec<String> {
    LINES.set(Some(VecDeque::new()));
    something();
    LINES.take().unwrap_or_default().into()
}
