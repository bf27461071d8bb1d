//! Changes that no more are added to, in as few bytes as the largest of them takes.

use super::Item;

/// Changes in order, all of the same width.
#[derive(Debug)]
pub(super) struct Sealed {
    /// Of each change its revision and effect, then by how much its record's number is above the
    /// least.
    bytes: Box<[u8]>,
    least_id: u32,
    revision_width: u8,
    id_width: u8,
}

impl Sealed {
    /// Of at least one change.
    pub(super) fn new(items: &[Item]) -> Self {
        let least_id = items.iter().map(|item| item.id).min().unwrap_or_default();
        let most_id = items.iter().map(|item| item.id - least_id).max().unwrap_or_default();
        let last = items.last().map_or(0, |item| item.revision_and_effect);
        let (revision_width, id_width) = (width(last), width(most_id));
        let mut bytes = Vec::with_capacity(items.len() * (revision_width + id_width));
        for item in items {
            let revision = item.revision_and_effect.to_le_bytes();
            bytes.extend_from_slice(&revision[..revision_width]);
            bytes.extend_from_slice(&(item.id - least_id).to_le_bytes()[..id_width]);
        }
        let (revision_width, id_width) = (revision_width as u8, id_width as u8);
        Self { bytes: bytes.into(), least_id, revision_width, id_width }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.width()
    }

    pub(super) fn get(&self, at: usize) -> Item {
        let item = &self.bytes[at * self.width()..][..self.width()];
        let (revision, id) = item.split_at(self.revision_width.into());
        Item { revision_and_effect: number(revision), id: self.least_id + number(id) }
    }

    fn width(&self) -> usize {
        usize::from(self.revision_width) + usize::from(self.id_width)
    }
}

/// Bytes of a number, at least one.
fn width(number: u32) -> usize {
    (number.max(1).ilog2() / u8::BITS) as usize + 1
}

fn number(bytes: &[u8]) -> u32 {
    let mut number = [0; 4];
    number[..bytes.len()].copy_from_slice(bytes);
    u32::from_le_bytes(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_every_width_come_back() {
        for (step, bytes) in [(1, 2), (200, 4), (60_000, 6), (u32::MAX / 10, 8)] {
            let item = |n| Item { revision_and_effect: n * step, id: 7 + (9 - n) * step };
            let items: Vec<Item> = (0..10).map(item).collect();
            let sealed = Sealed::new(&items);
            assert_eq!((sealed.len(), sealed.bytes.len()), (10, 10 * bytes));
            assert_eq!((0..10).map(|at| sealed.get(at)).collect::<Vec<_>>(), items);
        }
    }
}
