//! The usual size of each workload: that of the figures that the project quotes.

use super::Workload;
use crate::values::Size;

/// What a workload has where nothing else is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    /// Operations in flight.
    pub clients: u64,
    /// Connections that they share.
    pub connections: u64,
    /// Watchers; for reads under writes, the writers.
    pub watchers: u64,
    /// Keys.
    pub keys: u64,
    /// They are there before the load begins.
    pub loaded: bool,
    /// Operations a second.
    pub rate: Option<f64>,
    /// The same for writers beside what is measured.
    pub write_rate: Option<f64>,
    /// Bytes of a value.
    pub value_size: Size,
}

const MANY_KEYS: u64 = 1_000_000;

impl Usual {
    const fn clients(clients: u64, connections: u64) -> Self {
        Self {
            clients,
            connections,
            watchers: 0,
            keys: 100_000,
            loaded: false,
            rate: None,
            write_rate: None,
            value_size: Size::fixed(256),
        }
    }

    const fn on_loaded(self, keys: u64) -> Self {
        Self { keys, loaded: true, ..self }
    }

    const fn with_watchers(self, watchers: u64) -> Self {
        Self { watchers, ..self }
    }

    const fn at_rate(self, rate: f64) -> Self {
        Self { rate: Some(rate), ..self }
    }

    const fn written_at(self, rate: f64) -> Self {
        Self { write_rate: Some(rate), ..self }
    }
}

impl Workload {
    /// What is usual for it.
    pub fn usual(self) -> Usual {
        match self {
            Self::Put | Self::Echo => Usual::clients(1000, 10),
            Self::Get => Usual::clients(1000, 10).on_loaded(100_000),
            Self::Mixed => Usual::clients(1000, 10).on_loaded(100_000),
            Self::Prefix => Usual::clients(100, 10).on_loaded(100_000),
            Self::ReadUnderWrite => Usual::clients(100, 10)
                .on_loaded(100_000)
                .with_watchers(100)
                .at_rate(1000.0)
                .written_at(5000.0),
            Self::Count
            | Self::CountPinned
            | Self::ListPages
            | Self::ListAll
            | Self::ListStream => Usual::clients(1, 1).on_loaded(MANY_KEYS),
            Self::TxnCreate | Self::TxnUpdate | Self::TxnDelete | Self::TxnPair => {
                Usual::clients(100, 10)
            }
            Self::WatchFanout => Usual::clients(10, 10).with_watchers(1000),
            Self::WatchLatency => Usual::clients(10, 10).with_watchers(100).at_rate(200.0),
            Self::LeaseKeepalive => Usual::clients(100, 10),
            Self::LeaseChurn => Usual::clients(100, 10),
            Self::Kubernetes => Usual::clients(100, 10),
            Self::ConnectionStorm => Usual::clients(16, 1).on_loaded(1000),
            Self::Idle => Usual::clients(1, 1),
        }
    }
}
