//! The `etcd-client` crate against a real server: what a Rust program does with etcd.

use std::time::Duration;

use braid_tests::Server;
use etcd_client::{
    Client, Compare, CompareOp, DeleteOptions, Error, EventType, GetOptions, LockOptions,
    PutOptions, Txn, TxnOp, TxnOpResponse, WatchOptions,
};

type Outcome = Result<(), Error>;

/// How long a server may take to start; the machine may be busy.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A server for one test and a client of it. `None` without a server to test.
async fn start(test: &str) -> Result<Option<(Server, Client)>, Error> {
    let Some(server) = Server::start(test)? else {
        eprintln!("skipped: BRAID_TEST_SERVER and BRAID_TEST_WORK are not set");
        return Ok(None);
    };
    let client = tokio::time::timeout(START_LIMIT, connect(server.endpoint())).await;
    Ok(Some((server, client.expect("the server does not answer"))))
}

async fn connect(endpoint: String) -> Client {
    loop {
        if let Ok(mut client) = Client::connect([&endpoint], None).await
            && client.get("a", None).await.is_ok()
        {
            return client;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn puts_gets_and_deletes() -> Outcome {
    let Some((_server, mut client)) = start("kv").await? else { return Ok(()) };
    client.put("a", "1", None).await?;
    let previous = client.put("a", "2", Some(PutOptions::new().with_prev_key())).await?;
    assert_eq!(previous.prev_key().map(|kv| kv.value().to_vec()), Some(b"1".to_vec()));
    client.put("b", "3", None).await?;
    let all = client.get("", Some(GetOptions::new().with_all_keys())).await?;
    assert_eq!(
        all.kvs().iter().map(|kv| kv.value_str().unwrap_or("")).collect::<Vec<_>>(),
        ["2", "3"]
    );
    let deleted = client.delete("", Some(DeleteOptions::new().with_all_keys())).await?;
    assert_eq!(deleted.deleted(), 2);
    Ok(())
}

#[tokio::test]
async fn transactions_choose_a_branch() -> Outcome {
    let Some((_server, mut client)) = start("txn").await? else { return Ok(()) };
    client.put("a", "1", None).await?;
    let txn = Txn::new()
        .when([Compare::value("a", CompareOp::Equal, "1")])
        .and_then([TxnOp::put("a", "2", None), TxnOp::get("a", None)])
        .or_else([TxnOp::get("a", None)]);
    let first = client.txn(txn.clone()).await?;
    assert!(first.succeeded());
    let second = client.txn(txn).await?;
    assert!(!second.succeeded());
    let [TxnOpResponse::Get(read)] = &second.op_responses()[..] else { panic!("{second:?}") };
    assert_eq!(read.kvs()[0].value(), b"2");
    Ok(())
}

#[tokio::test]
async fn watches_see_the_past_and_the_present() -> Outcome {
    let Some((_server, mut client)) = start("watch").await? else { return Ok(()) };
    let first = client.put("w", "0", None).await?.header().map_or(0, |header| header.revision());
    let options = WatchOptions::new().with_start_revision(first).with_prev_key();
    let mut watch = client.watch("w", Some(options)).await?;
    client.put("w", "1", None).await?;
    client.delete("w", None).await?;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let answer = watch.message().await?.expect("the watch goes on");
        seen.extend(answer.events().iter().map(|event| {
            (event.event_type(), event.prev_kv().map_or(Vec::new(), |kv| kv.value().to_vec()))
        }));
    }
    let put = EventType::Put;
    assert_eq!(seen, [(put, vec![]), (put, b"0".to_vec()), (EventType::Delete, b"1".to_vec())]);
    Ok(())
}

#[tokio::test]
async fn leases_carry_keys() -> Outcome {
    let Some((_server, mut client)) = start("lease").await? else { return Ok(()) };
    let lease = client.lease_grant(100, None).await?.id();
    client.put("l", "1", Some(PutOptions::new().with_lease(lease))).await?;
    let (mut keeper, mut answers) = client.lease_keep_alive(lease).await?;
    keeper.keep_alive().await?;
    assert_eq!(answers.message().await?.map(|answer| answer.ttl()), Some(100));
    client.lease_revoke(lease).await?;
    assert_eq!(client.get("l", None).await?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn locks_exclude() -> Outcome {
    let Some((_server, mut client)) = start("lock").await? else { return Ok(()) };
    let lease = client.lease_grant(100, None).await?.id();
    let first = client.lock("l", Some(LockOptions::new().with_lease(lease))).await?;
    let mut other = client.clone();
    let mut second = tokio::spawn(async move { other.lock("l", None).await });
    let early = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    assert!(early.is_err(), "two hold the lock");
    client.unlock(first.key()).await?;
    second.await.expect("the task lives")?;
    Ok(())
}

#[tokio::test]
async fn elections_have_one_leader() -> Outcome {
    let Some((_server, mut client)) = start("election").await? else { return Ok(()) };
    let lease = client.lease_grant(100, None).await?.id();
    let won = client.campaign("e", "me", lease).await?;
    let leader = client.leader("e").await?;
    assert_eq!(leader.kv().map(|kv| kv.value().to_vec()), Some(b"me".to_vec()));
    assert_eq!(won.leader().map(|key| key.lease()), Some(lease));
    client.resign(None).await.expect_err("nobody to resign is named");
    Ok(())
}
