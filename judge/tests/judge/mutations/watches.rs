//! What watchers are told, spoilt. Only watchers that heard everything to the end are touched, as
//! the client has waited for them: nothing is excused.

use std::collections::BTreeSet;

use braid_judge::model::random::Random;
use braid_judge::wire::{Kv, Line, Told};

use super::pick;

/// Watchers that no compaction has ended.
fn whole(lines: &[Line]) -> BTreeSet<u64> {
    let mut all: BTreeSet<u64> = BTreeSet::new();
    for line in lines {
        match line {
            Line::Watch { watch, .. } => drop(all.insert(*watch)),
            Line::Told { watch, response, .. } if response.canceled => drop(all.remove(watch)),
            _ => {}
        }
    }
    all
}

/// A line with at least `least` events of a whole watcher for which `is` holds, and an event.
fn events(
    lines: &[Line],
    random: &mut Random,
    least: usize,
    is: impl Fn(&Told) -> bool,
) -> Option<(usize, usize)> {
    let whole = whole(lines);
    let place = pick(lines, random, |place, line| match line {
        Line::Told { watch, response, .. } => {
            let fits = whole.contains(watch) && response.events.len() >= least && is(response);
            fits.then_some((place, response.events.len()))
        }
        _ => None,
    });
    place.map(|(place, count)| (place, random.below(count as u64) as usize))
}

fn told(lines: &mut [Line], place: usize) -> &mut Told {
    match &mut lines[place] {
        Line::Told { response, .. } => response,
        other => panic!("{other:?}"),
    }
}

pub fn drop_event(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let Some((place, event)) = events(lines, random, 2, |_| true) else { return false };
    told(lines, place).events.remove(event);
    true
}

pub fn repeat_event(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let Some((place, event)) = events(lines, random, 1, |_| true) else { return false };
    let events = &mut told(lines, place).events;
    events.insert(event, events[event].clone());
    true
}

fn revisions(told: &Told) -> BTreeSet<u64> {
    told.events.iter().map(|event| event.kv.mod_revision).collect()
}

pub fn swap_revisions(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let found = events(lines, random, 2, |told| revisions(told).len() > 1);
    let Some((place, _)) = found else { return false };
    let events = &mut told(lines, place).events;
    let last = events.len() - 1;
    events.swap(0, last);
    true
}

pub fn split_revision(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let one = |told: &Told| revisions(told).len() == 1 && !told.fragment;
    let Some((place, _)) = events(lines, random, 2, one) else { return false };
    let mut second = lines[place].clone();
    let rest = told(lines, place).events.split_off(1);
    told(std::slice::from_mut(&mut second), 0).events = rest;
    lines.insert(place + 1, second);
    true
}

/// Changes the pair of an event that is a put.
fn change_put(lines: &mut [Line], random: &mut Random, change: fn(&mut Kv)) -> bool {
    let all_puts = |told: &Told| told.events.iter().all(|event| !event.deleted);
    let Some((place, event)) = events(lines, random, 1, all_puts) else { return false };
    change(&mut told(lines, place).events[event].kv);
    true
}

pub fn change_value(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    change_put(lines, random, |kv| kv.value.0 = "a value that nobody wrote".into())
}

pub fn change_version(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    change_put(lines, random, |kv| kv.version += 1)
}

pub fn change_kind(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let all_puts = |told: &Told| told.events.iter().all(|event| !event.deleted);
    let Some((place, event)) = events(lines, random, 1, all_puts) else { return false };
    let event = &mut told(lines, place).events[event];
    let (key, mod_revision) = (event.kv.key.clone(), event.kv.mod_revision);
    event.kv = Kv { key, mod_revision, ..Kv::default() };
    event.deleted = true;
    true
}

pub fn change_previous(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let all = |told: &Told| told.events.iter().all(|event| event.prev_kv.is_some());
    let Some((place, event)) = events(lines, random, 1, all) else { return false };
    let Some(previous) = &mut told(lines, place).events[event].prev_kv else { return false };
    previous.value.0 = "a value that nobody wrote".into();
    true
}

pub fn progress_ahead(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let Some((place, event)) = events(lines, random, 1, |_| true) else { return false };
    let revision = told(lines, place).events[event].kv.mod_revision;
    let mut progress = lines[place].clone();
    *told(std::slice::from_mut(&mut progress), 0) = Told { revision, ..Told::default() };
    lines.insert(place, progress);
    true
}

/// A watcher hears of a write before the request is sent.
pub fn tell_early(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let writes = |place: usize, line: &Line| match line {
        Line::Call { client, id, .. } => Some((place, *client, *id)),
        _ => None,
    };
    let Some((call, _, id)) = pick(lines, random, writes) else { return false };
    let shown = lines.iter().find_map(|line| match line {
        Line::Return { id: of, response: Some(response), .. } if *of == id => {
            super::answers::written(response)
        }
        _ => None,
    });
    let Some(revision) = shown else { return tell_early(lines, random) };
    let whole = whole(lines);
    let tells = |line: &Line| match line {
        Line::Told { watch, response, .. } => {
            whole.contains(watch) && response.events.iter().any(|e| e.kv.mod_revision == revision)
        }
        _ => false,
    };
    let Some(place) = lines.iter().position(tells) else { return false };
    // What stands between moves behind: times stay in order as all get the call's.
    let early = lines.remove(place);
    let time = match &lines[call] {
        Line::Call { time, .. } => *time,
        _ => 0,
    };
    let opened = lines[..call].iter().any(|line| match (line, &early) {
        (Line::Told { watch, response, .. }, Line::Told { watch: of, .. }) => {
            watch == of && response.created
        }
        _ => false,
    });
    if !opened || place < call {
        return false;
    }
    let Line::Told { client, watch, stream, response, .. } = early else { return false };
    lines.insert(call, Line::Told { client, watch, stream, time, response });
    true
}

pub fn foreign_key(lines: &mut Vec<Line>, random: &mut Random) -> bool {
    let single = |place: usize, line: &Line| match line {
        Line::Watch { watch, create, .. } if create.range_end.0.is_empty() => Some((place, *watch)),
        _ => None,
    };
    let Some((_, number)) = pick(lines, random, single) else { return false };
    let tells = |line: &Line| {
        matches!(line, Line::Told { watch, response, .. }
            if *watch == number && !response.events.is_empty())
    };
    let Some(place) = lines.iter().position(tells) else { return false };
    told(lines, place).events[0].kv.key.0 = "a key of others".into();
    true
}
