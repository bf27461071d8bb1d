//! The data that is there before a load begins.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::{JoinSet, LocalSet};

use crate::client::{Channel, Endpoint, Method};
use crate::error::Error;
use crate::failure::Failure;
use crate::keys;
use crate::proto::etcdserverpb::{PutRequest, PutResponse};
use crate::shape::Shape;

use super::request::put;

/// Connections that load the data, and puts in flight on each.
const CONNECTIONS: u64 = 10;
const IN_FLIGHT: u64 = 100;

/// How often an interruption is looked for.
const GLANCE: Duration = Duration::from_millis(50);

/// Puts every key of the shape once, unless it is interrupted.
pub fn prepare(endpoint: &Endpoint, shape: &Shape, interrupt: &AtomicBool) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::system("the runtime"))?;
    LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            loaded = load(endpoint, shape) => Ok(loaded?),
            () = interruption(interrupt) => Err(Error::Interrupted),
        }
    })
}

/// Ends soon after the flag is set.
async fn interruption(interrupt: &AtomicBool) {
    while !interrupt.load(Ordering::Relaxed) {
        tokio::time::sleep(GLANCE).await;
    }
}

async fn load(endpoint: &Endpoint, shape: &Shape) -> Result<(), Failure> {
    let mut writers = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let channel = Channel::connect(endpoint).await?;
        for place in 0..IN_FLIGHT {
            let writer = connection * IN_FLIGHT + place;
            writers.spawn_local(write(channel.clone(), shape.clone(), writer));
        }
    }
    while let Some(result) = writers.join_next().await {
        match result {
            Ok(written) => written?,
            Err(_) => return Err(Failure::Answer("a writer ended early")),
        }
    }
    Ok(())
}

/// One of the writers that share all keys between them.
async fn write(channel: Channel, shape: Shape, writer: u64) -> Result<(), Failure> {
    let mut rng = fastrand::Rng::with_seed(shape.seed ^ writer);
    let step = (CONNECTIONS * IN_FLIGHT) as usize;
    for number in (writer..shape.keys.count()).step_by(step) {
        put(&channel, keys::key(number), shape.values.pick(&mut rng)).await?;
    }
    Ok(())
}

/// Puts a pair; the revision that it got.
pub async fn put_and_tell(channel: &Channel, key: &Bytes, value: Bytes) -> Result<i64, Failure> {
    let request = PutRequest { key: key.clone(), value, ..PutRequest::default() };
    let answer: PutResponse = channel.ask(Method::Put, &request).await?;
    answer.header.map(|header| header.revision).ok_or(Failure::Answer("no header"))
}
