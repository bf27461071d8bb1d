//! The identity file of the data directory: written once, checked at every start.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use braid_storage::ids::{ClusterId, MemberId};
use braid_storage::member::{FILE_NAME, Identity, IdentityError};

use crate::config::Config;
use crate::config::settings::Notice;

/// Why the data directory cannot be this member's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk's.
    #[error("{}: {error}", path.display())]
    Io {
        /// The identity file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file's.
    #[error("{}: {error}", path.display())]
    Identity {
        /// The identity file.
        path: PathBuf,
        /// What is wrong.
        error: IdentityError,
    },
    /// There is data, but no file that says whose.
    #[error(
        "{} is missing, but the directory is not empty: it is not a data directory of braid, or a \
         damaged one; choose another --data-dir or restore it",
        path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
}

/// Reads the directory's identity, or gives it this configuration's if it is new. What the file
/// says wins over flags that would change it, with a notice.
///
/// # Errors
/// The file is missing, damaged, or of a newer version.
pub fn open(
    directory: &Path,
    is_new: bool,
    config: &Config,
    block_bytes: u32,
) -> Result<(Identity, Vec<Notice>), Error> {
    let path = directory.join(FILE_NAME);
    if is_new {
        let identity = Identity {
            cluster: ClusterId(config.member.cluster_id),
            member: MemberId(config.member.member_id),
            name: config.member.name.clone(),
            shards: config.shards,
            block_bytes,
        };
        create(directory, &path, &identity)?;
        return Ok((identity, Vec::new()));
    }
    let file = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Error::Missing { path });
        }
        other => other.map_err(|error| Error::Io { path: path.clone(), error })?,
    };
    let identity = Identity::decode(&file).map_err(|error| Error::Identity { path, error })?;
    let notices = differences(&identity, config);
    Ok((identity, notices))
}

fn differences(identity: &Identity, config: &Config) -> Vec<Notice> {
    let mut notices = Vec::new();
    if identity.shards != config.shards {
        notices.push(Notice::warning(format!(
            "--shards={} is ignored: the data directory was made with {} shards, for ever",
            config.shards, identity.shards
        )));
    }
    if identity.member != MemberId(config.member.member_id) {
        notices.push(Notice::warning(format!(
            "the data directory belongs to member {:x}; --initial-advertise-peer-urls and \
             --initial-cluster-token are ignored after the first start",
            identity.member.0
        )));
    }
    notices
}

/// Under another name first: a crash leaves either no identity or a whole one.
fn create(directory: &Path, path: &Path, identity: &Identity) -> Result<(), Error> {
    let failed = |error| Error::Io { path: path.to_owned(), error };
    let bytes =
        identity.encode().map_err(|error| Error::Identity { path: path.to_owned(), error })?;
    let unfinished = path.with_extension("new");
    let write = || {
        let mut file = File::create(&unfinished)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(directory)?.sync_all()
    };
    write().map_err(failed)
}
