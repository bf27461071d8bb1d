//! `--feature-gates`: etcd's gates switch nothing here, but a typing error in them is one.

use super::error::Invalid;
use super::settings::Settings;
use super::value::Value;
use crate::config::option::Kind;

/// The gates of etcd 3.7, and those that later manifests may name.
const GATES: [&str; 11] = [
    "AllAlpha",
    "AllBeta",
    "CompactHashCheck",
    "FastLeaseKeepAlive",
    "InitialCorruptCheck",
    "LeaseCheckpoint",
    "LeaseCheckpointPersist",
    "PriorityRequest",
    "SetMemberLocalAddr",
    "StopGRPCServiceOnDefrag",
    "TxnModeWriteWithSharedBuffer",
];

pub(super) fn check(settings: &Settings) -> Result<(), Invalid> {
    settings.strings("feature-gates").iter().try_for_each(|gate| check_gate(gate))
}

fn check_gate(text: &str) -> Result<(), Invalid> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    if Value::parse(Kind::Bool, value.trim()).is_err() {
        return Err(Invalid::FeatureGateValue(name.to_owned()));
    }
    if !GATES.contains(&name.trim()) {
        return Err(Invalid::FeatureGate(name.to_owned()));
    }
    Ok(())
}
