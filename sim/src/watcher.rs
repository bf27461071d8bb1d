//! Watchers of a member, and whether they were told exactly what happened.

use std::collections::{BTreeMap, VecDeque};

use braid_core::api::{
    DeleteRangeRequest, Event as WatchEvent, KeyValue, WatchCreate, WatchRequest, WatchResponse,
};
use braid_core::ids::{CoreId, LeaseId, Revision};
use braid_core::port::{Incoming, StreamId};
use bytes::Bytes;

use crate::member::Member;
use crate::model::generate::Generator;
use crate::model::random::Random;
use crate::model::{Event, Model, Pair, within};

/// One watcher on a stream of its own.
#[derive(Debug)]
pub struct Watcher {
    core: CoreId,
    create: WatchCreate,
    /// Takes its responses late.
    slow: bool,
    /// The first revision that it must be told about, once it is created.
    from: Option<u64>,
    told: Vec<WatchEvent>,
    /// Responses without events: the revision up to which it has been told everything, and how
    /// many events that were.
    progress: Vec<(u64, usize)>,
    /// Responses that were not taken yet.
    untaken: VecDeque<WatchResponse>,
}

/// All watchers of a member.
#[derive(Debug, Default)]
pub struct Watchers {
    watchers: BTreeMap<StreamId, Watcher>,
}

impl Watchers {
    /// Opens a watcher of everything from `revision` on.
    pub fn watch_all(&mut self, member: &mut Member, core: CoreId, revision: u64) -> StreamId {
        let everything = Bytes::from_static(b"\0");
        let create = WatchCreate {
            key: everything.clone(),
            range_end: everything,
            start_revision: revision as i64,
            ..WatchCreate::default()
        };
        self.open(member, core, create, false)
    }

    /// Opens a random watcher, from `first` or later or from now on.
    pub fn watch_some(&mut self, member: &mut Member, seed: u64, first: u64) {
        let mut random = Random::new(seed);
        let (key, range_end) = interval(&mut random);
        let create = WatchCreate {
            key,
            range_end,
            start_revision: if random.one_in(2) { 0 } else { (first + random.below(8)) as i64 },
            no_put: random.one_in(6),
            no_delete: random.one_in(6),
            prev_kv: random.one_in(2),
            fragment: random.one_in(4),
            progress_notify: random.one_in(2),
            ..WatchCreate::default()
        };
        let core = CoreId(random.below(u64::from(member.cores())) as u16);
        let slow = random.one_in(3);
        self.open(member, core, create, slow);
    }

    fn open(
        &mut self,
        member: &mut Member,
        core: CoreId,
        create: WatchCreate,
        slow: bool,
    ) -> StreamId {
        let stream = member.open_watch(core);
        member.watch(core, stream, WatchRequest::Create(create.clone()));
        let watcher = Watcher {
            core,
            create,
            slow,
            from: None,
            told: Vec::new(),
            progress: Vec::new(),
            untaken: VecDeque::new(),
        };
        self.watchers.insert(stream, watcher);
        stream
    }

    /// A stream has a response.
    pub fn handle(&mut self, core: CoreId, stream: StreamId, response: WatchResponse) {
        let Some(watcher) = self.watchers.get_mut(&stream) else {
            panic!("nobody has opened {stream:?}")
        };
        assert_eq!(watcher.core, core, "a response on the wrong core");
        watcher.untaken.push_back(response);
    }

    /// Some watchers take a response, or ask how far they have come.
    pub fn take_some(&mut self, member: &mut Member, random: &mut Random) {
        for (stream, watcher) in &mut self.watchers {
            if !watcher.untaken.is_empty() && random.one_in(if watcher.slow { 200 } else { 2 }) {
                watcher.take(*stream, member);
            }
            if random.one_in(300) {
                member.watch(watcher.core, *stream, WatchRequest::Progress);
            }
        }
    }

    /// All watchers take everything.
    pub fn take_all(&mut self, member: &mut Member) {
        for (stream, watcher) in &mut self.watchers {
            while !watcher.untaken.is_empty() {
                watcher.take(*stream, member);
            }
        }
    }

    /// What the watcher of everything was told, as the model tells it.
    #[must_use]
    pub fn told(&self, stream: StreamId) -> Vec<Event> {
        let told = self.watchers.get(&stream).map(|watcher| &watcher.told[..]);
        told.unwrap_or_default().iter().map(event).collect()
    }

    /// Compares what every watcher was told with what happened. `complete`: nothing may be missing
    /// at the end either.
    ///
    /// # Errors
    /// The first watcher that was told something else.
    pub fn check(&self, model: &Model, complete: bool) -> Result<(), String> {
        for watcher in self.watchers.values() {
            watcher.check(model, complete)?;
        }
        Ok(())
    }
}

impl Watcher {
    fn take(&mut self, stream: StreamId, member: &mut Member) {
        let Some(response) = self.untaken.pop_front() else { return };
        member.submit(self.core, Incoming::WatchTaken(stream));
        assert!(!response.canceled, "canceled: {response:?} to {:?}", self.create);
        if response.created {
            let next = response.revision.0 + 1;
            let asked = self.create.start_revision as u64;
            self.from = Some(if asked == 0 { next } else { asked });
        } else if response.events.is_empty() {
            self.progress.push((response.revision.0, self.told.len()));
        }
        self.told.extend(response.events);
    }

    fn check(&self, model: &Model, complete: bool) -> Result<(), String> {
        let wanted = self.wanted(model);
        for (revision, told) in &self.progress {
            if wanted.get(*told).is_some_and(|next| next.kv.mod_revision.0 <= *revision) {
                let create = &self.create;
                return Err(format!("{create:?} has not come to {revision}: {:?}", wanted[*told]));
            }
        }
        let right = if complete { self.told == wanted } else { wanted.starts_with(&self.told) };
        if right {
            return Ok(());
        }
        Err(format!("{:?}\nwas told   {:?}\ninstead of {wanted:?}", self.create, self.told))
    }

    fn wanted(&self, model: &Model) -> Vec<WatchEvent> {
        let Some(from) = self.from else { return Vec::new() };
        let WatchCreate { key, range_end, no_put, no_delete, .. } = &self.create;
        let mut wanted = Vec::new();
        for event in model.history().iter().filter(|event| event.revision >= from) {
            let left_out = if event.put.is_some() { *no_put } else { *no_delete };
            if within(&event.key, key, range_end) && !left_out {
                wanted.push(self.as_told(model, event));
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
        let before = model.keys_at(event.revision - 1).remove(&event.key);
        let prev_kv = before.filter(|_| self.create.prev_kv && !created);
        let prev_kv = prev_kv.map(|pair| key_value(&event.key, &pair));
        WatchEvent { deleted: event.put.is_none(), kv, prev_kv }
    }
}

/// Not empty: nobody may watch an empty one.
fn interval(random: &mut Random) -> (Bytes, Bytes) {
    let DeleteRangeRequest { key, range_end, .. } = Generator::new(random.next_u64()).delete();
    let open = Bytes::from_static(b"\0");
    let key = if key.is_empty() { open.clone() } else { key };
    let is_empty = !range_end.is_empty() && range_end <= key;
    (key, if is_empty { open } else { range_end })
}

fn key_value(key: &Bytes, pair: &Pair) -> KeyValue {
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
