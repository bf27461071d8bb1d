//! An engine behind the port that is just good enough to talk to: one map, no history.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use braid_core::api::*;
use braid_core::error::Error;
use braid_core::interval::Interval;
use braid_core::kv_list::{KvList, KvMeta};
use braid_core::port::{CallId, Incoming, Port, StreamId};
use braid_storage::ids::{LeaseId, Revision};
use bytes::Bytes;

/// How the engine behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Never answers Put.
    pub stuck_puts: bool,
    /// Sends ranges in chunks of this many keys.
    pub chunk_keys: Option<usize>,
}

#[derive(Default)]
struct Engine {
    options: Options,
    revision: u64,
    keys: BTreeMap<Bytes, (Bytes, KvMeta)>,
    scans: BTreeMap<ScanId, Vec<KvList>>,
    watches: Vec<(StreamId, i64, Interval)>,
    next_watch: i64,
    waiting: Vec<(StreamId, WatchResponses)>,
}

/// Answers what comes through `port`, for ever.
pub async fn run(port: Port, options: Options) {
    let mut engine = Engine { options, revision: 1, ..Engine::default() };
    loop {
        let incoming = poll_fn(|context| {
            let mut batch = Vec::new();
            port.drain(&mut batch, context.waker());
            if batch.is_empty() { Poll::Pending } else { Poll::Ready(batch) }
        });
        for item in incoming.await {
            engine.handle(item, &port);
        }
    }
}

impl Engine {
    fn handle(&mut self, item: Incoming, port: &Port) {
        match item {
            Incoming::Call(_, Request::Put(_)) if self.options.stuck_puts => {}
            Incoming::Call(id, request) => self.call(id, request, port),
            Incoming::Watch(stream, request) => self.watch(stream, request, port),
            Incoming::WatchClose(stream) => self.watches.retain(|(other, ..)| *other != stream),
            Incoming::WatchOpen(_) | Incoming::WatchTaken(_) => {}
        }
    }

    fn call(&mut self, id: CallId, request: Request, port: &Port) {
        let answer = self.answer(request);
        port.complete(id, answer);
        for (stream, responses) in std::mem::take(&mut self.waiting) {
            port.deliver(stream, responses);
        }
    }

    fn now(&self) -> Revision {
        Revision(self.revision)
    }

    fn answer(&mut self, request: Request) -> Result<Response, Error> {
        Ok(match request {
            Request::Range(request) if request.key.is_empty() => return Err(Error::KeyNotProvided),
            Request::Range(request) => Response::Range(self.range(&request)),
            Request::RangeNext(scan) => Response::Range(self.next_chunk(scan)),
            Request::RangeClose(scan) => {
                self.scans.remove(&scan);
                Response::RangeClosed
            }
            Request::Put(request) => Response::Put(self.put(request)),
            Request::DeleteRange(request) => Response::DeleteRange(self.delete(&request)),
            Request::Txn(request) => Response::Txn(self.txn(request)),
            Request::Compact(_) => Response::Compact { revision: self.now() },
            Request::LeaseGrant { lease, ttl } => {
                let lease = if lease.0 == 0 { LeaseId(77) } else { lease };
                Response::LeaseGrant { revision: self.now(), lease, ttl }
            }
            Request::LeaseRevoke { .. } => return Err(Error::LeaseNotFound),
            Request::LeaseKeepAlive { .. } => {
                Response::LeaseKeepAlive { revision: self.now(), ttl: 5 }
            }
            Request::LeaseTimeToLive { .. } => Response::LeaseTimeToLive {
                revision: self.now(),
                ttl: 3,
                granted_ttl: 5,
                keys: vec![Bytes::from_static(b"k")],
            },
            Request::LeaseLeases => {
                Response::LeaseLeases { revision: self.now(), leases: vec![LeaseId(7)] }
            }
            Request::HashKv { .. } => Response::HashKv {
                revision: self.now(),
                hash: 9,
                compact_revision: -1,
                hash_revision: self.now().0 as i64,
            },
            Request::Status => {
                Response::Status(Status { revision: self.now(), db_size: 100, ..Status::default() })
            }
        })
    }

    fn found(&self, interval: &Interval) -> Vec<(Bytes, Bytes, KvMeta)> {
        let inside = self.keys.iter().filter(|(key, _)| interval.contains(key));
        inside.map(|(key, (value, meta))| (key.clone(), value.clone(), *meta)).collect()
    }

    fn range(&mut self, request: &RangeRequest) -> RangeResponse {
        let mut found = self.found(&Interval::new(request.key.clone(), request.range_end.clone()));
        let max = request.max_create_revision;
        found.retain(|(.., meta)| max == 0 || meta.create_revision.0 <= max as u64);
        if request.sort_target == 2 {
            found.sort_by_key(|(.., meta)| meta.create_revision);
        }
        if request.sort_order == 2 {
            found.reverse();
        }
        let count = found.len() as i64;
        if request.limit > 0 {
            found.truncate(request.limit as usize);
        }
        let size = match (self.options.chunk_keys, request.delivery) {
            (Some(size), Delivery::Sized | Delivery::Chunks) => size,
            _ => found.len().max(1),
        };
        let chunks = found.chunks(size).map(list).rev().collect();
        self.first_chunk(chunks, count, found.len())
    }

    fn first_chunk(&mut self, mut chunks: Vec<KvList>, count: i64, sent: usize) -> RangeResponse {
        let encoded = chunks.iter().map(|kvs| braid_net::encode::kv::list_len(2, kvs) as u64).sum();
        let kvs = chunks.pop().unwrap_or_default();
        let scan = ScanId(self.scans.len() as u64 + 1);
        let rest = (!chunks.is_empty()).then_some(scan);
        if rest.is_some() {
            self.scans.insert(scan, chunks);
        }
        let more = count > sent as i64;
        RangeResponse { revision: self.now(), kvs, more, count, rest, kvs_encoded_len: encoded }
    }

    fn next_chunk(&mut self, scan: ScanId) -> RangeResponse {
        let revision = self.now();
        let chunks = self.scans.entry(scan).or_default();
        let kvs = chunks.pop().unwrap_or_default();
        let rest = (!chunks.is_empty()).then_some(scan);
        RangeResponse { revision, kvs, rest, count: 99, ..RangeResponse::default() }
    }

    fn put(&mut self, request: PutRequest) -> PutResponse {
        self.revision += 1;
        let before = self.keys.get(&request.key).cloned();
        let created = before.as_ref().map_or(self.now(), |(_, meta)| meta.create_revision);
        let version = before.as_ref().map_or(1, |(_, meta)| meta.version + 1);
        let meta = KvMeta {
            create_revision: created,
            mod_revision: self.now(),
            version,
            lease: request.lease,
        };
        self.keys.insert(request.key.clone(), (request.value.clone(), meta));
        self.notify(&request.key, request.value, meta, false);
        let previous = before.filter(|_| request.prev_kv);
        let prev_kv = previous.map(|(value, meta)| list(&[(request.key.clone(), value, meta)]));
        PutResponse { revision: self.now(), prev_kv }
    }

    fn delete(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let interval = Interval::new(request.key.clone(), request.range_end.clone());
        let found = self.found(&interval);
        self.revision += u64::from(!found.is_empty());
        for (key, ..) in &found {
            self.keys.remove(key);
            let meta = KvMeta { mod_revision: self.now(), ..KvMeta::default() };
            self.notify(key, Bytes::new(), meta, true);
        }
        let prev_kvs = if request.prev_kv { list(&found) } else { KvList::default() };
        DeleteRangeResponse { revision: self.now(), deleted: found.len() as i64, prev_kvs }
    }

    fn txn(&mut self, request: TxnRequest) -> TxnResponse {
        let succeeded = request.compare.iter().all(|compare| self.holds(compare));
        let branch = if succeeded { request.success } else { request.failure };
        let responses = branch.into_iter().map(|operation| self.operation(operation)).collect();
        TxnResponse { revision: self.now(), succeeded, responses }
    }

    fn holds(&self, compare: &Compare) -> bool {
        let found = self.keys.get(&compare.key).map(|(_, meta)| *meta).unwrap_or_default();
        match compare.target {
            CompareTarget::Create(revision) => found.create_revision.0 == revision as u64,
            CompareTarget::Version(version) => found.version == version as u64,
            _ => true,
        }
    }

    fn operation(&mut self, operation: Operation) -> OperationResponse {
        match operation {
            Operation::Range(request) => OperationResponse::Range(self.range(&request)),
            Operation::Put(request) => OperationResponse::Put(self.put(request)),
            Operation::DeleteRange(request) => {
                OperationResponse::DeleteRange(self.delete(&request))
            }
            Operation::Txn(request) => OperationResponse::Txn(self.txn(request)),
            Operation::Missing => OperationResponse::Range(RangeResponse::default()),
        }
    }

    fn watch(&mut self, stream: StreamId, request: WatchRequest, port: &Port) {
        let revision = self.now();
        let response = match request {
            WatchRequest::Create(create) => {
                let watch_id = self.next_watch;
                self.next_watch += 1;
                let interval = Interval::new(create.key, create.range_end);
                self.watches.push((stream, watch_id, interval));
                WatchResponse { revision, watch_id, created: true, ..WatchResponse::default() }
            }
            WatchRequest::Cancel { watch_id } => {
                self.watches.retain(|(other, id, _)| (*other, *id) != (stream, watch_id));
                WatchResponse { revision, watch_id, canceled: true, ..WatchResponse::default() }
            }
            WatchRequest::Progress => {
                WatchResponse { revision, watch_id: -1, ..WatchResponse::default() }
            }
        };
        port.deliver(stream, response.into());
    }

    fn notify(&mut self, key: &Bytes, value: Bytes, meta: KvMeta, deleted: bool) {
        let KvMeta { create_revision, mod_revision, version, lease } = meta;
        let kv =
            KeyValue { key: key.clone(), value, create_revision, mod_revision, version, lease };
        let event = Event { deleted, kv, prev_kv: None };
        let revision = self.now();
        for (stream, watch_id, interval) in &self.watches {
            if !interval.contains(key) {
                continue;
            }
            match self.waiting.last_mut().filter(|(last, _)| last == stream) {
                Some((_, told)) => told.others.push(*watch_id),
                None => {
                    let (watch_id, events) = (*watch_id, [event.clone()].into());
                    let told =
                        WatchResponse { revision, watch_id, events, ..WatchResponse::default() };
                    self.waiting.push((*stream, told.into()));
                }
            }
        }
    }
}

fn list(found: &[(Bytes, Bytes, KvMeta)]) -> KvList {
    let mut kvs = KvList::default();
    found.iter().for_each(|(key, value, meta)| kvs.push(key, value, *meta));
    kvs
}
