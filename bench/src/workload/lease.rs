//! Leases.

use prost::Message;

use crate::client::{Call, Method, framed};
use crate::failure::Failure;
use crate::keys::named;
use crate::load::{Kind, Seat};
use crate::proto::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse,
    PutRequest,
};

/// Seconds that a lease lives which is kept alive: longer than any run.
const LONG_TTL: i64 = 3600;

/// The shortest lease that etcd grants by default, in seconds.
const SHORT_TTL: i64 = 2;

/// Keeps a lease of its own alive, on a stream of its own.
pub async fn keepalive(seat: Seat) -> Result<(), Failure> {
    let id = grant(&seat, LONG_TTL).await?;
    let request = LeaseKeepAliveRequest { id };
    let mut call = Call::open(&seat.channel, Method::LeaseKeepAlive, &request)?;
    alive(&mut call).await?;
    seat.started().await;
    while let Some(due) = seat.next().await {
        let result = async {
            call.send(&request);
            alive(&mut call).await
        };
        seat.record(Kind::Keepalive, due, result.await)?;
    }
    Ok(())
}

async fn alive(call: &mut Call) -> Result<u64, Failure> {
    let answer = LeaseKeepAliveResponse::decode(call.next().await?)?;
    if answer.ttl > 0 { Ok(0) } else { Err(Failure::Answer("a lease that ended early")) }
}

/// Grants short leases, attaches a key to each, and leaves them to expire.
pub async fn churn(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    while let Some(due) = seat.next().await {
        let granted = grant(&seat, SHORT_TTL).await;
        let lease = granted.as_ref().ok().copied();
        seat.record(Kind::Grant, due, granted.map(|_| 0))?;
        if let Some(lease) = lease {
            let key = named("/registry/leased/", lease as u64 % 1_000_000);
            let put = PutRequest { key, value: seat.pick_value(), lease, ..PutRequest::default() };
            let due = std::time::Instant::now();
            let result = seat.channel.unary(Method::Put, framed(&put)).await;
            seat.record(Kind::Put, due, result.map(|_| 0))?;
        }
    }
    Ok(())
}

/// A lease that the server names.
async fn grant(seat: &Seat, ttl: i64) -> Result<i64, Failure> {
    let request = LeaseGrantRequest { ttl, id: 0 };
    let answer: LeaseGrantResponse = seat.channel.ask(Method::LeaseGrant, &request).await?;
    Ok(answer.id)
}
