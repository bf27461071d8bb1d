//! Answers about keys, spoilt.

use std::collections::BTreeMap;

use braid_core::error::Error;
use braid_judge::model::random::Random;
use braid_judge::wire::{Kv, Line, Request, Response};

use super::pick;

/// The revision that an answer says was written.
pub fn written(response: &Response) -> Option<u64> {
    let response = response.clone();
    let changes = match &response {
        Response::Put(_) => true,
        Response::Delete(delete) => delete.deleted > 0,
        Response::Txn(txn) => serde_json::to_string(txn)
            .is_ok_and(|text| text.contains("\"put\"") || text.contains("\"deleted\"")),
        _ => false,
    };
    changes.then(|| revision(&response))
}

fn revision(response: &Response) -> u64 {
    match response {
        Response::Range(range) => range.revision,
        Response::Put(put) => put.revision,
        Response::Delete(delete) => delete.revision,
        Response::Txn(txn) => txn.revision,
        _ => 0,
    }
}

fn answer(lines: &mut [Line], place: usize) -> &mut Response {
    match &mut lines[place] {
        Line::Return { response: Some(response), .. } => response,
        other => panic!("{other:?}"),
    }
}

/// An answer for which `is` holds.
fn answered(lines: &[Line], random: &mut Random, is: impl Fn(&Response) -> bool) -> Option<usize> {
    pick(lines, random, |place, line| match line {
        Line::Return { response: Some(response), .. } if is(response) => Some(place),
        _ => None,
    })
}

pub fn change_count(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let is = |response: &Response| matches!(response, Response::Range(_));
    let Some(place) = answered(lines, random, is) else { return false };
    if let Response::Range(range) = answer(lines, place) {
        range.count += 1;
    }
    true
}

/// Changes a pair of a range.
fn change_pairs(lines: &mut [Line], random: &mut Random, change: fn(&mut Vec<Kv>)) -> bool {
    let is =
        |response: &Response| matches!(response, Response::Range(range) if !range.kvs.is_empty());
    let Some(place) = answered(lines, random, is) else { return false };
    if let Response::Range(range) = answer(lines, place) {
        change(&mut range.kvs);
    }
    true
}

pub fn drop_pair(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    change_pairs(lines, random, |kvs| drop(kvs.pop()))
}

pub fn change_value(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    change_pairs(lines, random, |kvs| kvs[0].value.0 = "a value that nobody wrote".into())
}

pub fn change_version(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    change_pairs(lines, random, |kvs| kvs[0].version += 1)
}

pub fn change_create_revision(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    change_pairs(lines, random, |kvs| kvs[0].create_revision += 1)
}

/// A read of the newest state shows the one before.
pub fn stale_read(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let mut seen = BTreeMap::new();
    let mut highest = 0;
    for line in lines.iter() {
        match line {
            Line::Call { id, request: Request::Range(range), .. } if !range.serializable => {
                seen.insert(*id, highest);
            }
            Line::Return { response: Some(response), .. } => {
                highest = highest.max(revision(response))
            }
            _ => {}
        }
    }
    let place = pick(lines, random, |place, line| match line {
        Line::Return { id, response: Some(Response::Range(_)), .. } => {
            seen.get(id).filter(|seen| **seen > 1).map(|seen| (place, *seen))
        }
        _ => None,
    });
    let Some((place, seen)) = place else { return false };
    if let Response::Range(range) = answer(lines, place) {
        range.revision = seen - 1;
    }
    true
}

pub fn change_branch(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let is = |response: &Response| matches!(response, Response::Txn(_));
    let Some(place) = answered(lines, random, is) else { return false };
    if let Response::Txn(txn) = answer(lines, place) {
        txn.succeeded = !txn.succeeded;
    }
    true
}

/// The header of an answer to a put, which nothing else in the answer depends on.
fn put_revision(lines: &mut [Line], place: usize) -> &mut u64 {
    match answer(lines, place) {
        Response::Put(put) => &mut put.revision,
        other => panic!("{other:?}"),
    }
}

fn a_put(lines: &[Line], random: &mut Random) -> Option<usize> {
    answered(lines, random, |response| matches!(response, Response::Put(_)))
}

pub fn swap_revisions(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let (Some(first), Some(second)) = (a_put(lines, random), a_put(lines, random)) else {
        return false;
    };
    if first == second {
        return false;
    }
    let revision = *put_revision(lines, first);
    let other = std::mem::replace(put_revision(lines, second), revision);
    *put_revision(lines, first) = other;
    true
}

pub fn skip_revision(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let Some(place) = a_put(lines, random) else { return false };
    *put_revision(lines, place) += 100_000;
    true
}

pub fn share_revision(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let (Some(first), Some(second)) = (a_put(lines, random), a_put(lines, random)) else {
        return false;
    };
    let revision = *put_revision(lines, first);
    *put_revision(lines, second) = revision;
    first != second
}

pub fn change_deleted(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let is =
        |response: &Response| matches!(response, Response::Delete(delete) if delete.deleted > 0);
    let Some(place) = answered(lines, random, is) else { return false };
    if let Response::Delete(delete) = answer(lines, place) {
        delete.deleted += 1;
    }
    true
}

/// Call and answer of a write vanish: its revision is nobody's, unless a lost write fits.
pub fn forget_write(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let Some(place) = a_put(lines, random) else { return false };
    let Line::Return { id, .. } = lines.remove(place) else { return false };
    lines.retain(|line| !matches!(line, Line::Call { id: of, .. } if *of == id));
    true
}

pub fn change_refusal(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let place = pick(lines, random, |place, line| {
        matches!(line, Line::Return { error: Some(_), .. }).then_some(place)
    });
    let Some(place) = place else { return false };
    if let Line::Return { error: Some(error), .. } = &mut lines[place] {
        let other = if *error == Error::DuplicateKey.to_string() {
            Error::TooManyOps
        } else {
            Error::DuplicateKey
        };
        *error = other.to_string();
    }
    true
}
