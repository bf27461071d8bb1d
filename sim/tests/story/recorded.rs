//! What the clients of a story write down is a history like any other; the judge must be able to
//! fail on it.

use braid_judge::judge;
use braid_judge::order::SEARCH_STEPS_MAX;
use braid_judge::reader::{Limits, assemble, read};
use braid_judge::record::write;
use braid_judge::wire::Line;
use braid_sim::story::{Plan, record};

#[test]
fn a_dropped_event_is_found() {
    let mut tried = 0;
    for seed in 0..20 {
        let mut lines = record(&Plan::draw(seed));
        if !drop_an_event(&mut lines) {
            continue;
        }
        tried += 1;
        let verdict = judge(&assemble(lines).expect("the lines fit"), SEARCH_STEPS_MAX);
        assert!(!verdict.is_good(), "seed {seed}\n{verdict}");
    }
    assert!(tried > 5, "{tried} histories had an event to drop");
}

/// Drops an event that another one follows in the same response.
fn drop_an_event(lines: &mut [Line]) -> bool {
    let told = lines.iter_mut().find_map(|line| match line {
        Line::Told { response, .. } if response.events.len() > 1 => Some(&mut response.events),
        _ => None,
    });
    told.map(|events| events.remove(0)).is_some()
}

/// As text the history says the same, so that a failing one can be kept and judged again.
#[test]
fn a_history_comes_back_from_its_text() {
    for seed in 0..5 {
        let lines = record(&Plan::draw(seed));
        let mut text = Vec::new();
        write(&lines, &mut text).expect("memory takes all");
        let history = read(&text[..], Limits::default()).expect("the text can be read");
        assert!(judge(&history, SEARCH_STEPS_MAX).is_good(), "seed {seed}");
        assert_eq!(history.lines, lines.len() as u64);
    }
}
