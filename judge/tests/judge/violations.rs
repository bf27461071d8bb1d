//! One good and one bad history for each check, written by hand. Every check must be seen to fail.

use braid_judge::verdict::Check;

use crate::lines::{
    ALL, CREATED, abc, call, called, events, first, granted, leased, put, put_with, time_to_live,
    told, unwatch, watch, watched,
};
use crate::support::{assert_breaks, assert_good};

#[test]
fn linearizable() {
    let read = |value: &str| {
        call(
            2,
            r#"{"range":{"key":"a"}}"#,
            &format!(
                r#"{{"range":{{"revision":2,"count":1,"kvs":[{{"key":"a","value":"{value}","create_revision":2,"mod_revision":2,"version":1}}]}}}}"#
            ),
        )
    };
    assert_good(Check::Linearizable, &(put(1, "a", "v", 2) + &read("v")));
    assert_breaks(Check::Linearizable, &(put(1, "a", "v", 2) + &read("w")));
}

#[test]
fn transactions_that_take_the_wrong_branch() {
    let txn = |succeeded: bool| {
        let compare = r#"{"key":"a","target":{"version":1}}"#;
        let response = format!(r#"{{"txn":{{"revision":2,"succeeded":{succeeded}}}}}"#);
        call(2, &format!(r#"{{"txn":{{"compare":[{compare}]}}}}"#), &response)
    };
    assert_good(Check::Linearizable, &(put(1, "a", "v", 2) + &txn(true)));
    assert_breaks(Check::Linearizable, &(put(1, "a", "v", 2) + &txn(false)));
}

#[test]
fn real_time() {
    let read = |revision: u64, kvs: &str, count: u64| {
        call(
            3,
            r#"{"range":{"key":"b"}}"#,
            &format!(r#"{{"range":{{"revision":{revision},"count":{count},"kvs":[{kvs}]}}}}"#),
        )
    };
    let puts = put(1, "a", "v", 2) + &put(2, "b", "v", 3);
    let pair = r#"{"key":"b","value":"v","create_revision":3,"mod_revision":3,"version":1}"#;
    assert_good(Check::RealTime, &(puts.clone() + &read(3, pair, 1)));
    // The state at revision 2 is told truly, but revision 3 had been seen.
    assert_breaks(Check::RealTime, &(puts + &read(2, "", 0)));
}

#[test]
fn dense_revisions() {
    assert_good(Check::DenseRevisions, &(put(1, "a", "v", 2) + &put(2, "a", "v", 3)));
    assert_breaks(Check::DenseRevisions, &(put(1, "a", "v", 2) + &put(2, "b", "v", 4)));
    assert_breaks(Check::DenseRevisions, &(put(1, "a", "v", 2) + &put(2, "b", "v", 2)));
}

#[test]
fn versions() {
    let read = |version: u64| {
        call(
            3,
            r#"{"range":{"key":"a"}}"#,
            &format!(
                r#"{{"range":{{"revision":3,"count":1,"kvs":[{{"key":"a","value":"w","create_revision":2,"mod_revision":3,"version":{version}}}]}}}}"#
            ),
        )
    };
    let puts = put(1, "a", "v", 2) + &put(2, "a", "w", 3);
    assert_good(Check::Versions, &(puts.clone() + &read(2)));
    assert_breaks(Check::Versions, &(puts + &read(1)));
}

#[test]
fn counts_at_old_revisions() {
    let count = |count: u64| {
        call(
            3,
            r#"{"range":{"key":"a","range_end":"z","revision":2,"count_only":true}}"#,
            &format!(r#"{{"range":{{"revision":3,"count":{count}}}}}"#),
        )
    };
    let puts = put(1, "a", "v", 2) + &put(2, "b", "w", 3);
    assert_good(Check::Counts, &(puts.clone() + &count(1)));
    assert_breaks(Check::Counts, &(puts + &count(2)));
}

#[test]
fn compaction() {
    let puts = put(1, "a", "v", 2) + &put(2, "b", "v", 3);
    let compact = call(3, r#"{"compact":{"revision":3}}"#, r#"{"compact":{"revision":3}}"#);
    let request = r#"{"range":{"key":"b","revision":2}}"#;
    let compacted = r#""error":"etcdserver: mvcc: required revision has been compacted""#;
    let refused = called(1, 4, request, compacted);
    let answered = call(4, request, r#"{"range":{"revision":3}}"#);
    assert_good(Check::Compaction, &(puts.clone() + &compact + &refused));
    assert_breaks(Check::Compaction, &(puts.clone() + &compact + &answered));
    assert_breaks(Check::Compaction, &(puts.clone() + &refused));
    let future = r#""error":"etcdserver: mvcc: required revision is a future revision""#;
    assert_breaks(Check::Compaction, &(puts + &called(1, 4, request, future)));
}

#[test]
fn watch_ordered_and_unique_and_reliable() {
    let [a, b, c] = abc();
    let one = |list: &[&String]| watched(ALL, &[events(4, list)]);
    for check in [Check::WatchOrdered, Check::WatchUnique, Check::WatchReliable] {
        assert_good(check, &one(&[&a, &b, &c]));
    }
    assert_breaks(Check::WatchOrdered, &one(&[&a, &c, &b]));
    assert_breaks(Check::WatchUnique, &one(&[&a, &b, &b, &c]));
    assert_breaks(Check::WatchReliable, &one(&[&a, &c]));
    // The client waited for all up to revision 4.
    assert_breaks(Check::WatchReliable, &one(&[&a, &b]));
}

#[test]
fn watch_told_after_its_end() {
    let [a, b, c] = abc();
    let canceled = r#"{"revision":4,"canceled":true}"#.to_owned();
    let end = |last: String| watched(ALL, &[events(4, &[&a, &b]), last.clone(), events(4, &[&c])]);
    assert_breaks(Check::WatchOrdered, &end(canceled));
}

/// A transaction that puts a and b at revision 2, and a watcher that is told `responses`.
fn twice_watched(create: &str, responses: &[String]) -> String {
    let txn =
        r#"{"txn":{"success":[{"put":{"key":"a","value":"v"}},{"put":{"key":"b","value":"v"}}]}}"#;
    let done = r#"{"txn":{"revision":2,"succeeded":true,"responses":[{"put":{"revision":2}},{"put":{"revision":2}}]}}"#;
    let mut body = watch(0, create) + &told(0, CREATED) + &call(1, txn, done);
    for (second, response) in (10..).zip(responses) {
        body += &told(second, response);
    }
    body + &unwatch(20, 2)
}

#[test]
fn watch_atomic() {
    let (a, b) = (first("a", "v", 2), first("b", "v", 2));
    assert_good(Check::WatchAtomic, &twice_watched(ALL, &[events(2, &[&a, &b])]));
    let split = [events(2, &[&a]), events(2, &[&b])];
    assert_breaks(Check::WatchAtomic, &twice_watched(ALL, &split));
    let fragments = [split[0].replacen('{', r#"{"fragment":true,"#, 1), split[1].clone()];
    let in_fragments = ALL.replacen('{', r#"{"fragment":true,"#, 1);
    assert_good(Check::WatchAtomic, &twice_watched(&in_fragments, &fragments));
    // Nobody has asked for fragments.
    assert_breaks(Check::WatchAtomic, &twice_watched(ALL, &fragments));
}

/// Puts of a, b and c, then a watcher from revision 3 that is told `list`.
fn resumed(list: &[&String]) -> String {
    let mut body = String::new();
    for (revision, key) in (2..).zip(["a", "b", "c"]) {
        body += &put(revision - 1, key, "v", revision);
    }
    body += &watch(5, r#"{"key":"a","range_end":"z","start_revision":3}"#);
    body += &told(6, r#"{"revision":4,"created":true}"#);
    body += &told(7, &events(4, list));
    body + &unwatch(20, 4)
}

#[test]
fn watch_resumable() {
    let [_, b, c] = abc();
    assert_good(Check::WatchResumable, &resumed(&[&b, &c]));
    assert_breaks(Check::WatchResumable, &resumed(&[&c]));
}

#[test]
fn watch_bookmarkable() {
    let [a, b, c] = abc();
    let progress = |revision: u64| format!(r#"{{"revision":{revision}}}"#);
    let told = |at: u64| watched(ALL, &[events(3, &[&a, &b]), progress(at), events(4, &[&c])]);
    assert_good(Check::WatchBookmarkable, &told(3));
    assert_breaks(Check::WatchBookmarkable, &told(4));
    let list = [&a, &b, &c];
    let back = watched(ALL, &[events(4, &list), progress(4), progress(3)]);
    assert_breaks(Check::WatchBookmarkable, &back);
}

#[test]
fn progress_of_a_whole_stream() {
    let create = watch(0, ALL).replace(r#""watch":1"#, r#""watch":1,"stream":7"#);
    let body = |revision: u64| {
        let progress = told(3, &format!(r#"{{"revision":{revision}}}"#));
        let progress = progress.replace(r#""watch":1"#, r#""stream":7"#);
        let event = told(4, &events(2, &[&first("a", "v", 2)]));
        create.clone() + &told(0, CREATED) + &put(1, "a", "v", 2) + &progress + &event
    };
    assert_good(Check::WatchBookmarkable, &body(1));
    assert_breaks(Check::WatchBookmarkable, &body(2));
}

#[test]
fn watch_true() {
    let [a, b, c] = abc();
    let told = |b: String| watched(ALL, &[events(4, &[&a, &b, &c])]);
    assert_good(Check::WatchTrue, &told(b));
    assert_breaks(Check::WatchTrue, &told(first("b", "w", 3)));
    assert_breaks(Check::WatchTrue, &told(first("d", "v", 3)));
}

#[test]
fn watch_prev_kv() {
    let body = |previous: &str| {
        let kv = |value: &str, version: u64| {
            format!(
                r#"{{"key":"a","value":"{value}","create_revision":2,"mod_revision":{},"version":{version}}}"#,
                version + 1
            )
        };
        let event = format!(r#"{{"kv":{},"prev_kv":{}}}"#, kv("w", 2), kv(previous, 1));
        let create = r#"{"key":"a","prev_kv":true}"#;
        watch(0, create)
            + &told(0, CREATED)
            + &put(1, "a", "v", 2)
            + &put(2, "a", "w", 3)
            + &told(10, &events(3, &[&first("a", "v", 2), &event]))
    };
    assert_good(Check::WatchPrevKv, &body("v"));
    assert_breaks(Check::WatchPrevKv, &body("u"));
}

#[test]
fn watch_filters() {
    let [a, b, _] = abc();
    let only_a = r#"{"key":"a"}"#;
    assert_good(Check::WatchFilters, &watched(only_a, &[events(4, &[&a])]));
    assert_breaks(Check::WatchFilters, &watched(only_a, &[events(4, &[&a, &b])]));
    let no_put = r#"{"key":"a","range_end":"z","no_put":true}"#;
    assert_breaks(Check::WatchFilters, &watched(no_put, &[events(4, &[&a])]));
    let later = r#"{"key":"a","range_end":"z","start_revision":3}"#;
    assert_breaks(Check::WatchFilters, &watched(later, &[events(4, &[&a])]));
}

#[test]
fn watch_compaction() {
    let compact = call(4, r#"{"compact":{"revision":4}}"#, r#"{"compact":{"revision":4}}"#);
    let body = |compact: &str, response: &str| {
        let mut body = String::new();
        for (revision, key) in (2..).zip(["a", "b", "c"]) {
            body += &put(revision - 1, key, "v", revision);
        }
        body += compact;
        body += &watch(5, r#"{"key":"a","range_end":"z","start_revision":2}"#);
        body += &told(6, r#"{"revision":4,"created":true}"#);
        body + &told(7, response) + &unwatch(8, 4)
    };
    let ends = r#"{"canceled":true,"compact_revision":4}"#;
    assert_good(Check::WatchCompaction, &body(&compact, ends));
    assert_breaks(Check::WatchCompaction, &body("", ends));
    // It goes on as if nothing had been before revision 4.
    assert_breaks(Check::WatchCompaction, &body(&compact, &events(4, &[&first("c", "v", 4)])));
}

fn keep_alive(second: u64) -> String {
    let request = r#"{"lease_keep_alive":{"lease":9}}"#;
    call(second, request, r#"{"lease_keep_alive":{"revision":2,"ttl":5}}"#)
}

#[test]
fn lease_never_early() {
    assert_good(Check::LeaseNeverEarly, &(leased() + &time_to_live(6, -1)));
    assert_breaks(Check::LeaseNeverEarly, &(leased() + &time_to_live(5, -1)));
    assert_breaks(Check::LeaseNeverEarly, &(leased() + &keep_alive(4) + &time_to_live(8, -1)));
    let revoke = call(4, r#"{"lease_revoke":{"lease":9}}"#, r#"{"lease_revoke":{"revision":3}}"#);
    assert_good(Check::LeaseNeverEarly, &(leased() + &revoke + &time_to_live(5, -1)));
}

/// The end of the lease's key is told at `second`.
fn end_told(second: u64) -> String {
    let event = r#"{"deleted":true,"kv":{"key":"a","mod_revision":3}}"#.to_owned();
    watch(3, ALL)
        + &told(3, r#"{"revision":2,"created":true}"#)
        + &told(second, &events(3, &[&event]))
}

#[test]
fn keys_of_a_lease_never_end_early() {
    assert_good(Check::LeaseNeverEarly, &(leased() + &end_told(7)));
    assert_breaks(Check::LeaseNeverEarly, &(leased() + &end_told(5)));
}

/// Leases that were granted by second 1.5 for 5 s and by second 2.5 for 9 s, and what is said of a
/// transaction at second `at` that names both.
fn two_leases_refused(at: u64) -> String {
    let other = call(
        2,
        r#"{"lease_grant":{"lease":8,"ttl":9}}"#,
        r#"{"lease_grant":{"revision":1,"lease":8,"ttl":9}}"#,
    );
    let puts = r#"{"put":{"key":"a","lease":8}},{"put":{"key":"b","lease":9}}"#;
    let refused = r#""error":"etcdserver: requested lease not found""#;
    let txn = called(1, at, &format!(r#"{{"txn":{{"success":[{puts}]}}}}"#), refused);
    granted() + &other + &txn
}

#[test]
fn a_refusal_that_names_several_leases() {
    assert_good(Check::LeaseNeverEarly, &two_leases_refused(6));
    assert_breaks(Check::LeaseNeverEarly, &two_leases_refused(5));
    let none = two_leases_refused(6).replace(r#","lease":8}"#, "}").replace(r#","lease":9}"#, "}");
    assert_breaks(Check::LeaseNeverEarly, &none);
}

/// A restart that is over at `second` and gives leases their whole time again from second 4 on.
fn renewing_restart(second: u64) -> String {
    let time = second * 1_000_000_000;
    format!("{{\"event\":\"restart\",\"time\":{time},\"renewed\":4000000000}}\n")
}

#[test]
fn a_restart_that_renews_leases() {
    let restarted = leased() + &renewing_restart(5);
    assert_good(Check::LeaseNeverEarly, &(restarted.clone() + &time_to_live(9, -1)));
    assert_breaks(Check::LeaseNeverEarly, &(restarted + &time_to_live(8, -1)));
    // It had ended before the restart.
    let late = renewing_restart(7).replace("4000000000", "6000000000");
    assert_good(Check::LeaseNeverEarly, &(leased() + &late + &time_to_live(8, -1)));
}

#[test]
fn lease_ends_in_time() {
    // Granted by 1.5 s, for 5 s, and one second more.
    assert_good(Check::LeaseEndsInTime, &(leased() + &time_to_live(7, 0)));
    assert_breaks(Check::LeaseEndsInTime, &(leased() + &time_to_live(8, 0)));
    assert_good(Check::LeaseEndsInTime, &(leased() + &keep_alive(5) + &time_to_live(8, 0)));
    let restart = "{\"event\":\"restart\",\"time\":4000000000}\n";
    assert_good(Check::LeaseEndsInTime, &(leased() + restart + &time_to_live(8, 0)));
}

#[test]
fn lease_atomic() {
    let read = |kvs: &str, revision: u64, count: u64| {
        call(
            9,
            r#"{"range":{"key":"a"}}"#,
            &format!(r#"{{"range":{{"revision":{revision},"count":{count},"kvs":[{kvs}]}}}}"#),
        )
    };
    let pair =
        r#"{"key":"a","value":"v","create_revision":2,"mod_revision":2,"version":1,"lease":9}"#;
    let gone = leased() + &time_to_live(7, -1);
    assert_good(Check::LeaseAtomic, &(gone.clone() + &read("", 3, 0)));
    assert_breaks(Check::LeaseAtomic, &(gone + &read(pair, 2, 1)));
    assert_breaks(Check::LeaseAtomic, &(leased() + &end_told(7) + &time_to_live(8, 0)));
    // One key of two ends: the other is read behind that.
    let two = leased() + &put_with(3, r#""key":"b","value":"v","lease":9"#, 3);
    let half = end_told(8).replace(r#""mod_revision":3"#, r#""mod_revision":4"#);
    let half = half.replace("3000000000", "7000000000");
    let left = pair.replace(r#""a""#, r#""b""#).replace("_revision\":2", "_revision\":3");
    let read = read(&left, 4, 1).replace(r#""key":"a"}}"#, r#""key":"b"}}"#);
    assert_breaks(Check::LeaseAtomic, &(two + &half + &read));
}

#[test]
fn lease_answers() {
    let shown = time_to_live(3, 4);
    assert_good(Check::LeaseAnswers, &(leased() + &shown));
    assert_breaks(
        Check::LeaseAnswers,
        &(leased() + &shown.replace(r#""granted_ttl":5"#, r#""granted_ttl":6"#)),
    );
    assert_breaks(Check::LeaseAnswers, &put_with(2, r#""key":"a","lease":9"#, 2));
    assert_breaks(Check::LeaseAnswers, &(leased() + &time_to_live(7, -1) + &time_to_live(8, 0)));
}

#[test]
fn lock_exclusive() {
    let hold = |client: u64, second: u64| {
        let time = second * 1_000_000_000;
        format!(
            "{{\"event\":\"hold\",\"client\":{client},\"lock\":\"l\",\"lease\":9,\"time\":{time}}}\n"
        )
    };
    let release = "{\"event\":\"release\",\"client\":1,\"lock\":\"l\",\"time\":4000000000}\n";
    assert_good(Check::LockExclusive, &(leased() + &hold(1, 3) + release + &hold(2, 5)));
    assert_breaks(Check::LockExclusive, &(leased() + &hold(1, 3) + &hold(2, 5)));
    // The lease may have ended by then.
    assert_good(Check::LockExclusive, &(leased() + &hold(1, 3) + &hold(2, 6)));
}

#[test]
fn hash_equal() {
    let hash = |id: u64, hash: u32| {
        let response = format!(
            r#"{{"hash_kv":{{"revision":2,"hash":{hash},"compact_revision":-1,"hash_revision":2}}}}"#
        );
        call(id, r#"{"hash_kv":{"revision":2}}"#, &response)
            .replace(r#""id":3,"#, r#""id":3,"member":"b","#)
            .replacen(
                r#""return","client":1,"id":3,"member":"b""#,
                r#""return","client":1,"id":3"#,
                1,
            )
    };
    assert_good(Check::HashEqual, &(put(1, "a", "v", 2) + &hash(2, 5) + &hash(3, 5)));
    assert_breaks(Check::HashEqual, &(put(1, "a", "v", 2) + &hash(2, 5) + &hash(3, 6)));
}

#[test]
fn a_lease_may_be_revoked_while_it_is_granted() {
    // Client 2 knows the id and revokes before client 1 has heard of the grant.
    let grant = r#"{"lease_grant":{"lease":9,"ttl":50}}"#;
    let body = r#"{"event":"call","client":1,"id":1,"time":1,"request":GRANT}
{"event":"call","client":2,"id":2,"time":2,"request":{"lease_revoke":{"lease":9}}}
{"event":"return","client":1,"id":1,"time":3,"response":{"lease_grant":{"revision":1,"lease":9,"ttl":50}}}
{"event":"return","client":2,"id":2,"time":4,"response":{"lease_revoke":{"revision":1}}}
"#;
    let body = body.replace("GRANT", grant);
    let gone = time_to_live(5, -1).replace(r#""revision":2"#, r#""revision":1"#);
    assert_good(Check::LeaseNeverEarly, &(body + &gone));
}

/// Client 1 is told figures at `id` seconds.
fn status(id: u64, fields: &str) -> String {
    call(id, r#"{"status":{}}"#, &format!(r#"{{"status":{{"revision":2,{fields}}}}}"#))
}

#[test]
fn status_of_a_member() {
    let indexes = |id: u64, index: u64, applied: u64| {
        status(id, &format!(r#""raft_index":{index},"raft_applied_index":{applied}"#))
    };
    let first = put(1, "a", "v", 2) + &indexes(2, 7, 6);
    assert_good(Check::Status, &(first.clone() + &indexes(3, 7, 7)));
    assert_breaks(Check::Status, &(first.clone() + &indexes(3, 6, 6)));
    assert_breaks(Check::Status, &(first.clone() + &indexes(3, 7, 5)));
    assert_breaks(Check::Status, &(first.clone() + &indexes(3, 7, 8)));
    // What was not synced is gone after a restart.
    let restart = "{\"event\":\"restart\",\"time\":2600000000}\n";
    assert_good(Check::Status, &(first + restart + &indexes(3, 6, 6)));
    let sizes = |in_use: u64| {
        put(1, "a", "v", 2) + &status(2, &format!(r#""db_size":9,"db_size_in_use":{in_use}"#))
    };
    assert_good(Check::Status, &sizes(9));
    assert_breaks(Check::Status, &sizes(10));
}

#[test]
fn status_tells_what_is_compacted() {
    let compact = call(2, r#"{"compact":{"revision":2}}"#, r#"{"compact":{"revision":2}}"#);
    let body = |told: i64| {
        let status = status(3, &format!(r#""compact_revision":{told}"#));
        put(1, "a", "v", 2) + &compact + &status
    };
    assert_good(Check::Status, &body(2));
    assert_breaks(Check::Status, &body(-1));
    assert_breaks(Check::Status, &body(3));
}
