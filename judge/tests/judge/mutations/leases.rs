//! Leases, spoilt. Those of the made-up server live for two seconds.

use braid_judge::model::random::Random;
use braid_judge::wire::{Line, Request, Response};

use super::pick;

/// Grants of short leases: the line of the answer, the lease and its time.
fn grant(lines: &[Line], random: &mut Random) -> Option<(usize, i64, u64)> {
    pick(lines, random, |place, line| match line {
        Line::Return { time, response: Some(Response::LeaseGrant(grant)), .. }
            if grant.ttl == 2 =>
        {
            Some((place, grant.lease, *time))
        }
        _ => None,
    })
}

/// Client 50 asks for the time of a lease and is told this.
fn ask(lines: &mut Vec<Line>, place: usize, lease: i64, time: u64, ttl: i64) {
    let granted_ttl = if ttl < 0 { 0 } else { 2 };
    let request = format!(
        r#"{{"event":"call","client":50,"id":999999,"time":{time},"request":{{"lease_time_to_live":{{"lease":{lease}}}}}}}"#
    );
    let answer = format!(
        r#"{{"event":"return","client":50,"id":999999,"time":{time},"response":{{"lease_time_to_live":{{"ttl":{ttl},"granted_ttl":{granted_ttl}}}}}}}"#
    );
    let end = format!(r#"{{"event":"end","client":50,"time":{time}}}"#);
    for text in [end, answer, request] {
        lines.insert(place, serde_json::from_str(&text).expect("a line"));
    }
}

fn is_revoked(lines: &[Line], of: i64) -> bool {
    lines.iter().any(|line| match line {
        Line::Call { request: Request::LeaseRevoke(revoke), .. } => revoke.lease == of,
        _ => false,
    })
}

pub fn early(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let Some((place, lease, time)) = grant(lines, random) else { return false };
    if is_revoked(&lines[..=place], lease) {
        return false;
    }
    ask(lines, place + 1, lease, time, -1);
    true
}

/// The end of the history, and its time.
fn end(lines: &[Line]) -> (usize, u64) {
    match lines.last() {
        Some(Line::End { time, .. }) => (lines.len() - 1, *time),
        other => panic!("{other:?}"),
    }
}

/// Ten seconds after the end of the history the lease is still there.
pub fn late(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let Some((_, lease, _)) = grant(lines, random) else { return false };
    let (last, time) = end(lines);
    ask(lines, last, lease, time + 10_000_000_000, 0);
    true
}

pub fn change_granted(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let Some((place, lease, time)) = grant(lines, random) else { return false };
    ask(lines, place + 1, lease, time, 2);
    for line in lines.iter_mut() {
        if let Line::Return {
            id: 999_999, response: Some(Response::LeaseTimeToLive(shown)), ..
        } = line
        {
            shown.granted_ttl = 3;
        }
    }
    true
}

/// A lease that was seen gone is there at the end.
pub fn back(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let gone = pick(lines, random, |_, line| match line {
        Line::Call { request: Request::LeaseRevoke(revoke), .. } => Some(revoke.lease),
        _ => None,
    });
    let Some(lease) = gone.filter(|lease| *lease > 1000) else { return false };
    let (last, time) = end(lines);
    ask(lines, last, lease, time, -1);
    let rest: Vec<Line> = lines.drain(lines.len() - 2..).collect();
    let mut again = Vec::new();
    ask(&mut again, 0, lease, time, 1);
    for line in &mut again {
        match line {
            Line::Call { client, id, .. } | Line::Return { client, id, .. } => {
                (*client, *id) = (51, 999_998);
            }
            Line::End { client, .. } => *client = Some(51),
            _ => {}
        }
    }
    lines.extend(again);
    lines.extend(rest);
    true
}
