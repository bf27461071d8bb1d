//! From evaluated writes to entries of the group and frames of the log.

use braid_storage::ids::{Epoch, Location, Revision};
use braid_storage::log::{HardState, Log};
use braid_storage::payload::{self, Encoder};
use braid_storage::record::{self, Batch, Record, ValueSpan};

use super::Shard;
use super::in_flight::{Action, Change};

/// A run of changes that one entry carries: `changes[from..to]` of the write at `write`.
#[derive(Clone, Copy)]
struct Piece {
    write: usize,
    from: usize,
    to: usize,
    part: u32,
    parts: u32,
}

impl Shard {
    /// Proposes all evaluated writes, in entries of up to `entry_bytes`, and pushes what raft wants persisted into `log`: also the
    /// barrier and the vote of an election. Returns the number that [`Shard::persisted`] wants once
    /// the log has synced it; `None` when there is nothing.
    ///
    /// # Errors
    /// When the group has lost its leadership: the reign is over.
    pub fn submit(
        &mut self,
        epoch: Epoch,
        watermark: Revision,
        entry_bytes: usize,
        encoder: &mut Encoder,
        log: &mut Log,
    ) -> Result<Option<u64>, braid_raft::GroupError> {
        let entries = self.plan_entries(entry_bytes);
        for pieces in &entries {
            let (batch, values) = self.build(pieces, epoch, watermark);
            self.group.propose(encoder.batch(&batch, &values))?;
        }
        self.submitted = self.writes.len();
        let Some(unstable) = self.group.poll_unstable() else { return Ok(None) };
        if let Some(vote) = unstable.vote {
            let state = HardState { term: vote.term, vote: vote.vote, commit: vote.commit };
            log.push_hard_state(self.id(), state);
        }
        let mut planned = entries.iter();
        for entry in unstable.entries {
            let values_at = payload::values_offset(&entry.payload).ok();
            let location = log.push_entry(self.id(), entry.term, entry.index, entry.payload);
            // The barrier of a new term is empty and holds no writes.
            if let Some(values_at) = values_at {
                let pieces = planned.next().expect("raft appends exactly what was proposed");
                self.place(pieces, entry.index, location, values_at);
            }
        }
        Ok(Some(unstable.number))
    }

    /// Cuts the unsubmitted writes into entries of up to `entry_bytes`; a write larger than one entry
    /// goes into several parts.
    fn plan_entries(&self, entry_bytes: usize) -> Vec<Vec<Piece>> {
        let mut entries: Vec<Vec<Piece>> = Vec::new();
        let mut room = 0;
        for write in self.submitted..self.writes.len() {
            cut(write, &self.writes[write].changes, entry_bytes, &mut |piece, size| {
                if size > room || entries.is_empty() {
                    entries.push(Vec::new());
                    room = entry_bytes;
                }
                room = room.saturating_sub(size);
                entries.last_mut().expect("one was pushed").push(piece);
            });
        }
        entries
    }

    fn build(&mut self, pieces: &[Piece], epoch: Epoch, watermark: Revision) -> (Batch, Vec<u8>) {
        let changes = |piece: &Piece| &self.writes[piece.write].changes[piece.from..piece.to];
        let bytes = pieces.iter().flat_map(changes).map(Change::value_len).sum();
        let mut values = Vec::with_capacity(bytes);
        let mut records = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let write = &mut self.writes[piece.write];
            let changes = &mut write.changes[piece.from..piece.to];
            records.push(Record {
                revision: write.revision,
                participants: write.participants.clone(),
                part: piece.part,
                parts: piece.parts,
                changes: changes.iter_mut().map(|c| recorded(c, &mut values)).collect(),
            });
        }
        (Batch { epoch, watermark, records }, values)
    }

    /// The entry of `pieces` lies at `location`: turns the values' offsets in it into places on
    /// disk.
    fn place(&mut self, pieces: &[Piece], index: u64, location: Location, values_at: u32) {
        for piece in pieces {
            let write = &mut self.writes[piece.write];
            write.index = index;
            for change in &mut write.changes[piece.from..piece.to] {
                if let Action::Put { location: place, .. } = &mut change.action {
                    place.segment = location.segment;
                    place.offset += location.offset + values_at;
                }
            }
        }
    }
}

/// Cuts the changes of the write at `write` into pieces that fit an entry, each with its size.
fn cut(
    write: usize,
    changes: &[Change],
    entry_bytes: usize,
    visitor: &mut dyn FnMut(Piece, usize),
) {
    let size = |changes: &[Change]| changes.iter().map(Change::size).sum::<usize>();
    let total = size(changes);
    if total <= entry_bytes {
        return visitor(Piece { write, from: 0, to: changes.len(), part: 0, parts: 1 }, total);
    }
    let ends = ends(changes, entry_bytes);
    let parts = ends.len() as u32;
    let mut from = 0;
    for (part, to) in (0..).zip(ends) {
        visitor(Piece { write, from, to, part, parts }, size(&changes[from..to]));
        from = to;
    }
}

/// Where the pieces of a large write end.
fn ends(changes: &[Change], entry_bytes: usize) -> Vec<usize> {
    let (mut ends, mut size) = (Vec::new(), 0);
    for (at, change) in changes.iter().enumerate() {
        if size > 0 && size + change.size() > entry_bytes {
            ends.push(at);
            size = 0;
        }
        size += change.size();
    }
    ends.push(changes.len());
    ends
}

/// The change as the log holds it. Its value goes to the end of `values`; until the entry has its
/// place, the change remembers the value's offset there.
fn recorded(change: &mut Change, values: &mut Vec<u8>) -> record::Change {
    let action = match &mut change.action {
        Action::Put { meta, value, location, crc } => {
            let offset = values.len() as u32;
            values.extend_from_slice(value);
            *location = Location { offset, ..Location::default() };
            record::Action::Put {
                create_revision: meta.create_revision,
                version: meta.version,
                lease: meta.lease,
                value: ValueSpan { offset, len: value.len() as u32, crc: *crc },
            }
        }
        Action::Delete => record::Action::Delete,
    };
    record::Change { sub: change.sub, key: change.key.clone(), action }
}
