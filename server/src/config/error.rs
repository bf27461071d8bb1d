//! Why the configuration cannot be used.

use super::duration::DurationError;
use super::settings::Origin;
use super::url::UrlError;
use super::value::ValueError;

/// Why [`load`](super::load) refuses to go on. Every message names the option, the value and what
/// to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line is wrong.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// An option comes from two places.
    #[error(
        "conflicting environment variable {0:?} is shadowed by corresponding command-line flag \
         (either unset environment variable or disable flag)"
    )]
    Conflict(String),
    /// An environment variable holds what its option cannot take.
    #[error("invalid value {text:?} for {variable}: {error}")]
    Variable {
        /// The variable.
        variable: String,
        /// Its value.
        text: String,
        /// What is wrong with it.
        error: ValueError,
    },
    /// The configuration file is wrong.
    #[error("{path}: {error}")]
    File {
        /// Its path.
        path: String,
        /// What is wrong.
        error: FileError,
    },
    /// An option cannot be ignored and does not work here.
    #[error("{origin}={text:?} cannot be honoured: {reason}")]
    Refused {
        /// Where the option comes from.
        origin: Origin,
        /// Its value.
        text: String,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// Values are well formed but make no sense.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl ConfigError {
    /// The process's exit code: 2 for a wrong command line, 1 for everything else, as in etcd.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            _ => 1,
        }
    }
}

/// What is wrong with the command line; the beginnings are those of Go's flag package.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum UsageError {
    #[error("flag provided but not defined: -{0}")]
    Unknown(String),
    #[error("flag needs an argument: -{0}")]
    NeedsArgument(String),
    #[error("bad flag syntax: {0}")]
    Syntax(String),
    #[error("argument {0:?} is not valid UTF-8; paths must be, too")]
    NotUnicode(String),
    #[error(
        "{0:?} is not a valid flag; flags begin with a dash, and the only subcommand is tune, right behind braid"
    )]
    Word(String),
    #[error("invalid value {text:?} for flag -{name}: {error}")]
    Value { name: String, text: String, error: ValueError },
    #[error("invalid boolean value {text:?} for -{name}: {error}")]
    Boolean { name: String, text: String, error: ValueError },
}

/// What is wrong with the configuration file.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FileError {
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("is larger than {0} bytes; that is no configuration")]
    TooLarge(u64),
    #[error("is neither YAML nor JSON: {0}")]
    Syntax(String),
    #[error("holds no mapping of option names to values at its top")]
    NoMapping,
    #[error("`{0}` must be a mapping")]
    NoSection(String),
    #[error("invalid value for `{key}`: {error}")]
    Value { key: String, error: ValueError },
    #[error("`{0}` is unknown and stands in a section that must not be ignored; remove it")]
    UnknownInSection(String),
}

/// Well-formed values that make no sense. Texts of etcd where etcd has one.
#[derive(Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Invalid {
    #[error("--{name}: {error}")]
    Url { name: &'static str, error: UrlError },
    #[error(
        "--{name}: {text}: Braid cannot serve {scheme} yet; give a URL like http://127.0.0.1:2379"
    )]
    Scheme { name: &'static str, text: String, scheme: &'static str },
    #[error("--{0} is empty; give at least one URL like http://127.0.0.1:2379")]
    NoUrls(&'static str),
    #[error("--advertise-client-urls is required when --listen-client-urls is set explicitly")]
    UnsetAdvertiseClientUrls,
    #[error("error setting up initial cluster: {0}")]
    InitialCluster(UrlError),
    #[error(
        "--initial-cluster={text:?} names {count} members; Braid runs one member for now, so it may name only {name:?} (or leave --initial-cluster out)"
    )]
    SeveralMembers { text: String, count: usize, name: String },
    #[error(
        "couldn't find local name {name:?} in the initial cluster configuration {text:?}; make --name and --initial-cluster agree"
    )]
    NotInCluster { name: String, text: String },
    #[error(
        "--initial-cluster has {cluster} but --initial-advertise-peer-urls has {advertised}; make them agree"
    )]
    PeerUrlsDiffer { cluster: String, advertised: String },
    #[error(
        "--cores={cores} exceeds the {allowed} CPUs that this process may use; leave it out to use \
         all of them, or widen the affinity mask (taskset, cpuset)"
    )]
    Cores { cores: u64, allowed: u64 },
    #[error("--heartbeat-interval must be >0 (set to {0}ms)")]
    Heartbeat(u64),
    #[error("--election-timeout must be >0 (set to {0}ms)")]
    Election(u64),
    #[error(
        "--election-timeout[{election}ms] should be at least as 5 times as --heartbeat-interval[{heartbeat}ms]"
    )]
    ElectionTooShort { election: u64, heartbeat: u64 },
    #[error("--election-timeout[{0}ms] is too long, and should be set less than 50000ms")]
    ElectionTooLong(u64),
    #[error("unknown auto-compaction-mode {0:?}; give periodic or revision")]
    CompactionMode(String),
    #[error("undefined auto-compaction-mode; give periodic or revision")]
    NoCompactionMode,
    #[error(
        "error parsing CompactionRetention: {0}; give --auto-compaction-retention hours or a duration such as 30m"
    )]
    CompactionRetention(DurationError),
    #[error(
        "--auto-compaction-retention={0:?} is no number of revisions, which --auto-compaction-mode=revision needs"
    )]
    CompactionRevisions(String),
    #[error("unknown logger option {0:?}; give zap")]
    Logger(String),
    #[error("unrecognized level: {0:?}; give --log-level debug, info, warn, error, panic or fatal")]
    LogLevel(String),
    #[error("unknown log format: {0}, supported values json, console")]
    LogFormat(String),
    #[error(
        "multi logoutput for \"default\" is not supported yet; leave \"default\" out of --log-outputs"
    )]
    LogOutputs,
    #[error("--feature-gates: unrecognized feature gate: {0}")]
    FeatureGate(String),
    #[error("--feature-gates: missing bool value for {0}")]
    FeatureGateValue(String),
    #[error("--{name}={value} is out of range; give {least} to {most}")]
    Range { name: &'static str, value: u64, least: u64, most: u64 },
    #[error("--profile={0}")]
    Profile(String),
}
