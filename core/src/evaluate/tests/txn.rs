use super::store::Store;
use super::*;
use crate::api::{OperationResponse, TxnResponse};
use crate::error::Error;
use crate::evaluate::txn::plan;
use crate::evaluate::{Fetched, Outcome, Plan, PlannedAction, Stop};
use crate::ids::{LeaseId, Revision};

const LEASES: &dyn Fn(LeaseId) -> bool = &|lease| lease == LeaseId(7);

/// What a transaction did that changed something.
fn write(store: &Store, request: &TxnRequest) -> Outcome<TxnResponse> {
    match plan(store, request, &store.state, LEASES, &Fetched::new()) {
        Ok(Plan::Write(write)) => write.execute(store, store.state.current.next()),
        other => panic!("{other:?}"),
    }
}

/// What a transaction answered that changed nothing.
fn answer(store: &Store, request: &TxnRequest) -> TxnResponse {
    match plan(store, request, &store.state, LEASES, &Fetched::new()) {
        Ok(Plan::Answer(response)) => response,
        other => panic!("{other:?}"),
    }
}

fn stop(store: &Store, request: &TxnRequest) -> Stop {
    plan(store, request, &store.state, LEASES, &Fetched::new()).unwrap_err()
}

fn put_op(key: &'static str, value: &'static str) -> Operation {
    Operation::Put(put(key, value))
}

fn range_op(key: &'static str, range_end: &'static str) -> Operation {
    Operation::Range(range(key, range_end))
}

fn delete_op(key: &'static str, range_end: &'static str) -> Operation {
    Operation::DeleteRange(delete(key, range_end))
}

fn revision(response: &OperationResponse) -> u64 {
    match response {
        OperationResponse::Range(range) => range.revision.0,
        OperationResponse::Put(put) => put.revision.0,
        OperationResponse::DeleteRange(delete) => delete.revision.0,
        OperationResponse::Txn(txn) => txn.revision.0,
    }
}

fn found(response: &OperationResponse) -> Vec<&str> {
    match response {
        OperationResponse::Range(range) => keys(&range.kvs),
        other => panic!("{other:?}"),
    }
}

fn holds(store: &Store, compare: Compare) -> bool {
    answer(store, &TxnRequest { compare: vec![compare], ..TxnRequest::default() }).succeeded
}

#[test]
fn compares_of_every_target_and_result() {
    let mut store = Store::of(&[("a", "m"), ("a", "m")]);
    store.put("a", "m", 7);
    let targets: [fn(i64) -> CompareTarget; 4] =
        [CompareTarget::Version, CompareTarget::Create, CompareTarget::Mod, CompareTarget::Lease];
    for (target, have) in targets.into_iter().zip([3, 2, 4, 7]) {
        let results = |wanted| [0, 1, 2, 3].map(|r| holds(&store, compare("a", r, target(wanted))));
        assert_eq!(results(have), [true, false, false, false]);
        assert_eq!(results(have - 1), [false, true, false, true]);
        assert_eq!(results(have + 1), [false, false, true, true]);
        assert_eq!(results(i64::MIN), [false, true, false, true]);
    }
    let value = |r, value| holds(&store, compare("a", r, CompareTarget::Value(Bytes::from(value))));
    assert!(value(0, "m") && value(1, "l") && value(2, "mm") && value(3, ""));
}

#[test]
fn a_missing_key_has_numbers_but_no_value() {
    let store = Store::new();
    assert!(holds(&store, compare("a", 0, CompareTarget::Mod(0))));
    assert!(holds(&store, compare("a", 2, CompareTarget::Version(1))));
    for result in 0..=4 {
        let value = CompareTarget::Value(Bytes::new());
        assert!(!holds(&store, compare("a", result, value)), "result {result}");
    }
}

#[test]
fn unknown_results_hold_and_unknown_targets_are_equal() {
    let store = Store::of(&[("a", "v")]);
    assert!(holds(&store, compare("a", 4, CompareTarget::Version(9))));
    let unknown = [0, 1, 2, 3].map(|r| holds(&store, compare("a", r, CompareTarget::Unknown)));
    assert_eq!(unknown, [true, false, false, false]);
}

#[test]
fn every_key_of_an_interval_must_satisfy_a_compare() {
    let store = Store::of(&[("a", "v"), ("b", "v"), ("b", "w")]);
    let over = |end: &'static str, target| Compare {
        range_end: Bytes::from(end),
        ..compare("a", 0, target)
    };
    assert!(holds(&store, over("b", CompareTarget::Version(1))));
    assert!(!holds(&store, over("c", CompareTarget::Version(1))));
    assert!(!holds(&store, over("\0", CompareTarget::Value(Bytes::from("v")))));
    assert!(holds(&store, over("0", CompareTarget::Version(0))), "an empty interval compares as 0");
}

#[test]
fn a_transaction_that_changes_nothing_takes_no_revision() {
    let store = Store::of(&[("a", "v")]);
    let failing = TxnRequest {
        compare: vec![compare("a", 0, CompareTarget::Version(9))],
        success: vec![put_op("a", "w")],
        failure: vec![range_op("a", ""), delete_op("b", "z")],
    };
    let response = answer(&store, &failing);
    assert_eq!((response.succeeded, response.revision), (false, Revision(2)));
    assert_eq!(response.responses.iter().map(revision).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(answer(&store, &TxnRequest::default()).revision, Revision(2));
}

#[test]
fn headers_show_the_revision_at_their_moment() {
    let store = Store::of(&[("a", "v")]);
    let inner = then([range_op("a", "")]);
    let request = then([
        range_op("a", ""),
        delete_op("x", ""),
        put_op("b", "v"),
        range_op("a", ""),
        delete_op("x", ""),
        Operation::Txn(inner),
    ]);
    let response = write(&store, &request).response;
    assert_eq!(response.revision, Revision(3));
    assert_eq!(response.responses.iter().map(revision).collect::<Vec<_>>(), [2, 2, 3, 3, 3, 0]);
    let OperationResponse::Txn(inner) = &response.responses[5] else { panic!() };
    assert_eq!(revision(&inner.responses[0]), 3);
}

#[test]
fn the_revision_taken_may_lie_beyond_the_next_one() {
    let store = Store::of(&[("a", "v")]);
    let request = then([range_op("a", ""), put_op("b", "v"), range_op("b", "")]);
    let fetched = Fetched::new();
    let planned = plan(&store, &request, &store.state, LEASES, &fetched);
    let Ok(Plan::Write(planned)) = planned else { panic!() };
    let outcome = planned.execute(&store, Revision(9));
    assert_eq!(outcome.response.responses.iter().map(revision).collect::<Vec<_>>(), [8, 9, 9]);
    let OperationResponse::Range(after) = &outcome.response.responses[2] else { panic!() };
    assert_eq!(after.kvs.get(0).meta.create_revision, Revision(9));
}

#[test]
fn later_operations_see_earlier_ones_but_compares_see_none() {
    let store = Store::of(&[("a", "v"), ("b", "v")]);
    let untouched = vec![compare("a", 0, CompareTarget::Version(1))];
    let inner = TxnRequest { compare: untouched, ..then([range_op("\0", "\0")]) };
    let request =
        then([put_op("c", "v"), delete_op("a", ""), range_op("\0", "\0"), Operation::Txn(inner)]);
    let response = write(&store, &request).response;
    assert_eq!(found(&response.responses[2]), ["b", "c"]);
    let OperationResponse::Txn(inner) = &response.responses[3] else { panic!() };
    assert!(inner.succeeded);
    assert_eq!(found(&inner.responses[0]), ["b", "c"]);
}

#[test]
fn changes_are_numbered_in_order_through_all_levels() {
    let store = Store::of(&[("p", "v"), ("q", "v")]);
    let inner = then([put_op("m", "v"), delete_op("p", "r")]);
    let outcome = write(&store, &then([put_op("z", "v"), Operation::Txn(inner), put_op("a", "v")]));
    let changes: Vec<_> =
        outcome.changes.iter().map(|c| (c.sub, c.key[0] as char, is_put(&c.action))).collect();
    let wanted = [(0, 'z', true), (1, 'm', true), (2, 'p', false), (3, 'q', false), (4, 'a', true)];
    assert_eq!(changes, wanted);
}

fn is_put(action: &PlannedAction) -> bool {
    matches!(action, PlannedAction::Put { .. })
}

#[test]
fn a_range_at_a_revision_reads_history() {
    let store = Store::of(&[("a", "v"), ("b", "v")]);
    let past = Operation::Range(RangeRequest { revision: 2, ..range("a", "z") });
    let response = write(&store, &then([delete_op("a", ""), past])).response;
    assert_eq!(found(&response.responses[1]), ["a"]);
    assert_eq!(revision(&response.responses[1]), 4);
}

#[test]
fn a_revision_of_the_transaction_itself_is_in_the_future() {
    let store = Store::of(&[("a", "v")]);
    let future = Operation::Range(RangeRequest { revision: 3, ..range("a", "") });
    let refused = stop(&store, &then([put_op("b", "v"), future]));
    assert_eq!(refused, Stop::Error(Error::FutureRevision));
}

#[test]
fn compacted_and_negative_revisions_are_refused() {
    let mut store = Store::of(&[("a", "v"), ("a", "v"), ("a", "v")]);
    let at = |revision| then([Operation::Range(RangeRequest { revision, ..range("a", "") })]);
    assert_eq!(answer(&store, &at(-1)).responses.len(), 1, "nothing was compacted yet");
    assert_eq!(stop(&store, &at(-2)), Stop::Error(Error::Compacted));
    store.state.compacted = 3;
    assert_eq!(stop(&store, &at(2)), Stop::Error(Error::Compacted));
    assert_eq!(stop(&store, &at(-1)), Stop::Error(Error::Compacted));
    assert_eq!(answer(&store, &at(3)).responses.len(), 1);
}

#[test]
fn only_the_chosen_path_is_checked_and_in_its_order() {
    let store = Store::of(&[("a", "v")]);
    let future = Operation::Range(RangeRequest { revision: 9, ..range("a", "") });
    let no_lease = Operation::Put(PutRequest { lease: LeaseId(8), ..put("b", "v") });
    let no_key = Operation::Put(PutRequest { ignore_value: true, ..put("c", "") });
    let unchosen = TxnRequest { failure: vec![no_lease.clone()], ..then([]) };
    assert!(answer(&store, &unchosen).succeeded);
    let inner = Operation::Txn(then([no_lease.clone()]));
    let refused = |operations: Vec<Operation>| stop(&store, &then(operations));
    assert_eq!(refused(vec![inner, future.clone()]), Stop::Error(Error::LeaseNotFound));
    assert_eq!(refused(vec![future, no_lease]), Stop::Error(Error::FutureRevision));
    assert_eq!(refused(vec![no_key]), Stop::Error(Error::KeyNotFound));
}

#[test]
fn a_key_may_change_twice_where_etcd_lets_it() {
    let store = Store::of(&[("b", "v"), ("b", "v")]);
    let gone = then([delete_op("a", "\0"), put_op("b", "w")]);
    let outcome = write(&store, &gone);
    assert_eq!(outcome.changes.len(), 2);
    let PlannedAction::Put { create_revision, version, .. } = outcome.changes[1].action else {
        panic!()
    };
    assert_eq!((create_revision, version), (Revision(4), 1));
}

#[test]
fn keeping_a_value_that_the_transaction_deleted_is_refused() {
    // etcd itself does not survive this one.
    let store = Store::of(&[("b", "v")]);
    let keep = Operation::Put(PutRequest { ignore_value: true, ..put("b", "") });
    let refused = stop(&store, &then([delete_op("a", "\0"), keep]));
    assert_eq!(refused, Stop::Error(Error::KeyNotFound));
}

#[test]
fn filters_in_a_write_go_by_the_revision_it_gets() {
    let mut store = Store::of(&[("a", "1"), ("b", "2")]);
    store.chill("b");
    // At revision 4 the new key passes and takes the limit; at revision 9 it does not.
    let limited = RangeRequest { max_mod_revision: 5, limit: 2, ..range("a", "z") };
    let request = then([put_op("aa", "3"), Operation::Range(limited)]);
    let Stop::Cold(missing) = stop(&store, &request) else { panic!("b must be fetched") };
    let fetched = store.fetch(&missing);
    let Ok(Plan::Write(planned)) = plan(&store, &request, &store.state, LEASES, &fetched) else {
        panic!()
    };
    let asked = |revision| planned.execute(&store, Revision(revision)).response.responses;
    assert_eq!(found(&asked(4)[1]), ["a", "aa"]);
    assert_eq!(found(&asked(9)[1]), ["a", "b"]);
}

#[test]
fn cold_values_of_all_operations_are_asked_for_at_once() {
    let mut store = Store::of(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
    ["a", "b", "c", "d"].into_iter().for_each(|key| store.chill(key));
    let keep = Operation::Put(PutRequest { ignore_value: true, ..put("a", "") });
    let show = Operation::DeleteRange(DeleteRangeRequest { prev_kv: true, ..delete("b", "") });
    let request = then([keep, show, range_op("a", "d")]);
    let Stop::Cold(missing) = stop(&store, &request) else { panic!() };
    let mut locations: Vec<_> = missing.iter().map(|cold| cold.location.offset).collect();
    locations.dedup();
    assert_eq!(locations, [0, 1, 2]);
    let fetched = store.fetch(&missing);
    assert!(plan(&store, &request, &store.state, LEASES, &fetched).is_ok());
}

#[test]
fn a_compare_that_fails_anyway_needs_no_cold_value() {
    let mut store = Store::of(&[("a", "1")]);
    store.chill("a");
    let value = compare("a", 0, CompareTarget::Value(Bytes::from("1")));
    let never = compare("a", 0, CompareTarget::Version(9));
    let request = TxnRequest { compare: vec![value.clone(), never], ..TxnRequest::default() };
    assert!(!answer(&store, &request).succeeded);
    let request = TxnRequest { compare: vec![value], ..TxnRequest::default() };
    let Stop::Cold(missing) = stop(&store, &request) else { panic!() };
    let fetched = store.fetch(&missing);
    let planned = plan(&store, &request, &store.state, LEASES, &fetched);
    let Ok(Plan::Answer(response)) = planned else { panic!() };
    assert!(response.succeeded);
}
