//! The live line.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use super::Slice;
use crate::text;

/// Shows how it goes on standard error, where that is a terminal.
pub struct Live {
    terminal: bool,
    shown: bool,
}

impl Live {
    pub(super) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: false }
    }

    /// Shows the last second.
    pub(super) fn show(&mut self, second: &Slice, left: Duration) {
        if self.terminal {
            self.shown = true;
            write!(std::io::stderr(), "\r\x1b[K{}", line(second, left)).ok();
        }
    }

    /// Leaves the line.
    pub(super) fn end(&self) {
        if self.shown {
            writeln!(std::io::stderr()).ok();
        }
    }
}

fn line(second: &Slice, left: Duration) -> String {
    let mut line = String::new();
    for (kind, tally) in &second.kinds {
        line.push_str(&format!(
            "{} {}/s p50 {} p99 {}  ",
            kind.name(),
            text::count(tally.completed as f64),
            text::nanos(tally.latency.value_at_quantile(0.5)),
            text::nanos(tally.latency.value_at_quantile(0.99)),
        ));
    }
    line.push_str(&format!("errors {}  {} s left", second.error_count(), left.as_secs()));
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Kind, Tally};

    #[test]
    fn a_line_has_rate_latency_errors_and_the_time_left() {
        let mut second = Slice::default();
        let mut tally = Tally { completed: 1200, ..Tally::default() };
        tally.latency.record(5000).unwrap();
        second.kinds.insert(Kind::Put, tally);
        second.errors.insert((Kind::Put, "Unavailable".into()), 3);
        let line = line(&second, Duration::from_secs(7));
        assert_eq!(line, "put 1,200/s p50 5.00 us p99 5.00 us  errors 3  7 s left");
    }
}
