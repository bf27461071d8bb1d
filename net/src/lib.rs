//! Braid.
