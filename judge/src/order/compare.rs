//! An answer as it was and as it should have been.

use braid_core::api::{OperationResponse, RangeResponse, Response, TxnResponse};
use braid_core::ids::Revision;
use braid_core::kv_list::KvList;

use crate::verdict::Check;

/// What a difference between two answers breaks; `None` when there is none. Revisions that were
/// not noted are right.
pub fn difference(noted: &Response, wanted: &Response) -> Option<Check> {
    let noted = completed(noted, wanted);
    if noted == *wanted {
        return None;
    }
    Some(match (&noted, wanted) {
        (Response::Range(noted), Response::Range(wanted)) => of_ranges(noted, wanted),
        (Response::Txn(noted), Response::Txn(wanted)) => of_txns(noted, wanted),
        (Response::DeleteRange(noted), Response::DeleteRange(wanted)) => {
            of_lists(&noted.prev_kvs, &wanted.prev_kvs)
        }
        _ => Check::Linearizable,
    })
}

fn of_ranges(noted: &RangeResponse, wanted: &RangeResponse) -> Check {
    if noted.kvs == wanted.kvs && noted.count != wanted.count {
        return Check::Counts;
    }
    of_lists(&noted.kvs, &wanted.kvs)
}

fn of_txns(noted: &TxnResponse, wanted: &TxnResponse) -> Check {
    let pairs = noted.responses.iter().zip(&wanted.responses);
    let mut different = pairs.filter(|(noted, wanted)| noted != wanted);
    match different.next() {
        Some((OperationResponse::Range(noted), OperationResponse::Range(wanted))) => {
            of_ranges(noted, wanted)
        }
        Some((OperationResponse::Txn(noted), OperationResponse::Txn(wanted))) => {
            of_txns(noted, wanted)
        }
        _ => Check::Linearizable,
    }
}

/// Same keys and values, but not the same lists: what they say about the keys is wrong.
fn of_lists(noted: &KvList, wanted: &KvList) -> Check {
    let plain = |list: &KvList| -> Vec<(Vec<u8>, Vec<u8>)> {
        list.iter().map(|kv| (kv.key.to_vec(), kv.value.to_vec())).collect()
    };
    let same_pairs = plain(noted) == plain(wanted);
    if noted != wanted && same_pairs { Check::Versions } else { Check::Linearizable }
}

/// The answer with the revisions that were not noted.
fn completed(noted: &Response, wanted: &Response) -> Response {
    let mut noted = noted.clone();
    match (&mut noted, wanted) {
        (Response::Range(noted), Response::Range(wanted)) => {
            complete(&mut noted.revision, wanted.revision);
        }
        (Response::Put(noted), Response::Put(wanted)) => {
            complete(&mut noted.revision, wanted.revision);
        }
        (Response::DeleteRange(noted), Response::DeleteRange(wanted)) => {
            complete(&mut noted.revision, wanted.revision);
        }
        (Response::Txn(noted), Response::Txn(wanted)) => complete_txn(noted, wanted),
        _ => {}
    }
    noted
}

fn complete(noted: &mut Revision, wanted: Revision) {
    if noted.0 == 0 {
        *noted = wanted;
    }
}

fn complete_txn(noted: &mut TxnResponse, wanted: &TxnResponse) {
    complete(&mut noted.revision, wanted.revision);
    for (noted, wanted) in noted.responses.iter_mut().zip(&wanted.responses) {
        match (noted, wanted) {
            (OperationResponse::Range(noted), OperationResponse::Range(wanted)) => {
                complete(&mut noted.revision, wanted.revision);
            }
            (OperationResponse::Put(noted), OperationResponse::Put(wanted)) => {
                complete(&mut noted.revision, wanted.revision);
            }
            (OperationResponse::DeleteRange(noted), OperationResponse::DeleteRange(wanted)) => {
                complete(&mut noted.revision, wanted.revision);
            }
            (OperationResponse::Txn(noted), OperationResponse::Txn(wanted)) => {
                complete_txn(noted, wanted);
            }
            _ => {}
        }
    }
}
