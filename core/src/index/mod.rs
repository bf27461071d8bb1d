//! The index of a shard: keys in order, the history of each, and all changes by revision.
