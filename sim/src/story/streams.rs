//! The watch streams of one life: who reads them how, and which response is whose.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use braid_core::api::{WatchCreate, WatchRequest, WatchResponse};
use braid_core::ids::CoreId;
use braid_core::port::{Incoming, StreamId};
use bytes::Bytes;

use crate::failure::{Failure, Verdict};
use crate::member::Member;
use crate::model::random::Random;
use crate::verdict::watches::{Past, Watch};
use crate::workload::Reader;

/// Whose stream it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Observer,
    Client(usize),
}

#[derive(Debug)]
struct Stream {
    core: CoreId,
    owner: Owner,
    reader: Reader,
    watches: Vec<Watch>,
    /// The watches by the ids that the server gave them.
    ids: BTreeMap<i64, usize>,
    untaken: VecDeque<(Duration, WatchResponse)>,
    closed: bool,
}

/// All of a life's streams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: BTreeMap<StreamId, Stream>,
}

impl Streams {
    pub(super) fn open(
        &mut self,
        member: &mut Member,
        core: CoreId,
        owner: Owner,
        creates: Vec<WatchCreate>,
        reader: Reader,
    ) -> StreamId {
        let id = member.open_watch(core);
        for create in &creates {
            member.watch(core, id, WatchRequest::Create(create.clone()));
        }
        let watches = creates.into_iter().map(Watch::new).collect();
        let (ids, untaken) = (BTreeMap::new(), VecDeque::new());
        let stream = Stream { core, owner, reader, watches, ids, untaken, closed: false };
        self.streams.insert(id, stream);
        id
    }

    /// A watcher of everything from `revision` on.
    pub(super) fn observe(&mut self, member: &mut Member, core: CoreId, revision: u64) -> StreamId {
        let everything = Bytes::from_static(b"\0");
        let create = WatchCreate {
            key: everything.clone(),
            range_end: everything,
            start_revision: revision as i64,
            ..WatchCreate::default()
        };
        self.open(member, core, Owner::Observer, vec![create], Reader::Eager)
    }

    /// A response has arrived.
    pub(super) fn arrived(
        &mut self,
        now: Duration,
        core: CoreId,
        id: StreamId,
        response: WatchResponse,
    ) {
        let stream = self.streams.get_mut(&id).filter(|stream| !stream.closed);
        if let Some(stream) = stream {
            assert_eq!(stream.core, core, "a response on the wrong core");
            stream.untaken.push_back((now, response));
        }
    }

    /// The server has ended a stream: right only for one that is never read.
    pub(super) fn ended(&mut self, id: StreamId) -> Verdict {
        match self.streams.get_mut(&id) {
            Some(stream) if stream.reader == Reader::Never => {
                stream.closed = true;
                Ok(())
            }
            _ => Err(Failure::new("watch: streams that are read stay", format!("{id:?}"))),
        }
    }

    /// Readers take what they are ready for.
    pub(super) fn take_some(&mut self, member: &mut Member, random: &mut Random) -> Verdict {
        for (id, stream) in &mut self.streams {
            let ready = match stream.reader {
                _ if stream.untaken.is_empty() => false,
                Reader::Eager => random.one_in(2),
                Reader::Slow => random.one_in(200),
                Reader::Never => false,
            };
            if ready {
                stream.take(*id, member)?;
            }
        }
        Ok(())
    }

    /// Everybody takes everything. Returns whether there was any event in it.
    pub(super) fn take_all(&mut self, member: &mut Member) -> Result<bool, Failure> {
        let mut any = false;
        for (id, stream) in &mut self.streams {
            while let Some((_, response)) = stream.untaken.front() {
                any |= !response.events.is_empty();
                stream.take(*id, member)?;
            }
        }
        Ok(any)
    }

    /// What the observer, or the last one if some were canceled, was told.
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

    pub(super) fn close(&mut self, member: &mut Member, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.closed = true;
            member.submit(stream.core, Incoming::WatchClose(id));
        }
    }

    pub(super) fn ask_progress(&mut self, member: &mut Member, id: StreamId) {
        if let Some(stream) = self.streams.get(&id) {
            member.watch(stream.core, id, WatchRequest::Progress);
        }
    }

    /// Cancels one of the stream's watches, if any is known by an id.
    pub(super) fn cancel(&mut self, member: &mut Member, id: StreamId, random: &mut Random) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let ids: Vec<(i64, usize)> = stream.ids.iter().map(|(id, at)| (*id, *at)).collect();
        if ids.is_empty() {
            return;
        }
        let (watch_id, at) = random.pick(&ids);
        stream.watches[at].cancel_sent = true;
        member.watch(stream.core, id, WatchRequest::Cancel { watch_id });
    }

    /// Closes a stream; what its first watch asks for to go on elsewhere.
    pub(super) fn resume(&mut self, member: &mut Member, id: StreamId) -> Option<WatchCreate> {
        self.close(member, id);
        let watch = self.streams.get(&id)?.watches.first()?;
        let start_revision = watch.resume_at()? as i64;
        Some(WatchCreate { start_revision, ..watch.create.clone() })
    }

    /// Judges every watch. `complete`: those that are open must have been told everything.
    pub(super) fn judge(&self, past: &Past<'_>, complete: bool) -> Verdict {
        for stream in self.streams.values() {
            for watch in &stream.watches {
                watch.judge(past, complete && !stream.closed && !watch.cancel_sent)?;
            }
        }
        Ok(())
    }
}

impl Stream {
    fn take(&mut self, id: StreamId, member: &mut Member) -> Verdict {
        let Some((at, response)) = self.untaken.pop_front() else { return Ok(()) };
        member.submit(self.core, Incoming::WatchTaken(id));
        if response.created {
            return self.created(at, response);
        }
        if response.watch_id == -1 {
            let open = |watch: &&mut Watch| watch.from.is_some() && watch.canceled.is_none();
            let mut watches = self.watches.iter_mut().filter(open);
            return watches.try_for_each(|watch| watch.take(at, response.clone()));
        }
        match self.ids.get(&response.watch_id) {
            Some(watch) => self.watches[*watch].take(at, response),
            None => Err(Failure::new("watch: only what was asked for", format!("{response:?}"))),
        }
    }

    /// Watches are created in the order in which they were asked for.
    fn created(&mut self, at: Duration, response: WatchResponse) -> Verdict {
        let waiting = self.watches.iter().position(|watch| watch.from.is_none());
        let Some(watch) = waiting.filter(|_| !response.canceled) else {
            return Err(Failure::new("watch: created once", format!("{response:?}")));
        };
        self.ids.insert(response.watch_id, watch);
        self.watches[watch].take(at, response)
    }
}
