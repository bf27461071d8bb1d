use super::store::Store;
use super::*;
use crate::api::DeleteRangeResponse;
use crate::evaluate::delete::plan;
use crate::evaluate::{Fetched, Outcome, PlannedAction, Stop};
use crate::ids::Revision;

fn run(store: &Store, request: &DeleteRangeRequest) -> Outcome<DeleteRangeResponse> {
    let plan = plan(store, request, &Fetched::new()).unwrap();
    let current = store.state.current;
    let revision = if plan.changes() { current.next() } else { current };
    plan.execute(revision)
}

#[test]
fn keys_go_in_order_and_are_counted() {
    let store = Store::of(&[("c", "1"), ("a", "2"), ("b", "3"), ("d", "4")]);
    let outcome = run(&store, &delete("a", "d"));
    assert_eq!((outcome.response.deleted, outcome.response.revision), (3, Revision(6)));
    let gone: Vec<_> = outcome.changes.iter().map(|c| (c.sub, &c.key[..])).collect();
    assert_eq!(gone, [(0, &b"a"[..]), (1, b"b"), (2, b"c")]);
    assert!(outcome.changes.iter().all(|change| change.action == PlannedAction::Delete));
}

#[test]
fn nothing_to_delete_takes_no_revision() {
    let store = Store::of(&[("a", "1")]);
    for request in [delete("b", ""), delete("b", "z"), delete("z", "a")] {
        assert!(!plan(&store, &request, &Fetched::new()).unwrap().changes());
        let outcome = run(&store, &request);
        assert_eq!((outcome.response.revision, outcome.changes.len()), (Revision(2), 0));
    }
}

#[test]
fn previous_pairs_come_in_key_order_when_asked_for() {
    let store = Store::of(&[("b", "2"), ("a", "1")]);
    let request = DeleteRangeRequest { prev_kv: true, ..delete("a", "\0") };
    assert_eq!(values(&run(&store, &request).response.prev_kvs), ["1", "2"]);
    assert!(run(&store, &delete("a", "\0")).response.prev_kvs.is_empty());
}

#[test]
fn cold_values_matter_only_to_previous_pairs() {
    let mut store = Store::of(&[("a", "1"), ("b", "2")]);
    store.chill("a");
    store.chill("b");
    assert!(plan(&store, &delete("a", "z"), &Fetched::new()).is_ok());
    let request = DeleteRangeRequest { prev_kv: true, ..delete("a", "z") };
    let Err(Stop::Cold(missing)) = plan(&store, &request, &Fetched::new()) else { panic!() };
    assert_eq!(missing.len(), 2);
}
