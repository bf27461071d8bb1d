//! Watch streams and their watchers.
