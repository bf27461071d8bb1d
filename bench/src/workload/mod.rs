//! The workloads, and what is usual for each.

mod connections;
mod kubernetes;
mod lease;
mod list;
mod ordinary;
mod prepare;
mod request;
mod transaction;
mod usual;
mod watch;

use clap::ValueEnum;
use serde::Serialize;

pub use prepare::prepare;

use crate::error::Error;
use crate::failure::Failure;
use crate::load::{Kind, Seat};
use crate::shape::Shape;

/// What clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// Puts.
    Put,
    /// Linearizable ranges of one key.
    Get,
    /// Ranges over a prefix with ten keys.
    Prefix,
    /// Reads and puts, by --reads.
    Mixed,
    /// Reads, while other clients write at --write-rate.
    ReadUnderWrite,
    /// Counts of all keys.
    Count,
    /// Counts of all keys at a revision before one of a hundred changed.
    CountPinned,
    /// All keys page by page at one revision, --limit keys each.
    ListPages,
    /// All keys in one answer.
    ListAll,
    /// All keys in one streamed answer.
    ListStream,
    /// Kubernetes' create: put a key if it is not there.
    TxnCreate,
    /// Kubernetes' update: put a key if it has not changed.
    TxnUpdate,
    /// Kubernetes' delete: delete a key if it has not changed; creates it before.
    TxnDelete,
    /// Transactions that put two keys.
    TxnPair,
    /// --watchers on one key, which --clients put as fast as they can.
    WatchFanout,
    /// Time from a put to its event at each of --watchers; puts at --rate.
    WatchLatency,
    /// Leases kept alive, each client its own.
    LeaseKeepalive,
    /// Short leases granted, a key attached to each, left to expire.
    LeaseChurn,
    /// What a Kubernetes control plane does: node leases, pods that come and go, paged lists, watches.
    Kubernetes,
    /// New connections with one read each.
    ConnectionStorm,
    /// Puts to a server that only echoes them: what HTTP/2 alone costs.
    Echo,
    /// Nothing: what a server uses that nobody asks anything.
    Idle,
}

impl Workload {
    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What one of its clients does until the run ends. Clients below [`Self::watching_seats`]
    /// watch.
    pub async fn client(self, seat: Seat) -> Result<(), Failure> {
        match self {
            Self::Put => ordinary::put(seat).await,
            Self::Get => ordinary::get(seat).await,
            Self::Prefix => ordinary::prefix(seat).await,
            Self::Mixed => ordinary::mixed(seat).await,
            Self::ReadUnderWrite => ordinary::read_under_write(seat).await,
            Self::Count => list::count(seat, 0).await,
            Self::CountPinned => list::count_pinned(seat).await,
            Self::ListPages => list::pages(seat).await,
            Self::ListAll => list::all(seat).await,
            Self::ListStream => list::stream(seat).await,
            Self::TxnCreate => transaction::create(seat).await,
            Self::TxnUpdate => transaction::update(seat).await,
            Self::TxnDelete => transaction::delete(seat).await,
            Self::TxnPair => transaction::pair(seat).await,
            Self::WatchFanout => watch::fan_out(seat).await,
            Self::WatchLatency => watch::latency(seat).await,
            Self::LeaseKeepalive => lease::keepalive(seat).await,
            Self::LeaseChurn => lease::churn(seat).await,
            Self::Kubernetes => kubernetes::client(seat).await,
            Self::ConnectionStorm => connections::storm(seat).await,
            Self::Echo => ordinary::echo(seat).await,
            Self::Idle => idle(seat).await,
        }
    }

    /// How many clients only watch.
    pub fn watching_seats(self, shape: &Shape) -> u64 {
        match self {
            Self::WatchFanout | Self::WatchLatency => shape.connections.min(shape.watchers),
            Self::ReadUnderWrite => shape.watchers,
            _ => 0,
        }
    }

    /// The kind of operation that the workload is about.
    pub fn main_kind(self) -> Kind {
        match self {
            Self::Put | Self::Echo | Self::Idle => Kind::Put,
            Self::Get | Self::Prefix | Self::Mixed | Self::ReadUnderWrite => Kind::Get,
            Self::Count | Self::CountPinned => Kind::Count,
            Self::ListPages => Kind::Page,
            Self::ListAll | Self::ListStream => Kind::List,
            Self::TxnCreate => Kind::Create,
            Self::TxnUpdate | Self::Kubernetes => Kind::Update,
            Self::TxnDelete => Kind::Delete,
            Self::TxnPair => Kind::Pair,
            Self::WatchFanout | Self::WatchLatency => Kind::Event,
            Self::LeaseKeepalive => Kind::Keepalive,
            Self::LeaseChurn => Kind::Grant,
            Self::ConnectionStorm => Kind::Connection,
        }
    }

    /// The kind of operation that `--rate` paces.
    pub fn paced_kind(self) -> Kind {
        match self {
            Self::WatchFanout | Self::WatchLatency => Kind::Put,
            _ => self.main_kind(),
        }
    }

    /// Refuses what the workload cannot do.
    pub fn check(self, shape: &Shape) -> Result<(), Error> {
        let carries_time = self == Self::WatchLatency;
        if carries_time && shape.values.least_bytes() < watch::STAMP_BYTES {
            let least = watch::STAMP_BYTES;
            return Err(Error::Options(format!(
                "--value-size must be {least} or more: values carry the time"
            )));
        }
        if self == Self::Prefix && !shape.keys.count().is_multiple_of(10) {
            return Err(Error::Options(
                "--keys must be a multiple of ten: prefixes hold ten keys".into(),
            ));
        }
        Ok(())
    }
}

async fn idle(seat: Seat) -> Result<(), Failure> {
    seat.started().await;
    seat.until_the_end(std::future::pending::<()>()).await;
    Ok(())
}
