//! Puts a member's cores together from what recovery found.

use std::sync::Arc;

use braid_raft::{Group, GroupError};
use braid_storage::ids::{ClusterId, CoreId, GroupId, MemberId};
use braid_storage::log::{ConfigError, Log, LogConfig};
use braid_storage::record::Control;

use crate::cells::Cells;
use crate::machine::{Base, CoreState};
use crate::recovery::Restore;
use crate::routing::Routing;
use crate::shard::{Shard, ShardState};

/// What a member is told, beside what it recovers.
#[derive(Clone, Debug)]
pub struct MemberConfig {
    /// The cluster.
    pub cluster: ClusterId,
    /// This member.
    pub member: MemberId,
    /// The map of keys; shards and seed are the cluster's, the cores this start's.
    pub routing: Routing,
    /// Shard count and hash seed to be written as the cluster's first entry, for a new cluster.
    pub genesis: Option<(u16, u64)>,
    /// The log of core 0; the other cores' differ in the core alone.
    pub log: LogConfig,
    /// Bytes of the segments on disk.
    pub disk_bytes: u64,
}

/// Why a member cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// A group's state is not valid.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// The log's sizes are not valid.
    #[error(transparent)]
    Log(#[from] ConfigError),
}

/// The state of every core, in order.
///
/// # Errors
/// When the sizes do not go together, or a group's recovered state is not valid.
pub fn cores(config: &MemberConfig, restore: Restore) -> Result<Vec<CoreState>, MemberError> {
    let cells = Arc::new(Cells::new(config.routing.cores(), restore.last));
    let mut states: Vec<Option<ShardState>> = restore.shards.into_iter().map(Some).collect();
    states.resize_with(usize::from(config.routing.shards()), || None);
    let group = |id: GroupId| {
        let restored = restore.groups.get(&id).copied().unwrap_or_default();
        Group::restore(id, config.member.0, restored)
    };
    let mut cores = Vec::new();
    for id in (0..config.routing.cores()).map(CoreId) {
        let shards = config.routing.shards_of(id).map(|shard| {
            let state = states[usize::from(shard.0)].take().unwrap_or_default();
            Ok(Shard::new(group(shard)?, state, restore.last))
        });
        let shards = shards.collect::<Result<Vec<Shard>, GroupError>>()?;
        let first = id == CoreId(0);
        let base = Base {
            genesis: config.genesis.map(|(shards, seed)| Control::Genesis {
                cluster: config.cluster.0,
                shards,
                seed,
            }),
            last_epoch: restore.last_epoch,
            revision: restore.last,
        };
        cores.push(CoreState {
            id,
            routing: config.routing,
            cells: cells.clone(),
            log: Log::new(LogConfig { core: id, ..config.log })?,
            shards,
            leases: restore.leases.clone(),
            compacted: restore.compacted,
            disk_bytes: if first { config.disk_bytes } else { 0 },
            last: restore.last,
            control: if first { Some((group(GroupId::CONTROL)?, base)) } else { None },
        });
    }
    Ok(cores)
}
