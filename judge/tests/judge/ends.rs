//! How watchers end, what a compaction takes from them, and whose progress a stream tells.

use braid_judge::verdict::Check;

use crate::lines::{
    ALL, CREATED, abc, call, called, events, first, put, told, unwatch, watch, watched,
};
use crate::support::{assert_breaks, assert_good};

/// Client 2 asks for the end of watcher 1.
fn cancel(second: u64) -> String {
    let time = second * 1_000_000_000;
    format!("{{\"event\":\"cancel\",\"client\":2,\"watch\":1,\"time\":{time}}}\n")
}

#[test]
fn watch_ends() {
    let begin = watch(0, ALL) + &told(0, CREATED);
    let end = told(3, r#"{"revision":1,"canceled":true}"#);
    assert_good(Check::WatchEnds, &(begin.clone() + &cancel(2) + &end));
    assert_breaks(Check::WatchEnds, &(begin.clone() + &end));
    // It is too late to ask.
    assert_breaks(Check::WatchEnds, &(begin.clone() + &end + &cancel(4)));
    let reason = r#"{"revision":1,"canceled":true,"cancel_reason":"the disk is bad"}"#;
    assert_good(Check::WatchEnds, &(begin + &told(3, reason)));
}

#[test]
fn what_comes_between_the_wish_and_the_end_is_judged() {
    let [a, b, c] = abc();
    let told = |list: &[&String]| {
        let canceled = r#"{"revision":4,"canceled":true}"#.to_owned();
        watched(ALL, &[events(4, list), canceled])
            .replace(&told(0, CREATED), &(told(0, CREATED) + &cancel(0)))
    };
    assert_good(Check::WatchEnds, &told(&[&a, &b, &c]));
    assert_good(Check::WatchEnds, &told(&[&a, &b]));
    assert_breaks(Check::WatchReliable, &told(&[&a, &c]));
}

/// A write that deletes a and puts it again at revision 3, and perhaps a compaction; then a watcher
/// of all that is told `list`.
fn undone(compacted: bool, list: &[&String]) -> String {
    // Only of a delete without end does etcd not notice that the key is put again.
    let txn = r#"{"txn":{"success":[{"delete":{"key":"a","range_end":"\u0000"}},{"put":{"key":"a","value":"w"}}]}}"#;
    let done = r#"{"txn":{"revision":3,"succeeded":true,"responses":[{"delete":{"revision":3,"deleted":1}},{"put":{"revision":3}}]}}"#;
    let mut body = put(1, "a", "v", 2) + &call(2, txn, done);
    if compacted {
        body += &call(3, r#"{"compact":{"revision":3}}"#, r#"{"compact":{"revision":3}}"#);
    }
    body += &watch(4, r#"{"key":"a","range_end":"z","start_revision":3}"#);
    body += &told(5, r#"{"revision":3,"created":true}"#);
    body + &told(6, &events(3, list)) + &told(7, r#"{"revision":3}"#) + &unwatch(8, 3)
}

#[test]
fn a_compaction_takes_what_its_own_write_has_undone() {
    let deleted = r#"{"deleted":true,"kv":{"key":"a","mod_revision":3}}"#.to_owned();
    let put = first("a", "w", 3);
    assert_good(Check::WatchResumable, &undone(false, &[&deleted, &put]));
    assert_good(Check::WatchResumable, &undone(true, &[&deleted, &put]));
    assert_good(Check::WatchResumable, &undone(true, &[&put]));
    assert_breaks(Check::WatchResumable, &undone(false, &[&put]));
    assert_breaks(Check::WatchAtomic, &undone(true, &[&deleted]));
}

#[test]
fn progress_of_a_stream_is_for_watchers_that_are_there() {
    let create = |watch: u64, second: u64| {
        format!(
            "{{\"event\":\"watch\",\"client\":2,\"watch\":{watch},\"stream\":7,\"time\":{second}000000000,\"create\":{{\"key\":\"a\",\"start_revision\":2}}}}\n"
        )
    };
    let progress = told(4, r#"{"revision":2}"#).replace(r#""watch":1"#, r#""stream":7"#);
    let of_2 = |line: String| line.replace(r#""watch":1"#, r#""watch":2"#);
    let created = r#"{"revision":2,"created":true}"#;
    let event = events(2, &[&first("a", "v", 2)]);
    // The first watcher has ended, the second one is not there yet.
    let body = put(1, "a", "v", 2)
        + &create(1, 2)
        + &told(2, created)
        + &cancel(3)
        + &told(3, r#"{"revision":2,"canceled":true}"#)
        + &create(2, 3)
        + &progress
        + &of_2(told(5, created))
        + &of_2(told(6, &event));
    assert_good(Check::WatchEnds, &body);
}

#[test]
fn a_watcher_that_was_ended_is_no_witness_of_what_came_before() {
    let lost = |id: u64, range_end: &str| {
        let request = format!(r#"{{"delete":{{"key":"a","range_end":"{range_end}"}}}}"#);
        called(1, id, &request, r#""lost":"the member stopped""#)
    };
    let of_2 = |line: String| line.replace(r#""watch":1"#, r#""watch":2"#);
    let created = r#"{"revision":3,"created":true}"#;
    let deleted = r#"{"deleted":true,"kv":{"key":"a","mod_revision":4}}"#.to_owned();
    // Only one of the two has happened, and watcher 2 tells which; watcher 1 was told nothing of it.
    let body = put(1, "a", "v", 2)
        + &put(2, "b", "v", 3)
        + &watch(3, ALL)
        + &told(3, created)
        + &of_2(watch(3, ALL) + &told(3, created))
        + &lost(4, "c")
        + &lost(5, "")
        + &told(6, r#"{"revision":4,"canceled":true,"cancel_reason":"the disk is bad"}"#)
        + &of_2(told(7, &events(4, &[&deleted])) + &unwatch(8, 4));
    assert_good(Check::WatchReliable, &body);
}
