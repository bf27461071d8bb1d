//! Whether a watcher was told what etcd promises, one check for each promise.

use std::time::Duration;

use braid_core::api::{Event as WatchEvent, KeyValue, WatchCreate, WatchResponse};
use braid_core::ids::{LeaseId, Revision};

use crate::failure::{Failure, Verdict};
use crate::model::{Event, Model, Pair, within};

/// One watcher, and everything that it was told.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What it asked for.
    pub create: WatchCreate,
    /// The first revision that it must be told about, once it is created.
    pub from: Option<u64>,
    /// The revision that the server had when it created it.
    pub created: Option<u64>,
    /// Its responses behind the first, in order, each with the time.
    pub told: Vec<(Duration, WatchResponse)>,
    /// Its end, as it was told.
    pub canceled: Option<WatchResponse>,
    /// The client has asked for its end.
    pub cancel_sent: bool,
}

/// What happened while watchers were told.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// All that happened.
    pub model: &'a Model,
    /// The highest revision that anybody asked to compact.
    pub compaction: i64,
    /// Reads of the disk may have failed.
    pub bad_reads: bool,
}

impl Watch {
    /// A watcher that nobody has answered.
    #[must_use]
    pub fn new(create: WatchCreate) -> Self {
        Self {
            create,
            from: None,
            created: None,
            told: Vec::new(),
            canceled: None,
            cancel_sent: false,
        }
    }

    /// Takes a response in.
    ///
    /// # Errors
    /// When it comes after the end.
    pub fn take(&mut self, now: Duration, response: WatchResponse) -> Verdict {
        if self.canceled.is_some() {
            let evidence = format!("{:?}: {response:?}", self.create);
            return Err(Failure::new("nothing comes after a cancel", evidence));
        }
        if response.created {
            let asked = self.create.start_revision as u64;
            self.created = Some(response.revision.0);
            self.from = Some(if asked == 0 { response.revision.0 + 1 } else { asked });
        } else if !response.canceled {
            self.told.push((now, response.clone()));
        }
        if response.canceled {
            self.canceled = Some(response);
        }
        Ok(())
    }

    /// The revision from which a new watcher goes on where this one was.
    #[must_use]
    pub fn resume_at(&self) -> Option<u64> {
        let last = self.told.iter().rev().find_map(|(_, response)| response.events.last());
        last.map_or(self.from, |event| Some(event.kv.mod_revision.0 + 1))
    }

    fn events(&self) -> impl Iterator<Item = &WatchEvent> {
        self.told.iter().flat_map(|(_, response)| &response.events)
    }

    /// Judges all of it. `complete`: whatever happened must have been told.
    ///
    /// # Errors
    /// The promise that was broken.
    pub fn judge(&self, past: &Past<'_>, complete: bool) -> Verdict {
        let outcome = self.ordered().and_then(|()| self.atomic()).and_then(|()| {
            let wanted = self.wanted(past);
            self.told_right(&wanted, past, complete && self.canceled.is_none())?;
            self.ended_right(past)
        });
        outcome.map_err(|failure| {
            let evidence = format!("{:?}\n{}", self.create, failure.evidence);
            Failure { evidence, ..failure }
        })
    }

    /// Ordered and unique: revisions only grow, and no event comes twice.
    fn ordered(&self) -> Verdict {
        let mut last: Option<&WatchEvent> = None;
        for event in self.events() {
            if let Some(last) = last {
                if last.kv.mod_revision > event.kv.mod_revision {
                    return Err(Failure::new("watch: ordered", format!("{last:?}\n{event:?}")));
                }
                if last == event {
                    return Err(Failure::new("watch: unique", format!("{event:?}")));
                }
            }
            last = Some(event);
        }
        Ok(())
    }

    /// Atomic: the events of one revision come in one response, or in its fragments.
    fn atomic(&self) -> Verdict {
        for pair in self.told.windows(2) {
            let (before, after) = (&pair[0].1, &pair[1].1);
            if before.fragment && !self.create.fragment {
                return Err(Failure::new("watch: no fragments unasked", format!("{before:?}")));
            }
            let (Some(last), Some(first)) = (before.events.last(), after.events.first()) else {
                continue;
            };
            if !before.fragment && last.kv.mod_revision == first.kv.mod_revision {
                return Err(Failure::new("watch: atomic", format!("{last:?}\n{first:?}")));
            }
        }
        Ok(())
    }

    /// Reliable and resumable: all that was asked for, from the start on, with the right pairs.
    /// Bookmarkable: a response without events says that everything up to it was told.
    fn told_right(&self, wanted: &[WatchEvent], past: &Past<'_>, complete: bool) -> Verdict {
        let mut rest = wanted;
        for (_, response) in &self.told {
            for told in &response.events {
                rest = after(rest, told, past)?;
            }
            let next = missing(rest, past);
            if response.events.is_empty()
                && next.is_some_and(|next| next.kv.mod_revision <= response.revision)
            {
                let evidence = format!("{response:?} came before {next:?}");
                return Err(Failure::new("watch: bookmarkable", evidence));
            }
        }
        match missing(rest, past) {
            Some(missing) if complete => {
                Err(Failure::new("watch: reliable", format!("never told {missing:?}")))
            }
            _ => Ok(()),
        }
    }

    /// Canceled only by the client, or because what it needs is gone.
    fn ended_right(&self, past: &Past<'_>) -> Verdict {
        let Some(end) = &self.canceled else { return Ok(()) };
        let reported = end.compact_revision;
        let excused = if reported > 0 {
            let next = self.resume_at().unwrap_or(0);
            reported <= past.compaction && next < reported as u64
        } else {
            self.cancel_sent || past.bad_reads
        };
        if excused {
            return Ok(());
        }
        Err(Failure::new("watch: canceled for a reason", format!("{end:?}")))
    }

    fn wanted(&self, past: &Past<'_>) -> Vec<WatchEvent> {
        let Some(from) = self.from else { return Vec::new() };
        let WatchCreate { key, range_end, no_put, no_delete, .. } = &self.create;
        let mut wanted = Vec::new();
        for event in past.model.history().iter().filter(|event| event.revision >= from) {
            let left_out = if event.put.is_some() { *no_put } else { *no_delete };
            if within(&event.key, key, range_end) && !left_out {
                wanted.push(self.as_told(past.model, event));
            }
        }
        wanted
    }

    fn as_told(&self, model: &Model, event: &Event) -> WatchEvent {
        let mod_revision = Revision(event.revision);
        let kv = match &event.put {
            Some(pair) => key_value(&event.key, pair),
            None => KeyValue::tombstone(event.key.clone(), mod_revision),
        };
        // A key that begins has no past, even where the same write has deleted it first.
        let created = event.put.as_ref().is_some_and(|put| put.create_revision == event.revision);
        let prev_kv = if self.create.prev_kv && !created { before(model, event) } else { None };
        WatchEvent { deleted: event.put.is_none(), kv, prev_kv }
    }
}

/// The pair before the write that made `event`.
fn before(model: &Model, event: &Event) -> Option<KeyValue> {
    let earlier = |other: &&Event| other.key == event.key && other.revision < event.revision;
    let last = model.history().iter().rev().find(earlier)?;
    last.put.as_ref().map(|pair| key_value(&event.key, pair))
}

/// What is left of `wanted` behind the event that was told.
fn after<'a>(
    wanted: &'a [WatchEvent],
    told: &WatchEvent,
    past: &Past<'_>,
) -> Result<&'a [WatchEvent], Failure> {
    let mut rest = wanted;
    while let Some((next, others)) = rest.split_first() {
        if is_told(next, told, past) {
            return Ok(others);
        }
        if !may_be_gone(next, past) {
            let evidence = format!("{told:?}\ninstead of {next:?}");
            return Err(Failure::new("watch: reliable", evidence));
        }
        rest = others;
    }
    Err(Failure::new("watch: only what happened", format!("{told:?}")))
}

/// The first event that must still be told.
fn missing<'a>(mut rest: &'a [WatchEvent], past: &Past<'_>) -> Option<&'a WatchEvent> {
    while let Some((next, others)) = rest.split_first() {
        if !may_be_gone(next, past) {
            return Some(next);
        }
        rest = others;
    }
    None
}

/// A compaction leaves of one revision only what a later change of the same write has not undone.
fn may_be_gone(event: &WatchEvent, past: &Past<'_>) -> bool {
    let revision = event.kv.mod_revision.0;
    let of_key = |other: &&Event| other.revision == revision && other.key == event.kv.key;
    let last = past.model.history().iter().rev().find(of_key);
    let version = last.and_then(|last| last.put.as_ref()).map(|put| put.version);
    revision as i64 <= past.compaction && version != (!event.deleted).then_some(event.kv.version)
}

/// A compaction may have taken the pair before an event.
fn is_told(wanted: &WatchEvent, told: &WatchEvent, past: &Past<'_>) -> bool {
    let compacted = wanted.kv.mod_revision.0 as i64 <= past.compaction;
    let prev = wanted.prev_kv == told.prev_kv || (compacted && told.prev_kv.is_none());
    prev && (wanted.deleted, &wanted.kv) == (told.deleted, &told.kv)
}

fn key_value(key: &bytes::Bytes, pair: &Pair) -> KeyValue {
    KeyValue {
        key: key.clone(),
        value: pair.value.clone(),
        create_revision: Revision(pair.create_revision),
        mod_revision: Revision(pair.mod_revision),
        version: pair.version,
        lease: LeaseId(pair.lease),
    }
}

/// An event as the model tells it.
#[must_use]
pub fn event(told: &WatchEvent) -> Event {
    let WatchEvent { deleted, kv, .. } = told;
    let pair = Pair {
        create_revision: kv.create_revision.0,
        mod_revision: kv.mod_revision.0,
        version: kv.version,
        lease: kv.lease.0,
        value: kv.value.clone(),
    };
    let put = (!deleted).then_some(pair);
    Event { revision: kv.mod_revision.0, key: kv.key.clone(), put }
}
