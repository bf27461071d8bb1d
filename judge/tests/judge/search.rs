//! Calls without an answer, and answers without a revision: both ways are tried.

use braid_judge::judge;
use braid_judge::verdict::Check;

use crate::support::{assert_breaks, assert_good, parse, verdict_of};

fn line(event: &str, id: u64, time: u64, rest: &str) -> String {
    format!(
        "{{\"event\":\"{event}\",\"client\":{},\"id\":{id},\"time\":{time},{rest}}}\n",
        id % 3 + 1
    )
}

fn put(id: u64, value: &str, outcome: &str) -> String {
    let request = format!(r#""request":{{"put":{{"key":"a","value":"{value}"}}}}"#);
    line("call", id, id * 10, &request) + &line("return", id, id * 10 + 5, outcome)
}

const LOST: &str = r#""lost":"the connection broke""#;

fn done(revision: u64) -> String {
    format!(r#""response":{{"put":{{"revision":{revision}}}}}"#)
}

/// A read of a that shows `value`, written by the `version`th put; without a revision if that
/// is 0.
fn read(id: u64, value: &str, version: u64, revision: u64) -> String {
    let kv = format!(
        r#"{{"key":"a","value":"{value}","create_revision":2,"mod_revision":{},"version":{version}}}"#,
        version + 1
    );
    let shown = if revision == 0 { String::new() } else { format!(r#""revision":{revision},"#) };
    line("call", id, id * 10, r#""request":{"range":{"key":"a"}}"#)
        + &line(
            "return",
            id,
            id * 10 + 5,
            &format!(r#""response":{{"range":{{{shown}"count":1,"kvs":[{kv}]}}}}"#),
        )
}

#[test]
fn a_lost_write_may_have_happened_or_not() {
    let happened = put(1, "x", &done(2)) + &put(2, "y", LOST) + &put(3, "z", &done(4));
    assert_good(Check::DenseRevisions, &happened);
    let void = put(1, "x", &done(2)) + &put(2, "y", LOST) + &put(3, "z", &done(3));
    assert_good(Check::DenseRevisions, &void);
    let nobody = put(1, "x", &done(2)) + &put(3, "z", &done(4));
    assert_breaks(Check::DenseRevisions, &nobody);
}

#[test]
fn a_lost_write_happens_once_and_not_before_its_call() {
    let twice = put(1, "x", LOST) + &put(2, "y", &done(4));
    assert_breaks(Check::DenseRevisions, &twice);
    let early = put(1, "x", &done(3)) + &put(2, "y", LOST);
    assert_breaks(Check::DenseRevisions, &early);
}

#[test]
fn reads_choose_between_lost_writes() {
    let lost = put(1, "x", LOST) + &put(2, "y", LOST) + &put(3, "z", &done(3));
    assert_good(Check::Linearizable, &(lost.clone() + &read(4, "z", 2, 3)));
    let both = put(1, "x", LOST) + &put(2, "y", LOST) + &read(3, "x", 2, 3);
    assert_good(Check::Linearizable, &both);
    let never = put(1, "x", LOST) + &put(2, "y", LOST) + &read(3, "w", 2, 3);
    assert_breaks(Check::Linearizable, &never);
}

#[test]
fn answers_without_a_revision_find_their_place() {
    let unrevised = r#""response":{"put":{}}"#;
    let good = put(1, "x", unrevised) + &put(2, "y", unrevised) + &read(3, "y", 2, 0);
    assert_good(Check::Linearizable, &good);
    // The second put was called after the first had returned.
    let stale = put(1, "x", unrevised) + &put(2, "y", unrevised) + &read(3, "x", 2, 0);
    assert_breaks(Check::Linearizable, &stale);
}

#[test]
fn reads_without_a_revision_do_not_go_back() {
    let puts = put(1, "x", &done(2)) + &put(2, "y", &done(3));
    assert_good(Check::Linearizable, &(puts.clone() + &read(3, "y", 2, 0)));
    assert_breaks(Check::Linearizable, &(puts + &read(3, "x", 1, 0)));
}

#[test]
fn refusals_belong_to_a_state() {
    let keep = r#""request":{"put":{"key":"a","ignore_value":true}}"#;
    let refused = line("call", 4, 40, keep)
        + &line("return", 4, 45, r#""error":"etcdserver: key not found""#);
    assert_good(Check::Linearizable, &refused);
    assert_breaks(Check::Linearizable, &(put(1, "x", &done(2)) + &refused));
}

/// Ambiguous writes in any number: the bound ends the search, and it is said.
#[test]
fn past_the_bound_it_is_undecided() {
    let mut body = String::new();
    for id in 1..=30 {
        body += &put(id, &format!("v{id}"), LOST);
    }
    body += &read(31, "never", 20, 21);
    let verdict = judge(&parse(&body).unwrap(), 10_000);
    assert!(!verdict.is_good() && !verdict.undecided().is_empty(), "{verdict}");
    assert!(verdict.to_string().ends_with("UNDECIDED"), "{verdict}");
}

#[test]
fn times_of_several_clocks_order_nothing_between_clients() {
    // Client 3's read is stale, but nobody can say that its clock is right.
    let puts = put(1, "x", &done(2)) + &put(2, "y", &done(3)) + &read(4, "x", 1, 2);
    assert_breaks(Check::RealTime, &puts);
    let text = format!(
        "{}\n{puts}{}",
        r#"{"event":"history","version":1,"clock":"client"}"#,
        r#"{"event":"end","client":1,"time":99}
{"event":"end","client":2,"time":99}
{"event":"end","client":3,"time":99}
{"event":"end","time":99}
"#
    );
    let history = braid_judge::reader::read(text.as_bytes(), Default::default()).unwrap();
    let verdict = judge(&history, 1000);
    assert!(verdict.is_good(), "{verdict}");
    let said = verdict.unchecked().iter().any(|what| what.starts_with("real-time order"));
    assert!(said, "{verdict}");
}

#[test]
fn nothing_at_all_is_good_and_unchecked() {
    let verdict = verdict_of(r#"{"event":"restart","time":0}"#);
    assert!(verdict.is_good());
}

/// Two lost deletes may have made revision 4; a watcher heard of one key only.
#[test]
fn watchers_tell_which_lost_write_happened() {
    let mut body = String::from(
        r#"{"event":"watch","client":1,"watch":1,"time":0,"create":{"key":"a","range_end":"z"}}
{"event":"told","client":1,"watch":1,"time":0,"response":{"revision":1,"created":true}}
"#,
    );
    body += &put(1, "x", &done(2));
    body += &put(2, "x", &done(3)).replace(r#""key":"a""#, r#""key":"b""#);
    for (id, fields) in [(3, r#""key":"a","range_end":"c""#), (4, r#""key":"a""#)] {
        body += &line("call", id, id * 10, &format!(r#""request":{{"delete":{{{fields}}}}}"#));
        body += &line("return", id, id * 10 + 5, LOST);
    }
    let first = |key: &str, revision: u64| {
        format!(
            r#"{{"kv":{{"key":"{key}","value":"x","create_revision":{revision},"mod_revision":{revision},"version":1}}}}"#
        )
    };
    let gone = r#"{"deleted":true,"kv":{"key":"a","mod_revision":4}}"#;
    let events = [first("a", 2), first("b", 3), gone.to_owned()].join(",");
    body += &format!(
        "{{\"event\":\"told\",\"client\":1,\"watch\":1,\"time\":90,\"response\":{{\"revision\":4,\"events\":[{events}]}}}}\n"
    );
    assert_good(Check::WatchTrue, &body);
}
