use super::*;
use crate::evaluate::cost;
use crate::evaluate::footprint::*;
use crate::ids::LeaseId;
use crate::interval::Interval;

#[test]
fn all_branches_and_compares_count_once() {
    let inner = TxnRequest {
        compare: vec![compare("n", 0, CompareTarget::Version(0))],
        success: vec![Operation::Put(put("x", "v"))],
        failure: vec![Operation::DeleteRange(delete("p", "q"))],
    };
    let request = TxnRequest {
        compare: vec![Compare {
            range_end: Bytes::from("\0"),
            ..compare("c", 0, CompareTarget::Unknown)
        }],
        success: vec![Operation::Range(range("x", "")), Operation::Txn(inner)],
        failure: vec![Operation::Range(range("z", "a")), Operation::DeleteRange(delete("d", ""))],
    };
    let footprint = keys_and_intervals(&request);
    assert_eq!(footprint.keys, ["d", "n", "x"].map(Bytes::from));
    let interval =
        |key: &'static str, end: &'static str| Interval::new(Bytes::from(key), Bytes::from(end));
    assert_eq!(footprint.intervals, [interval("c", "\0"), interval("p", "q")]);
}

#[test]
fn leases_of_all_puts_are_named_once() {
    let with = |lease| Operation::Put(PutRequest { lease: LeaseId(lease), ..put("a", "v") });
    let inner = TxnRequest { failure: vec![with(3), with(-1)], ..TxnRequest::default() };
    let request = TxnRequest {
        success: vec![with(3), with(0)],
        failure: vec![Operation::Txn(inner)],
        ..TxnRequest::default()
    };
    assert_eq!(leases_named(&request), [LeaseId(-1), LeaseId(3)]);
}

#[test]
fn a_transaction_inside_makes_a_write_and_none_at_all_a_serializable_read() {
    assert!(is_read_only(&then([Operation::Range(range("a", ""))])));
    assert!(!is_read_only(&then([Operation::Txn(TxnRequest::default())])));
    assert!(!is_serializable(&then([Operation::Range(range("a", ""))])));
    let relaxed = RangeRequest { serializable: true, ..range("a", "") };
    assert!(is_serializable(&then([Operation::Range(relaxed)])));
    let nothing = TxnRequest::default();
    assert!(is_read_only(&nothing) && is_serializable(&nothing));
}

#[test]
fn the_dearer_branch_is_the_cost() {
    assert_eq!(cost::put(&put("key", "value")), 256 + 8);
    let inner = then([Operation::Put(put("a", "v")), Operation::Put(put("b", "v"))]);
    let request = TxnRequest {
        success: vec![Operation::Put(put("a", "v"))],
        failure: vec![Operation::Txn(inner), Operation::DeleteRange(delete("c", ""))],
        ..TxnRequest::default()
    };
    assert_eq!(cost::txn(&request), 2 * 258);
    assert_eq!(cost::txn(&then([Operation::DeleteRange(delete("a", "z"))])), 0);
}
