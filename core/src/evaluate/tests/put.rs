use super::store::Store;
use super::*;
use crate::api::PutResponse;
use crate::error::Error;
use crate::evaluate::put::plan;
use crate::evaluate::{Fetched, Outcome, PlannedAction, PlannedChange, Stop};
use crate::ids::{LeaseId, Revision};

const LEASES: &dyn Fn(LeaseId) -> bool = &|lease| lease == LeaseId(7);

fn run(store: &Store, request: &PutRequest) -> Result<Outcome<PutResponse>, Stop> {
    let plan = plan(store, request, LEASES, &Fetched::new())?;
    Ok(plan.execute(store.state.current.next()))
}

fn version(create: u64, version: u64, lease: i64, value: &'static str) -> Vec<PlannedChange> {
    let action = PlannedAction::Put {
        create_revision: Revision(create),
        version,
        lease: LeaseId(lease),
        value: Bytes::from(value),
    };
    vec![PlannedChange { sub: 0, key: Bytes::from("a"), action }]
}

#[test]
fn a_new_key_begins_at_version_1() {
    let outcome = run(&Store::new(), &put("a", "v")).unwrap();
    assert_eq!(outcome.changes, version(2, 1, 0, "v"));
    assert_eq!(outcome.response, PutResponse { revision: Revision(2), prev_kv: None });
}

#[test]
fn an_identical_put_is_a_new_version() {
    let store = Store::of(&[("a", "v")]);
    assert_eq!(run(&store, &put("a", "v")).unwrap().changes, version(2, 2, 0, "v"));
}

#[test]
fn a_deleted_key_begins_anew() {
    let mut store = Store::of(&[("a", "v"), ("a", "w")]);
    store.delete("a");
    assert_eq!(run(&store, &put("a", "x")).unwrap().changes, version(5, 1, 0, "x"));
}

#[test]
fn a_put_without_lease_detaches_and_ignore_lease_keeps() {
    let mut store = Store::new();
    store.put("a", "v", 7);
    assert_eq!(run(&store, &put("a", "w")).unwrap().changes, version(2, 2, 0, "w"));
    let keep = PutRequest { ignore_lease: true, ..put("a", "w") };
    assert_eq!(run(&store, &keep).unwrap().changes, version(2, 2, 7, "w"));
}

#[test]
fn ignore_value_keeps_the_value_and_may_change_the_lease() {
    let store = Store::of(&[("a", "v")]);
    let request = PutRequest { ignore_value: true, lease: LeaseId(7), ..put("a", "") };
    assert_eq!(run(&store, &request).unwrap().changes, version(2, 2, 7, "v"));
}

#[test]
fn a_missing_lease_is_noticed_before_a_missing_key() {
    let store = Store::new();
    let unknown = PutRequest { lease: LeaseId(8), ignore_value: true, ..put("a", "") };
    assert_eq!(run(&store, &unknown), Err(Stop::Error(Error::LeaseNotFound)));
    let known = PutRequest { lease: LeaseId(7), ..unknown };
    assert_eq!(run(&store, &known), Err(Stop::Error(Error::KeyNotFound)));
    let ignore_lease = PutRequest { ignore_lease: true, ..put("a", "v") };
    assert_eq!(run(&store, &ignore_lease), Err(Stop::Error(Error::KeyNotFound)));
}

#[test]
fn the_previous_pair_comes_whole() {
    let mut store = Store::of(&[("a", "v")]);
    store.put("a", "w", 7);
    let request = PutRequest { prev_kv: true, ..put("a", "x") };
    let previous = run(&store, &request).unwrap().response.prev_kv.unwrap();
    let pair = previous.get(0);
    assert_eq!((pair.key, pair.value, pair.meta.version), (&b"a"[..], &b"w"[..], 2));
    assert_eq!((pair.meta.mod_revision, pair.meta.lease), (Revision(3), LeaseId(7)));
}

#[test]
fn a_put_looks_its_key_up_once_and_needs_no_cold_value() {
    let mut store = Store::of(&[("a", "v")]);
    store.chill("a");
    store.gets.set(0);
    run(&store, &put("a", "w")).unwrap();
    assert_eq!(store.gets.get(), 1);
}

#[test]
fn a_cold_value_is_fetched_when_it_is_kept_or_shown() {
    let mut store = Store::of(&[("a", "v")]);
    store.chill("a");
    let keep = PutRequest { ignore_value: true, ..put("a", "") };
    let show = PutRequest { prev_kv: true, ..put("a", "w") };
    for request in [keep, show] {
        let Err(Stop::Cold(missing)) = run(&store, &request) else { panic!("{request:?}") };
        let fetched = store.fetch(&missing);
        assert!(plan(&store, &request, LEASES, &fetched).is_ok());
    }
}
