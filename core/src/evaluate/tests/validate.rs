use super::*;
use crate::error::Error;
use crate::evaluate::validate::*;
use crate::ids::LeaseId;

fn txn_error(request: &TxnRequest) -> Option<Error> {
    validate_txn(request, 128).err()
}

fn nested(operations: impl Into<Vec<Operation>>) -> Operation {
    Operation::Txn(then(operations))
}

fn put_op(key: &'static str) -> Operation {
    Operation::Put(put(key, "v"))
}

fn delete_op(key: &'static str, range_end: &'static str) -> Operation {
    Operation::DeleteRange(delete(key, range_end))
}

#[test]
fn every_request_needs_a_key() {
    let missing = Err(Error::KeyNotProvided);
    assert_eq!(validate_range(&range("", "z")), missing);
    assert_eq!(validate_put(&put("", "v")), missing);
    assert_eq!(validate_delete(&delete("", "z")), missing);
    let compare = vec![compare("", 0, CompareTarget::Version(0))];
    assert_eq!(validate_txn(&TxnRequest { compare, ..TxnRequest::default() }, 128), missing);
}

#[test]
fn orders_and_targets_must_be_known() {
    for (order, target, known) in
        [(0, 0, true), (2, 4, true), (3, 0, false), (-1, 0, false), (0, 5, false), (0, -1, false)]
    {
        let request = RangeRequest { sort_order: order, sort_target: target, ..range("a", "") };
        let wanted = if known { Ok(()) } else { Err(Error::InvalidSortOption) };
        assert_eq!(validate_range(&request), wanted, "{order} {target}");
    }
}

#[test]
fn the_missing_key_is_found_before_the_order() {
    assert_eq!(
        validate_range(&RangeRequest { sort_order: 9, ..range("", "") }),
        Err(Error::KeyNotProvided)
    );
}

#[test]
fn streams_come_in_key_order_without_filters() {
    let sorted = RangeRequest { sort_order: 2, ..range("a", "z") };
    assert_eq!(validate_range_stream(&sorted), Err(Error::StreamSort));
    let filtered = RangeRequest { max_create_revision: 4, ..range("a", "z") };
    assert_eq!(validate_range_stream(&filtered), Err(Error::StreamFilter));
    let ascending = RangeRequest { sort_order: 1, ..range("a", "z") };
    assert_eq!(validate_range_stream(&ascending), Ok(()));
}

#[test]
fn a_put_cannot_both_keep_and_give() {
    let both = PutRequest { ignore_value: true, ..put("a", "v") };
    assert_eq!(validate_put(&both), Err(Error::ValueProvided));
    let lease = PutRequest { ignore_lease: true, lease: LeaseId(1), ..put("a", "v") };
    assert_eq!(validate_put(&lease), Err(Error::LeaseProvided));
    let empty = PutRequest { ignore_value: true, ..put("a", "") };
    assert_eq!(validate_put(&empty), Ok(()));
}

#[test]
fn the_widest_list_counts_against_the_limit() {
    let three = || vec![delete_op("a", "b"), delete_op("a", "b"), delete_op("a", "b")];
    assert_eq!(validate_txn(&then(three()), 3), Ok(()));
    assert_eq!(validate_txn(&then(three()), 2), Err(Error::TooManyOps));
    let failure = TxnRequest { failure: three(), ..TxnRequest::default() };
    assert_eq!(validate_txn(&failure, 2), Err(Error::TooManyOps));
    let compare = vec![compare("a", 0, CompareTarget::Version(0)); 3];
    let compares = TxnRequest { compare, ..TxnRequest::default() };
    assert_eq!(validate_txn(&compares, 2), Err(Error::TooManyOps));
}

#[test]
fn a_transaction_inside_has_what_the_outer_one_leaves() {
    let request = then([nested([put_op("a"), put_op("b")]), put_op("c")]);
    assert_eq!(validate_txn(&request, 4), Ok(()));
    assert_eq!(validate_txn(&request, 3), Err(Error::TooManyOps));
}

#[test]
fn the_limit_comes_before_the_keys_and_these_before_duplicates() {
    let request = then([put_op(""), put_op("a"), put_op("a")]);
    assert_eq!(validate_txn(&request, 2), Err(Error::TooManyOps));
    assert_eq!(txn_error(&request), Some(Error::KeyNotProvided));
}

#[test]
fn operations_in_the_branch_not_taken_are_checked_too() {
    let failure = vec![Operation::Missing];
    let request = TxnRequest { failure, ..TxnRequest::default() };
    assert_eq!(txn_error(&request), Some(Error::KeyNotFound));
}

#[test]
fn no_key_is_put_twice() {
    let duplicate = Some(Error::DuplicateKey);
    assert_eq!(txn_error(&then([put_op("a"), put_op("a")])), duplicate);
    assert_eq!(txn_error(&then([put_op("a"), nested([put_op("a")])])), duplicate);
    assert_eq!(txn_error(&then([nested([put_op("a")]), nested([put_op("a")])])), duplicate);
    assert_eq!(txn_error(&then([put_op("a"), put_op("b")])), None);
}

#[test]
fn both_branches_may_put_the_same_key() {
    let both = TxnRequest {
        success: vec![put_op("a")],
        failure: vec![put_op("a")],
        ..TxnRequest::default()
    };
    assert_eq!(txn_error(&both), None);
    assert_eq!(txn_error(&then([Operation::Txn(both)])), None);
}

#[test]
fn no_key_is_put_and_deleted_whatever_the_order() {
    let duplicate = Some(Error::DuplicateKey);
    assert_eq!(txn_error(&then([put_op("b"), delete_op("a", "c")])), duplicate);
    assert_eq!(txn_error(&then([delete_op("b", ""), put_op("b")])), duplicate);
    assert_eq!(txn_error(&then([nested([put_op("b")]), delete_op("b", "")])), duplicate);
    assert_eq!(txn_error(&then([nested([delete_op("b", "")]), put_op("b")])), duplicate);
    assert_eq!(txn_error(&then([nested([delete_op("b", "")]), nested([put_op("b")])])), duplicate);
    assert_eq!(txn_error(&then([put_op("c"), delete_op("a", "c")])), None);
    assert_eq!(txn_error(&then([put_op("b"), delete_op("c", "a")])), None);
}

#[test]
fn what_etcd_does_not_notice_is_allowed() {
    let later_delete = then([nested([put_op("a")]), nested([delete_op("a", "")])]);
    assert_eq!(txn_error(&later_delete), None);
    let without_end = then([delete_op("a", "\0"), put_op("b")]);
    assert_eq!(txn_error(&without_end), None);
}

#[test]
fn deletes_may_overlap() {
    let request = then([delete_op("a", "m"), delete_op("c", "z"), delete_op("b", ""), put_op("z")]);
    assert_eq!(txn_error(&request), None);
    let request =
        then([delete_op("c", "f"), delete_op("a", "d"), delete_op("e", "g"), put_op("f")]);
    assert_eq!(txn_error(&request), Some(Error::DuplicateKey));
}
