//! A plain, slow and obviously right index: a list of all versions.

use std::collections::BTreeSet;

use braid_storage::ids::{LeaseId, Revision, SegmentId};

use crate::index::NewVersion;
use crate::interval::Interval;
use crate::version::{Found, Location};

/// A version or, without a body, a tombstone.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub key: Vec<u8>,
    pub revision: Revision,
    pub sub: u32,
    pub body: Option<Body>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    pub create_revision: Revision,
    pub version: u64,
    pub lease: LeaseId,
    pub value: Vec<u8>,
}

/// All versions, oldest first.
#[derive(Default)]
pub struct Model {
    pub versions: Vec<Version>,
    pub compacted: Revision,
}

impl Version {
    /// What the index is given for this version.
    pub fn new_version(&self, resident: bool) -> Option<NewVersion<'_>> {
        let body = self.body.as_ref()?;
        Some(NewVersion {
            create_revision: body.create_revision,
            version: body.version,
            lease: body.lease,
            location: Location { segment: SegmentId(self.revision.0), offset: self.sub },
            len: body.value.len() as u32,
            crc: crc32c::crc32c(&body.value),
            bytes: resident.then_some(&body.value),
        })
    }

    /// Whether the index found exactly this version; its bytes may be in memory or not.
    pub fn is(&self, found: Found<'_>) -> bool {
        let Some(new) = self.new_version(true) else { return false };
        let same_bytes = found.value.bytes.is_none_or(|bytes| Some(bytes) == new.bytes);
        found.meta.mod_revision == self.revision
            && found.sub == self.sub
            && found.meta.create_revision == new.create_revision
            && (found.meta.version, found.meta.lease) == (new.version, new.lease)
            && (found.value.location, found.value.len) == (new.location, new.len)
            && found.value.crc == new.crc
            && same_bytes
    }

    fn created(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.create_revision == self.revision)
    }
}

impl Model {
    /// The newest version or tombstone of a key at a revision.
    fn last(&self, key: &[u8], at: Revision) -> Option<&Version> {
        self.versions.iter().rfind(|v| v.key == key && v.revision <= at)
    }

    pub fn at(&self, key: &[u8], at: Revision) -> Option<&Version> {
        self.last(key, at).filter(|version| version.body.is_some())
    }

    pub fn visit(&self, interval: &Interval, at: Revision) -> Vec<&Version> {
        let keys: BTreeSet<_> = self.versions.iter().map(|version| &version.key).collect();
        let inside = keys.into_iter().filter(|key| interval.contains(key));
        inside.filter_map(|key| self.at(key, at)).collect()
    }

    pub fn changes(&self, from: Revision, to: Revision) -> Vec<&Version> {
        let range = from..=to;
        self.versions.iter().filter(|version| range.contains(&version.revision)).collect()
    }

    pub fn prev(&self, change: &Version) -> Option<&Version> {
        let before = change.revision.previous();
        let known = before >= self.compacted && !change.created();
        known.then(|| self.at(&change.key, before)).flatten()
    }

    /// The versions that stay after a compaction.
    pub fn compact(&mut self, revision: Revision) {
        let stays = |version: &Version| {
            let newest = self.last(&version.key, revision) == Some(version);
            let tombstone_before = version.body.is_none() && version.revision < revision;
            version.revision > revision || (newest && !tombstone_before)
        };
        self.versions = self.versions.iter().filter(|v| stays(v)).cloned().collect();
        self.compacted = revision;
    }
}
