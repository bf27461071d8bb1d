use super::store::Store;
use super::*;
use crate::api::RangeResponse;
use crate::error::Error;
use crate::evaluate::{Fetched, Snapshot, Stop, range as evaluate};
use crate::ids::{LeaseId, Revision};

fn ask(store: &Store, request: &RangeRequest) -> Result<RangeResponse, Stop> {
    evaluate(store, request, Snapshot::Newest, &store.state, &Fetched::new())
}

fn get(store: &Store, request: &RangeRequest) -> RangeResponse {
    ask(store, request).unwrap()
}

fn five() -> Store {
    Store::of(&[("a", "5"), ("b", "4"), ("c", "3"), ("d", "2"), ("e", "1")])
}

#[test]
fn the_shapes_of_intervals() {
    let store = five();
    let asked = |key, end| get(&store, &range(key, end)).count;
    let counts = [asked("b", ""), asked("b", "d"), asked("c", "\0"), asked("\0", "\0")];
    assert_eq!(counts, [1, 2, 3, 5]);
    assert_eq!([asked("d", "b"), asked("b", "b"), asked("x", "")], [0, 0, 0]);
}

#[test]
fn the_header_shows_the_current_revision_whatever_was_asked_for() {
    let response = get(&five(), &RangeRequest { revision: 3, ..range("a", "z") });
    assert_eq!((response.revision, keys(&response.kvs)), (Revision(6), vec!["a", "b"]));
}

#[test]
fn revisions_beyond_either_end_are_refused() {
    let mut store = five();
    store.state.compacted = 4;
    let at = |revision| ask(&store, &RangeRequest { revision, ..range("a", "") });
    assert_eq!(at(7), Err(Stop::Error(Error::FutureRevision)));
    assert_eq!(at(3), Err(Stop::Error(Error::Compacted)));
    assert!(at(4).is_ok() && at(6).is_ok() && at(0).is_ok());
    assert!(at(-1).is_ok(), "outside of transactions a negative revision means the latest");
}

#[test]
fn a_snapshot_hides_what_is_newer() {
    let store = five();
    let request = range("a", "z");
    let state =
        crate::evaluate::State { current: Revision(4), readable: Revision(4), compacted: -1 };
    let snapshot = Snapshot::At(Revision(4));
    let response = evaluate(&store, &request, snapshot, &state, &Fetched::new()).unwrap();
    assert_eq!((response.revision, response.count), (Revision(4), 3));
}

#[test]
fn a_limit_cuts_but_does_not_count() {
    let store = five();
    let limited = |limit| get(&store, &RangeRequest { limit, ..range("a", "z") });
    let response = limited(2);
    assert_eq!(keys(&response.kvs), ["a", "b"]);
    assert_eq!((response.more, response.count), (true, 5));
    assert_eq!((limited(5).more, limited(5).kvs.len()), (false, 5));
    assert_eq!(limited(-1).kvs.len(), 5);
    assert_eq!(limited(i64::MAX).kvs.len(), 5);
}

#[test]
fn keys_beyond_the_limit_are_not_touched() {
    let store = five();
    get(&store, &RangeRequest { limit: 1, ..range("a", "z") });
    assert!(store.visited.get() <= 2, "{} keys were touched", store.visited.get());
    get(&store, &RangeRequest { count_only: true, ..range("a", "z") });
    assert!(store.visited.get() <= 2, "counting touched keys");
}

#[test]
fn count_only_beats_keys_only_and_filters() {
    let request =
        RangeRequest { count_only: true, keys_only: true, min_mod_revision: 5, ..range("a", "z") };
    let response = get(&five(), &request);
    assert_eq!((response.count, response.kvs.len(), response.more), (5, 0, false));
}

#[test]
fn keys_only_has_no_values_and_no_leases() {
    let mut store = five();
    store.put("a", "v", 7);
    let request = RangeRequest { keys_only: true, ..range("a", "c") };
    let response = get(&store, &request);
    assert_eq!(values(&response.kvs), ["", ""]);
    let meta = response.kvs.get(0).meta;
    assert_eq!((meta.lease, meta.version, meta.mod_revision), (LeaseId(0), 2, Revision(7)));
    let by_value = RangeRequest { sort_target: 4, sort_order: 1, ..request };
    let response = get(&store, &by_value);
    assert_eq!((keys(&response.kvs), values(&response.kvs)), (vec!["b", "a"], vec!["", ""]));
    assert_eq!(response.kvs.get(1).meta.lease, LeaseId(7), "sorting by value reads the pairs");
}

#[test]
fn sorted_by_every_target_both_ways() {
    let mut store = Store::of(&[("a", "2"), ("b", "3"), ("c", "1")]);
    store.put("a", "2", 0);
    store.delete("b");
    store.put("b", "3", 0);
    let sorted = |sort_target, sort_order| {
        let request = RangeRequest { sort_target, sort_order, ..range("a", "z") };
        keys(&get(&store, &request).kvs).concat()
    };
    let targets = [0, 1, 2, 3, 4];
    assert_eq!(targets.map(|target| sorted(target, 1)), ["abc", "bca", "acb", "cab", "cab"]);
    assert_eq!(targets.map(|target| sorted(target, 2)), ["cba", "abc", "bca", "bac", "bac"]);
}

#[test]
fn an_explicit_order_sorts_before_the_limit_cuts() {
    let request = RangeRequest { sort_order: 1, sort_target: 4, limit: 2, ..range("a", "z") };
    let response = get(&five(), &request);
    assert_eq!(keys(&response.kvs), ["e", "d"]);
    assert_eq!((response.more, response.count), (true, 5));
}

#[test]
fn a_target_without_order_sorts_what_the_limit_left_and_one_more() {
    let request = RangeRequest { sort_target: 4, limit: 2, ..range("a", "z") };
    let response = get(&five(), &request);
    assert_eq!(keys(&response.kvs), ["c", "b"]);
    assert!(response.more);
}

#[test]
fn filters_leave_out_but_do_not_count() {
    let mut store = five();
    store.put("a", "v", 0);
    let filtered = |request: RangeRequest| {
        let response = get(&store, &request);
        assert_eq!(response.count, 5);
        keys(&response.kvs).concat()
    };
    assert_eq!(filtered(RangeRequest { min_mod_revision: 5, ..range("a", "z") }), "ade");
    assert_eq!(filtered(RangeRequest { max_mod_revision: 5, ..range("a", "z") }), "bcd");
    assert_eq!(filtered(RangeRequest { min_create_revision: 5, ..range("a", "z") }), "de");
    assert_eq!(filtered(RangeRequest { max_create_revision: 3, ..range("a", "z") }), "ab");
    let crossed = RangeRequest { min_mod_revision: 6, max_mod_revision: 3, ..range("a", "z") };
    assert_eq!(filtered(crossed), "");
}

#[test]
fn the_limit_applies_to_what_passes_the_filters() {
    let store = five();
    let request = RangeRequest { min_mod_revision: 4, limit: 2, ..range("a", "z") };
    let response = get(&store, &request);
    assert_eq!((keys(&response.kvs), response.more), (vec!["c", "d"], true));
    let response = get(&store, &RangeRequest { limit: 3, ..request });
    assert_eq!((keys(&response.kvs), response.more), (vec!["c", "d", "e"], false));
}

#[test]
fn all_cold_values_are_asked_for_at_once_and_only_those_needed() {
    let mut store = five();
    ["a", "c", "d", "e"].into_iter().for_each(|key| store.chill(key));
    let request = RangeRequest { limit: 3, ..range("a", "z") };
    let Err(Stop::Cold(missing)) = ask(&store, &request) else { panic!("nothing was missing") };
    assert_eq!(missing.len(), 2);
    let fetched = store.fetch(&missing);
    let response = evaluate(&store, &request, Snapshot::Newest, &store.state, &fetched).unwrap();
    assert_eq!(values(&response.kvs), ["5", "4", "3"]);
    assert!(ask(&store, &RangeRequest { keys_only: true, ..request.clone() }).is_ok());
    assert!(ask(&store, &RangeRequest { count_only: true, ..request }).is_ok());
}

#[test]
fn sorting_by_value_needs_all_of_them_and_by_anything_else_only_the_answer() {
    let mut store = five();
    ["a", "b", "c", "d", "e"].into_iter().for_each(|key| store.chill(key));
    let missing = |sort_target| {
        let request = RangeRequest { sort_order: 2, sort_target, limit: 1, ..range("a", "z") };
        match ask(&store, &request) {
            Err(Stop::Cold(missing)) => missing.len(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([missing(4), missing(3), missing(0)], [5, 1, 1]);
}

#[test]
fn an_empty_value_is_never_cold() {
    let mut store = Store::of(&[("a", "")]);
    store.chill("a");
    assert_eq!(values(&get(&store, &range("a", "")).kvs), [""]);
}
