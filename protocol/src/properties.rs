//! What must hold in every state, and what must be possible at all.

use braid_core::epoch::Decisions;
use braid_core::ids::{Epoch, Revision};
use stateright::Property;

use crate::lease;
use crate::log::{Group, Member, Record, decisions, records};
use crate::model::Protocol;
use crate::state::{Fault, Reign, State};
use crate::trap::Trap;

/// All properties.
pub(crate) fn all(model: &Protocol) -> Vec<Property<Protocol>> {
    let mut all = safety();
    all.push(Property::always("work goes on along a fair schedule", recovers));
    all.push(Property::always(
        "work goes on in whatever order, once faults stop",
        |model: &Protocol, state| model.is_on_its_way(state),
    ));
    all.extend(reachable(model));
    all
}

fn safety() -> Vec<Property<Protocol>> {
    vec![
        Property::always("nothing seen is lost or void", |_, state| survives(state)),
        Property::always("one record at a revision", |_, state: &State| {
            !matches!(state.fault, Some(Fault::Changed | Fault::Ambiguous | Fault::Foreign))
        }),
        Property::always("revisions are dense and in order", |_, state: &State| {
            !matches!(state.fault, Some(Fault::Gap | Fault::OutOfOrder))
        }),
        Property::always("a write is whole or void", |_, state: &State| {
            state.fault != Some(Fault::Torn)
        }),
        Property::always("history reaches every durable watermark", |_, state: &State| {
            state.fault != Some(Fault::Lost)
        }),
        Property::always("a lease ends together with its keys", |_, s| lease::is_whole(s)),
        Property::always("a lease never ends early", |_, state| lease::is_on_time(state)),
        Property::always("the watermark never goes back", |_, state: &State| {
            state.fault != Some(Fault::WentBack)
        }),
        Property::always("a watcher misses nothing", |_, state: &State| {
            state.fault != Some(Fault::EventMissed)
        }),
        Property::always("nobody sees above the watermark", |_, state: &State| {
            state.fault != Some(Fault::AboveWatermark)
        }),
        Property::always("a changed setting holds on every core", |model: &Protocol, state| {
            model.setting_holds(state)
        }),
        Property::always("a confirmed read sees everything acknowledged", fresh_reads),
    ]
}

/// Without these, the others might hold because nothing ever happens.
fn reachable(model: &Protocol) -> Vec<Property<Protocol>> {
    let mut reachable = vec![
        Property::sometimes("a multi-shard write of a second epoch is seen", |_, state: &State| {
            let second = |record: &Record| record.epoch >= Epoch(2) && record.parts.len() > 1;
            state.history.iter().any(second)
        }),
        Property::sometimes("a void record lies beside a seen one", |_, state: &State| {
            void(state).any(|record| record.revision <= state.last_seen())
        }),
        Property::sometimes("a torn write is void", |_, state: &State| {
            void(state).any(|record| record.parts.iter().any(|group| !holds(state, group, record)))
        }),
        Property::sometimes("a write is seen that its dead leader had not acknowledged", |_, s| {
            dead_but_seen(s)
        }),
    ];
    if model.bounds.elections + model.bounds.failures > 1 {
        reachable.push(Property::sometimes("a write of a third epoch is seen", |_, s: &State| {
            s.history.iter().any(|record| record.epoch >= Epoch(3))
        }));
    }
    if model.bounds.followers {
        reachable.extend(followers_do_things());
    }
    if model.bounds.lease {
        reachable.push(Property::sometimes("a lease ends with keys of two shards", |_, s| ends(s)));
    }
    if model.bounds.setting {
        let after = |_: &Protocol, state: &State| {
            state.acknowledged && decided(state).last().is_some_and(|last| last.epoch >= Epoch(2))
        };
        reachable.push(Property::sometimes("a setting is kept by a second epoch", after));
    }
    if model.bounds.cores > 1 {
        reachable.extend(cores_do_things());
    }
    reachable
}

fn cores_do_things() -> Vec<Property<Protocol>> {
    fn any(state: &State, condition: fn(&Reign) -> bool) -> bool {
        state.members.iter().filter_map(|member| member.reign.as_ref()).any(condition)
    }
    vec![
        Property::sometimes("the watermark passes a core that computes it", |_, s: &State| {
            any(s, |r| r.cores.reading.iter().flatten().any(|read| *read < r.sequencing.watermark))
        }),
        Property::sometimes("an event waits for the watermark", |_, s: &State| {
            any(s, |reign| !reign.cores.held.is_empty())
        }),
        Property::sometimes("a watcher gets events of a write that spans cores", |_, s: &State| {
            let spans = s.history.last().filter(|last| last.parts.len() > 1);
            spans.is_some() && any(s, |r| r.cores.delivered >= r.sequencing.counter)
        }),
    ]
}

fn ends(state: &State) -> bool {
    let last = state.history.last();
    last.is_some_and(|record| record.parts.has(Group::CONTROL) && record.parts.len() > 2)
}

fn followers_do_things() -> Vec<Property<Protocol>> {
    vec![
        Property::sometimes("a follower shows a write of a second epoch", |_, s: &State| {
            let last = s.history.last().filter(|last| last.epoch >= Epoch(2));
            last.is_some_and(|last| follower_shows(s, last.revision))
        }),
        Property::sometimes("a follower shows a write while one is void", |_, s: &State| {
            follower_shows(s, Revision::FRESH.next()) && void(s).next().is_some()
        }),
    ]
}

fn follower_shows(state: &State, revision: Revision) -> bool {
    state.members.iter().any(|member| member.reign.is_none() && member.readable >= revision)
}

fn recovers(model: &Protocol, state: &State) -> bool {
    !model.progress || model.bounds.cores == 1 || state.fault.is_some() || model.recovers(state)
}

/// All decisions that are committed, whoever knows.
fn decided(state: &State) -> Decisions {
    let control = state.log(Group::CONTROL);
    decisions(control.prefix(control.committed))
}

/// Every record that was seen is committed in all of its participants and not void.
fn survives(state: &State) -> bool {
    let decided = decided(state);
    let in_log = |group: Group, record| {
        let log = state.log(group);
        records(log.prefix(log.committed)).any(|held| held == record)
    };
    state.history.iter().all(|record| {
        !decided.void(record.epoch, record.revision)
            && record.parts.iter().all(|group| in_log(group, *record))
    })
}

/// A leader that confirms its leadership now shows everything that anybody has seen.
fn fresh_reads(model: &Protocol, state: &State) -> bool {
    let any_term = model.trap == Some(Trap::ConfirmInAnyTerm);
    let fresh = |member: Member| {
        let Some(reign) = &state.member(member).reign else { return true };
        let in_any_term = any_term && state.leads(member, Group::CONTROL);
        !(in_any_term || state.confirmed(member)) || reign.sequencing.watermark >= state.last_seen()
    };
    (0..model.bounds.members).map(Member).all(fresh)
}

/// All records in the logs that are void.
fn void(state: &State) -> impl Iterator<Item = Record> {
    let decided = decided(state);
    let all = state.logs.iter().flat_map(|log| records(&log.entries));
    all.filter(move |record| decided.void(record.epoch, record.revision))
}

fn holds(state: &State, group: Group, record: Record) -> bool {
    records(&state.log(group).entries).any(|held| held == record)
}

fn dead_but_seen(state: &State) -> bool {
    let taken_over = |record: &Record| {
        let shows = |reign: &Reign| {
            reign.epoch > record.epoch && reign.sequencing.watermark == record.revision
        };
        state.members.iter().filter_map(|member| member.reign.as_ref()).any(shows)
    };
    let last = state.history.last();
    last.is_some_and(taken_over) && state.last_seen() > Revision::FRESH
}
