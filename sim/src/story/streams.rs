//! The watch streams of one life, and who reads them how.

use std::collections::BTreeMap;

use braid_core::api::{WatchCreate, WatchRequest, WatchResponses};
use braid_core::ids::CoreId;
use braid_core::port::{Incoming, StreamId};
use bytes::Bytes;

use super::memory::Memory;
use super::stream::{Owner, Stream, Watch};
use crate::failure::{Failure, Verdict};
use crate::member::Member;
use crate::model::random::Random;
use crate::workload::Reader;

/// All of a life's streams.
#[derive(Debug)]
pub(super) struct Streams {
    streams: BTreeMap<StreamId, Stream>,
    /// Reads of the disk may fail, which ends watchers.
    bad_reads: bool,
    /// Somebody was told of an event since this was asked for last.
    told_events: bool,
}

impl Streams {
    pub(super) fn new(bad_reads: bool) -> Self {
        Self { streams: BTreeMap::new(), bad_reads, told_events: false }
    }

    pub(super) fn open(
        &mut self,
        (member, memory): (&mut Member, &mut Memory),
        core: CoreId,
        owner: Owner,
        creates: Vec<WatchCreate>,
        reader: Reader,
    ) {
        let id = member.open_watch(core);
        let mut watches = Vec::new();
        for create in creates {
            let (number, time) = (memory.number(), memory.time());
            memory.recorder.watch(owner.number(), number, time, &create);
            member.watch(core, id, WatchRequest::Create(create.clone()));
            watches.push(Watch::new(number, create));
        }
        let ids = BTreeMap::new();
        let stream = Stream { core, owner, reader, watches, ids, untaken: 0, closed: false };
        self.streams.insert(id, stream);
    }

    /// A watcher of everything from `revision` on.
    pub(super) fn observe(
        &mut self,
        (member, memory): (&mut Member, &mut Memory),
        core: CoreId,
        revision: u64,
    ) {
        let everything = Bytes::from_static(b"\0");
        let create = WatchCreate {
            key: everything.clone(),
            range_end: everything,
            start_revision: revision as i64,
            ..WatchCreate::default()
        };
        self.open((member, memory), core, Owner::Observer, vec![create], Reader::Eager);
    }

    /// Responses have arrived; whose stream they are for, unless that is closed.
    pub(super) fn arrived(
        &mut self,
        memory: &mut Memory,
        core: CoreId,
        id: StreamId,
        responses: &WatchResponses,
    ) -> Result<Option<Owner>, Failure> {
        let stream = self.streams.get_mut(&id).filter(|stream| !stream.closed);
        let Some(stream) = stream else { return Ok(None) };
        assert_eq!(stream.core, core, "a response on the wrong core");
        stream.untaken += 1;
        let response = &responses.response;
        self.told_events |= !response.events.is_empty();
        let excused = self.bad_reads || response.compact_revision != 0;
        if response.canceled && !response.cancel_reason.is_empty() && !excused {
            return Err(Failure::new("watch: nothing wrong ends it", format!("{response:?}")));
        }
        if stream.owner == Owner::Observer {
            memory.observed(response);
        }
        for response in responses.each() {
            stream.note(memory, &response)?;
        }
        Ok(Some(stream.owner))
    }

    /// The server has ended a stream: right only for one that is never read.
    pub(super) fn ended(&mut self, memory: &mut Memory, id: StreamId) -> Verdict {
        match self.streams.get_mut(&id) {
            Some(stream) if stream.reader == Reader::Never => {
                stream.close(memory, 0);
                Ok(())
            }
            _ => Err(Failure::new("watch: streams that are read stay", format!("{id:?}"))),
        }
    }

    /// Readers take what they are ready for.
    pub(super) fn take_some(&mut self, member: &mut Member, random: &mut Random) {
        for (id, stream) in &mut self.streams {
            let ready = match stream.reader {
                _ if stream.untaken == 0 => false,
                Reader::Eager => random.one_in(2),
                Reader::Slow => random.one_in(200),
                Reader::Never => false,
            };
            if ready {
                stream.take(*id, member);
            }
        }
    }

    /// Everybody takes everything. Returns whether there was any event since the last time.
    pub(super) fn take_all(&mut self, member: &mut Member) -> bool {
        for (id, stream) in &mut self.streams {
            while stream.untaken > 0 {
                stream.take(*id, member);
            }
        }
        std::mem::take(&mut self.told_events)
    }

    /// The observer's watch, or the last one if some were canceled.
    pub(super) fn observer(&self) -> Option<&Watch> {
        let mut streams = self.streams.values().rev();
        streams.find(|stream| stream.owner == Owner::Observer)?.watches.first()
    }

    /// A stream of this client that is open.
    pub(super) fn any_of(&self, client: usize, random: &mut Random) -> Option<StreamId> {
        let mine = |stream: &Stream| stream.owner == Owner::Client(client) && !stream.closed;
        let ids: Vec<StreamId> =
            self.streams.iter().filter(|(_, stream)| mine(stream)).map(|(id, _)| *id).collect();
        (!ids.is_empty()).then(|| random.pick(&ids))
    }

    pub(super) fn close(&mut self, member: &mut Member, memory: &mut Memory, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.close(memory, 0);
            member.submit(stream.core, Incoming::WatchClose(id));
        }
    }

    pub(super) fn ask_progress(&mut self, member: &mut Member, id: StreamId) {
        if let Some(stream) = self.streams.get(&id) {
            member.watch(stream.core, id, WatchRequest::Progress);
        }
    }

    /// Cancels one of the stream's watches, if any is known by an id.
    pub(super) fn cancel(
        &mut self,
        (member, memory): (&mut Member, &mut Memory),
        id: StreamId,
        random: &mut Random,
    ) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let ids: Vec<(i64, usize)> = stream.ids.iter().map(|(id, at)| (*id, *at)).collect();
        if ids.is_empty() {
            return;
        }
        let (watch_id, at) = random.pick(&ids);
        let (watch, time) = (&mut stream.watches[at], memory.time());
        watch.cancel_sent = true;
        memory.recorder.cancel(stream.owner.number(), watch.number, time);
        member.watch(stream.core, id, WatchRequest::Cancel { watch_id });
    }

    /// Closes a stream; what its first watch asks for to go on elsewhere.
    pub(super) fn resume(
        &mut self,
        (member, memory): (&mut Member, &mut Memory),
        id: StreamId,
    ) -> Option<WatchCreate> {
        self.close(member, memory, id);
        let watch = self.streams.get(&id)?.watches.first()?;
        watch.created?;
        Some(WatchCreate { start_revision: watch.next as i64, ..watch.create.clone() })
    }

    /// Nobody listens any more, and who is still there has waited for everything.
    pub(super) fn end(&mut self, memory: &mut Memory) {
        for stream in self.streams.values_mut().filter(|stream| !stream.closed) {
            stream.close(memory, memory.known.revision);
        }
    }
}
