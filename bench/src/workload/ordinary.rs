//! Puts, reads, and both together.

use crate::client::framed;
use crate::failure::Failure;
use crate::keys;
use crate::load::{Kind, Seat};
use crate::proto::etcdserverpb::PutRequest;

use super::request::{interval, one, put as put_pair, range};

/// Puts keys of the distribution.
pub async fn put(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    while let Some(due) = seat.next().await {
        let result = put_pair(&seat.channel, seat.pick_key(), seat.pick_value()).await;
        seat.record(Kind::Put, due, result)?;
    }
    Ok(())
}

/// Puts keys to a server that sends back what it gets.
pub async fn echo(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    while let Some(due) = seat.next().await {
        let (key, value) = (seat.pick_key(), seat.pick_value());
        let put = PutRequest { key, value, ..PutRequest::default() };
        let result = seat.channel.echo(framed(&put)).await;
        seat.record(Kind::Put, due, result)?;
    }
    Ok(())
}

/// Reads keys of the distribution.
pub async fn get(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    while let Some(due) = seat.next().await {
        let result = range(&seat.channel, &one(seat.pick_key())).await;
        seat.record(Kind::Get, due, result)?;
    }
    Ok(())
}

/// Reads ten keys with a common prefix.
pub async fn prefix(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    while let Some(due) = seat.next().await {
        let keys = keys::ten_around(seat.pick_number());
        let result = range(&seat.channel, &interval(keys)).await;
        seat.record(Kind::Get, due, result)?;
    }
    Ok(())
}

/// Reads or puts, by the share of reads.
pub async fn mixed(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    while let Some(due) = seat.next().await {
        if seat.rng.borrow_mut().f64() < seat.shape().reads {
            let result = range(&seat.channel, &one(seat.pick_key())).await;
            seat.record(Kind::Get, due, result)?;
        } else {
            let result = put_pair(&seat.channel, seat.pick_key(), seat.pick_value()).await;
            seat.record(Kind::Put, due, result)?;
        }
    }
    Ok(())
}

/// Reads, while as many clients as there are watchers put at a pace of their own.
pub async fn read_under_write(seat: Seat) -> Result<(), Failure> {
    if seat.number >= seat.shape().watchers {
        return get(seat).await;
    }
    seat.started().await;
    while let Some(due) = seat.next_write().await {
        let result = put_pair(&seat.channel, seat.pick_key(), seat.pick_value()).await;
        seat.record(Kind::Put, due, result)?;
    }
    Ok(())
}
