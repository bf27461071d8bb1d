//! The data directory's identity file: whose the directory is, and what can never change in it.
//!
//! It is written once, when the directory is created, before any segment.

use bytes::{Buf, BufMut};

use crate::ids::{ClusterId, MemberId};
use crate::limits::MAX_NAME_BYTES;
use crate::segment::is_block_size;

/// The identity file's name in the data directory.
pub const FILE_NAME: &str = "member";

/// The format of data directories that this build makes, and the newest that it opens.
pub const FORMAT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"BRAIDMEM";
/// As in a segment: the same place in every version, over all other bytes of the file.
const CRC_AT: usize = 12;
const FIELDS_AT: usize = 16;
/// Cluster, member, block size, shard count, length of the name.
const FIXED_BYTES: usize = 8 + 8 + 4 + 2 + 2;

/// Whose a data directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The cluster.
    pub cluster: ClusterId,
    /// The member.
    pub member: MemberId,
    /// The member's name when the directory was made.
    pub name: String,
    /// How many shards the keyspace has.
    pub shards: u16,
    /// The block size that segments had when the directory was made.
    pub block_bytes: u32,
}

/// Why an identity file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not an identity file, or a bit of it is wrong.
    #[error("the identity file `{FILE_NAME}` is damaged: restore the data directory or remove it")]
    Damaged,
    /// A newer build made the directory.
    #[error(
        "the data directory has format version {0}, newer than this build reads \
         ({FORMAT_VERSION}): run the version of braid that made it, or a later one"
    )]
    Newer(u32),
    /// The name does not fit.
    #[error("a member's name has at most {MAX_NAME_BYTES} bytes")]
    LongName,
}

impl Identity {
    /// The file's content.
    ///
    /// # Errors
    /// When the name is too long.
    pub fn encode(&self) -> Result<Vec<u8>, IdentityError> {
        if self.name.len() > MAX_NAME_BYTES {
            return Err(IdentityError::LongName);
        }
        let mut file = Vec::with_capacity(FIELDS_AT + FIXED_BYTES + self.name.len());
        file.put_slice(&MAGIC);
        file.put_u32_le(FORMAT_VERSION);
        file.put_u32_le(0);
        file.put_u64_le(self.cluster.0);
        file.put_u64_le(self.member.0);
        file.put_u32_le(self.block_bytes);
        file.put_u16_le(self.shards);
        file.put_u16_le(self.name.len() as u16);
        file.put_slice(self.name.as_bytes());
        let crc = checksum(&file);
        file[CRC_AT..FIELDS_AT].copy_from_slice(&crc.to_le_bytes());
        Ok(file)
    }

    /// The identity in a file's whole content.
    ///
    /// # Errors
    /// When it is damaged or of a newer format.
    pub fn decode(file: &[u8]) -> Result<Self, IdentityError> {
        let (mut preamble, fields) =
            file.split_at_checked(FIELDS_AT).ok_or(IdentityError::Damaged)?;
        if !preamble.starts_with(&MAGIC) {
            return Err(IdentityError::Damaged);
        }
        preamble.advance(MAGIC.len());
        let (version, crc) = (preamble.get_u32_le(), preamble.get_u32_le());
        if crc != checksum(file) {
            return Err(IdentityError::Damaged);
        }
        if version > FORMAT_VERSION {
            return Err(IdentityError::Newer(version));
        }
        Self::get_fields(fields).ok_or(IdentityError::Damaged)
    }

    fn get_fields(fields: &[u8]) -> Option<Self> {
        let (mut fixed, name) = fields.split_at_checked(FIXED_BYTES)?;
        let (cluster, member) = (ClusterId(fixed.get_u64_le()), MemberId(fixed.get_u64_le()));
        let (block_bytes, shards) = (fixed.get_u32_le(), fixed.get_u16_le());
        let name_len = usize::from(fixed.get_u16_le());
        let possible = name.len() == name_len && name_len <= MAX_NAME_BYTES;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        (possible && is_block_size(block_bytes) && shards > 0).then_some(Self {
            cluster,
            member,
            name,
            shards,
            block_bytes,
        })
    }
}

/// Of all bytes but the checksum's own. `file` is at least as long as the preamble.
fn checksum(file: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&file[..CRC_AT]), &file[FIELDS_AT..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            cluster: ClusterId(0x0102_0304_0506_0708),
            member: MemberId(0x1112_1314_1516_1718),
            name: "default".to_owned(),
            shards: 16,
            block_bytes: 512,
        }
    }

    #[test]
    fn golden_bytes() {
        let expected = [
            "42524149444d454d",
            "01000000",
            "e380e65d",
            "0807060504030201",
            "1817161514131211",
            "00020000",
            "1000",
            "0700",
            "64656661756c74",
        ];
        let bytes = identity().encode().unwrap();
        let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn round_trip() {
        assert_eq!(Identity::decode(&identity().encode().unwrap()), Ok(identity()));
    }

    #[test]
    fn damage_and_truncation_are_noticed() {
        let genuine = identity().encode().unwrap();
        for len in 0..genuine.len() {
            assert_eq!(Identity::decode(&genuine[..len]), Err(IdentityError::Damaged));
        }
        for bit in 0..genuine.len() * 8 {
            let mut bytes = genuine.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Identity::decode(&bytes), Err(IdentityError::Damaged), "bit {bit}");
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut bytes = identity().encode().unwrap();
        bytes[8] = 9;
        let crc = checksum(&bytes).to_le_bytes();
        bytes[CRC_AT..FIELDS_AT].copy_from_slice(&crc);
        assert_eq!(Identity::decode(&bytes), Err(IdentityError::Newer(9)));
    }

    #[test]
    fn a_long_name_is_refused() {
        let long = Identity { name: "n".repeat(MAX_NAME_BYTES + 1), ..identity() };
        assert_eq!(long.encode(), Err(IdentityError::LongName));
    }
}
