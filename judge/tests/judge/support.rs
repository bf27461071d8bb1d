//! Histories from text and from lines.

use braid_judge::history::History;
use braid_judge::judge;
use braid_judge::malformed::Malformed;
use braid_judge::order::SEARCH_STEPS_MAX;
use braid_judge::reader::{Limits, read};
use braid_judge::record::write;
use braid_judge::verdict::{Check, Verdict};
use braid_judge::wire::Line;

const HEAD: &str = r#"{"event":"history","version":1,"clock":"one","lease_late_ms":1000}"#;

/// Reads lines between a head and the ends of clients 1 to 3.
pub fn parse(body: &str) -> Result<History, Malformed> {
    let mut text = format!("{HEAD}\n{}\n", body.trim());
    for client in 1..=3 {
        text.push_str(&format!("{{\"event\":\"end\",\"client\":{client},\"time\":99000000000}}\n"));
    }
    text.push_str("{\"event\":\"end\",\"time\":99000000000}\n");
    read(text.as_bytes(), Limits::default())
}

/// Judges lines between a head and the ends of clients 1 to 3.
pub fn verdict_of(body: &str) -> Verdict {
    let history = parse(body).unwrap_or_else(|why| panic!("{why}\n{body}"));
    judge(&history, SEARCH_STEPS_MAX)
}

/// All is right, and this was looked at.
pub fn assert_good(check: Check, body: &str) {
    let verdict = verdict_of(body);
    assert!(verdict.is_good(), "{verdict}\n{body}");
    assert!(verdict.examined(check) > 0, "{check} was not looked at\n{verdict}\n{body}");
}

/// This is broken.
pub fn assert_breaks(check: Check, body: &str) {
    let verdict = verdict_of(body);
    assert!(verdict.breaks(check), "{check} should be broken\n{verdict}\n{body}");
}

/// Judges a history that was made, by way of its text.
pub fn judge_lines(lines: &[Line]) -> Verdict {
    let mut text = Vec::new();
    write(lines, &mut text).expect("memory takes all");
    let history = read(text.as_slice(), Limits::default());
    judge(&history.unwrap_or_else(|why| panic!("{why}")), SEARCH_STEPS_MAX)
}
