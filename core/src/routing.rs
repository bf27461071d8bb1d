//! Which shard owns a key, and which core a shard.

use braid_storage::ids::{CoreId, GroupId};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The fixed map from keys to shards and this start's map from shards to cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routing {
    shards: u16,
    seed: u64,
    cores: u16,
}

impl Routing {
    /// A map over `shards` shards (fixed for the life of the cluster, like `seed`) on `cores`
    /// cores.
    #[must_use]
    pub fn new(shards: u16, seed: u64, cores: u16) -> Self {
        assert!(shards > 0 && cores > 0, "a member has shards and cores");
        Self { shards, seed, cores }
    }

    /// The shard that owns `key`. Part of the data format: XXH3-64 with the cluster's seed, modulo
    /// the shard count.
    #[must_use]
    pub fn shard_of(&self, key: &[u8]) -> GroupId {
        GroupId((xxh3_64_with_seed(key, self.seed) % u64::from(self.shards)) as u16)
    }

    /// The core on which `group` lives.
    #[must_use]
    pub fn core_of(&self, group: GroupId) -> CoreId {
        if group == GroupId::CONTROL { CoreId(0) } else { CoreId(group.0 % self.cores) }
    }

    /// The core that owns `key`.
    #[must_use]
    pub fn core_of_key(&self, key: &[u8]) -> CoreId {
        self.core_of(self.shard_of(key))
    }

    /// The shards of `core`, in order.
    pub fn shards_of(&self, core: CoreId) -> impl Iterator<Item = GroupId> {
        let own = *self;
        (0..self.shards).map(GroupId).filter(move |group| own.core_of(*group) == core)
    }

    /// The cores that own at least one shard.
    pub fn owning_cores(&self) -> impl Iterator<Item = CoreId> {
        (0..self.cores.min(self.shards)).map(CoreId)
    }

    /// How many shards there are.
    #[must_use]
    pub fn shards(&self) -> u16 {
        self.shards
    }

    /// How many cores there are.
    #[must_use]
    pub fn cores(&self) -> u16 {
        self.cores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_of_keys_is_frozen() {
        let routing = Routing::new(16, 42, 2);
        let shards =
            [&b""[..], b"a", b"/registry/pods/default/x"].map(|key| routing.shard_of(key).0);
        assert_eq!(shards, [2, 4, 9], "changing the hash loses every key of existing clusters");
    }

    #[test]
    fn every_shard_lives_on_exactly_one_core() {
        let routing = Routing::new(7, 0, 3);
        let mut all: Vec<_> =
            (0..3).flat_map(|core| routing.shards_of(CoreId(core)).collect::<Vec<_>>()).collect();
        all.sort();
        assert_eq!(all, (0..7).map(GroupId).collect::<Vec<_>>());
        assert_eq!(routing.core_of(GroupId::CONTROL), CoreId(0));
    }
}
