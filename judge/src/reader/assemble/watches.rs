//! Watchers and what they were told.

use braid_core::api::WatchResponse;

use super::Assembly;
use crate::history::{Moment, Told, Watcher};
use crate::malformed::Why;
use crate::wire::Create;

impl Assembly {
    pub(super) fn watch(
        &mut self,
        client: u64,
        number: u64,
        stream: u64,
        opened: Moment,
        create: Create,
    ) -> Result<(), Why> {
        let place = self.history.watchers.len();
        if number == 0 || self.watchers.insert(number, place).is_some() {
            return Err(Why::WatchTwice(number));
        }
        if stream != 0 {
            self.streams.entry(stream).or_default().push(place);
        }
        self.history.watchers.push(Watcher {
            client,
            number,
            stream,
            create: create.into(),
            opened,
            canceled: None,
            told: Vec::new(),
            through: 0,
            closed: None,
        });
        Ok(())
    }

    pub(super) fn told(
        &mut self,
        client: u64,
        watch: u64,
        stream: u64,
        at: Moment,
        response: WatchResponse,
    ) -> Result<(), Why> {
        let events = response.events.iter().map(|event| event.kv.mod_revision.0);
        let shown = events.chain([response.revision.0]).max().unwrap_or(0);
        let seen = self.seen(client);
        *seen = (*seen).max(shown);
        if watch != 0 {
            let watcher = self.watcher(client, watch)?;
            watcher.told.push(Told { at, response });
            return if stream == 0 { Ok(()) } else { Err(Why::WatchOrStream) };
        }
        if stream == 0 {
            return Err(Why::WatchOrStream);
        }
        self.progress(client, stream, at, &response)
    }

    /// All watchers of a stream that are there are told how far it has come.
    fn progress(
        &mut self,
        client: u64,
        stream: u64,
        at: Moment,
        response: &WatchResponse,
    ) -> Result<(), Why> {
        let bare = WatchResponse { revision: response.revision, ..WatchResponse::default() };
        if *response != bare {
            return Err(Why::StreamProgress);
        }
        for place in self.streams.get(&stream).ok_or(Why::NoStream(stream))? {
            let watcher = &mut self.history.watchers[*place];
            if watcher.client != client {
                return Err(Why::OfAnotherClient(watcher.client));
            }
            if watcher.closed.is_none() && watcher.is_open() {
                watcher.told.push(Told { at, response: response.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self, client: u64, number: u64, at: Moment) -> Result<(), Why> {
        self.watcher(client, number)?.canceled.get_or_insert(at);
        Ok(())
    }

    pub(super) fn unwatch(
        &mut self,
        client: u64,
        number: u64,
        at: Moment,
        through: u64,
    ) -> Result<(), Why> {
        let watcher = self.watcher(client, number)?;
        watcher.closed = Some(at);
        watcher.through = through;
        Ok(())
    }

    fn watcher(&mut self, client: u64, number: u64) -> Result<&mut Watcher, Why> {
        let place = *self.watchers.get(&number).ok_or(Why::NoWatch(number))?;
        let watcher = &mut self.history.watchers[place];
        if watcher.client != client {
            return Err(Why::OfAnotherClient(watcher.client));
        }
        if watcher.closed.is_some() {
            return Err(Why::WatchEnded(number));
        }
        Ok(watcher)
    }
}
