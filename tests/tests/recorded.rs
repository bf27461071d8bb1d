//! A short run of several clients that write down what they ask and hear: it must be right.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use braid_tests::Server;
use braid_tests::record::Record;
use etcd_client::{
    Client, Compare, CompareOp, Error, EventType, GetOptions, KeyValue, PutOptions, Txn, TxnOp,
    TxnOpResponse, WatchOptions, WatchResponse,
};

const CLIENTS: u64 = 4;
const ROUNDS: u64 = 60;
/// The client that watches.
const WATCHER: u64 = CLIENTS + 1;
const START_LIMIT: Duration = Duration::from_secs(60);

async fn connect(endpoint: &str) -> Client {
    loop {
        if let Ok(mut client) = Client::connect([endpoint], None).await
            && client.get("a", None).await.is_ok()
        {
            return client;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn pair(kv: &KeyValue) -> String {
    format!(
        r#"{{"key":{:?},"value":{:?},"create_revision":{},"mod_revision":{},"version":{},"lease":{}}}"#,
        kv.key_str().unwrap_or_default(),
        kv.value_str().unwrap_or_default(),
        kv.create_revision(),
        kv.mod_revision(),
        kv.version(),
        kv.lease()
    )
}

fn pairs(kvs: &[KeyValue]) -> String {
    kvs.iter().map(pair).collect::<Vec<_>>().join(",")
}

/// One client and its pen.
struct Pen {
    number: u64,
    client: Client,
    record: Arc<Record>,
}

impl Pen {
    async fn put(&mut self, key: &str, value: &str, lease: i64) {
        let request = format!(
            r#"{{"put":{{"key":"{key}","value":"{value}","lease":{lease},"prev_kv":true}}}}"#
        );
        let id = self.record.call(self.number, &request);
        let options = PutOptions::new().with_lease(lease).with_prev_key();
        let answer = self.client.put(key, value, Some(options)).await.map(|answer| {
            let revision = answer.header().map_or(0, |header| header.revision());
            let previous = answer.prev_key().map(|kv| format!(r#","prev_kv":{}"#, pair(kv)));
            let previous = previous.unwrap_or_default();
            format!(r#"{{"put":{{"revision":{revision}{previous}}}}}"#)
        });
        self.record.returned(self.number, id, answer.map_err(|why| why.to_string()));
    }

    async fn get_all(&mut self) {
        let id = self.record.call(self.number, r#"{"range":{"key":"a","range_end":"z"}}"#);
        let options = GetOptions::new().with_range("z");
        let answer = self.client.get("a", Some(options)).await.map(|answer| {
            let revision = answer.header().map_or(0, |header| header.revision());
            let (count, kvs) = (answer.count(), pairs(answer.kvs()));
            format!(r#"{{"range":{{"revision":{revision},"count":{count},"kvs":[{kvs}]}}}}"#)
        });
        self.record.returned(self.number, id, answer.map_err(|why| why.to_string()));
    }

    async fn delete(&mut self, key: &str) {
        let id = self.record.call(self.number, &format!(r#"{{"delete":{{"key":"{key}"}}}}"#));
        let answer = self.client.delete(key, None).await.map(|answer| {
            let revision = answer.header().map_or(0, |header| header.revision());
            let deleted = answer.deleted();
            format!(r#"{{"delete":{{"revision":{revision},"deleted":{deleted}}}}}"#)
        });
        self.record.returned(self.number, id, answer.map_err(|why| why.to_string()));
    }

    /// Writes two keys, if the first one is there; reads it otherwise.
    async fn txn(&mut self, first: &str, second: &str, value: &str) {
        let put = |key: &str| format!(r#"{{"put":{{"key":"{key}","value":"{value}"}}}}"#);
        let id = self.record.call(self.number, &format!(
            r#"{{"txn":{{"compare":[{{"key":"{first}","result":1,"target":{{"version":0}}}}],"success":[{},{}],"failure":[{{"range":{{"key":"{first}"}}}}]}}}}"#,
            put(first), put(second)
        ));
        let txn = Txn::new()
            .when([Compare::version(first, CompareOp::Greater, 0)])
            .and_then([TxnOp::put(first, value, None), TxnOp::put(second, value, None)])
            .or_else([TxnOp::get(first, None)]);
        let answer = self.client.txn(txn).await.map(|answer| {
            let revision = answer.header().map_or(0, |header| header.revision());
            let results: Vec<String> = answer.op_responses().iter().map(result).collect();
            let (succeeded, results) = (answer.succeeded(), results.join(","));
            format!(
                r#"{{"txn":{{"revision":{revision},"succeeded":{succeeded},"responses":[{results}]}}}}"#
            )
        });
        self.record.returned(self.number, id, answer.map_err(|why| why.to_string()));
    }

    async fn lease(&mut self) -> Result<i64, Error> {
        let id = self.record.call(self.number, r#"{"lease_grant":{"ttl":300}}"#);
        let granted = self.client.lease_grant(300, None).await?;
        let (lease, ttl) = (granted.id(), granted.ttl());
        let response = format!(r#"{{"lease_grant":{{"lease":{lease},"ttl":{ttl}}}}}"#);
        self.record.returned(self.number, id, Ok(response));
        Ok(lease)
    }

    async fn revoke(&mut self, lease: i64) {
        let request = format!(r#"{{"lease_revoke":{{"lease":{lease}}}}}"#);
        let id = self.record.call(self.number, &request);
        let answer = self.client.lease_revoke(lease).await.map(|answer| {
            let revision = answer.header().map_or(0, |header| header.revision());
            format!(r#"{{"lease_revoke":{{"revision":{revision}}}}}"#)
        });
        self.record.returned(self.number, id, answer.map_err(|why| why.to_string()));
    }

    async fn run(mut self) -> Result<(), Error> {
        let lease = self.lease().await?;
        for round in 0..ROUNDS {
            let value = format!("{}-{round}", self.number);
            // Few keys, so that clients meet.
            let key = ["b", "c", "d", "e", "f"][(round * 7 + self.number) as usize % 5];
            match (round + self.number) % 6 {
                0 => self.delete(key).await,
                1 => self.get_all().await,
                2 => self.txn(key, "g", &value).await,
                3 => self.put(key, &value, lease).await,
                _ => self.put(key, &value, 0).await,
            }
        }
        self.revoke(lease).await;
        Ok(())
    }
}

fn result(result: &TxnOpResponse) -> String {
    match result {
        TxnOpResponse::Get(read) => {
            format!(r#"{{"range":{{"count":{},"kvs":[{}]}}}}"#, read.count(), pairs(read.kvs()))
        }
        _ => r#"{"put":{}}"#.into(),
    }
}

fn told(response: &WatchResponse) -> String {
    let event = |event: &etcd_client::Event| {
        let deleted = event.event_type() == EventType::Delete;
        format!(r#"{{"deleted":{deleted},"kv":{}}}"#, event.kv().map_or(String::new(), pair))
    };
    let events: Vec<String> = response.events().iter().map(event).collect();
    let revision = response.header().map_or(0, |header| header.revision());
    let (created, events) = (response.created(), events.join(","));
    format!(r#"{{"revision":{revision},"created":{created},"events":[{events}]}}"#)
}

/// Watches until the key `end` is written.
async fn watch(mut client: Client, record: Arc<Record>) -> Result<(), Error> {
    let create = r#""watch":1,"create":{"key":"a","range_end":"z","start_revision":2}"#;
    record.note(WATCHER, "watch", create);
    let options = WatchOptions::new().with_range("z").with_start_revision(2);
    let mut watch = client.watch("a", Some(options)).await?;
    while let Some(response) = watch.message().await? {
        let fields = format!(r#""watch":1,"response":{}"#, told(&response));
        record.note(WATCHER, "told", &fields);
        let mut written = response.events().iter().filter_map(etcd_client::Event::kv);
        if let Some(last) = written.find(|kv| kv.key() == b"x") {
            let fields = format!(r#""watch":1,"through":{}"#, last.mod_revision());
            record.note(WATCHER, "unwatch", &fields);
            break;
        }
    }
    Ok(())
}

#[tokio::test]
async fn recorded_clients_keep_every_promise() -> Result<(), Error> {
    let Some(server) = Server::start("recorded").expect("the server starts") else {
        eprintln!("skipped: BRAID_TEST_SERVER and BRAID_TEST_WORK are not set");
        return Ok(());
    };
    let client = tokio::time::timeout(START_LIMIT, connect(&server.endpoint())).await;
    let client = client.expect("the server does not answer");
    let path: PathBuf = server.folder().join("history.jsonl");
    let record = Arc::new(Record::create(path).expect("a file for the history"));
    let watcher = tokio::spawn(watch(client.clone(), record.clone()));
    let pen = |number| Pen { number, client: client.clone(), record: record.clone() };
    let writers: Vec<_> = (1..=CLIENTS).map(|number| tokio::spawn(pen(number).run())).collect();
    for writer in writers {
        writer.await.expect("the client lives")?;
    }
    pen(1).put("x", "the end", 0).await;
    watcher.await.expect("the watcher lives")?;
    let report = record.judge(WATCHER).unwrap_or_else(|report| panic!("{report}"));
    println!("{report}");
    Ok(())
}
