//! Numbers in as few bytes as they need: seven bits in each, the lowest first.

/// Set in every byte of a number but its last.
const MORE: u8 = 0x80;
/// Bits of a number in each byte.
const BITS: u32 = 7;

/// Appends `number`.
pub(super) fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= u64::from(MORE) {
        bytes.push(number as u8 | MORE);
        number >>= BITS;
    }
    bytes.push(number as u8);
}

/// Appends how far `to` lies from `from`: short when they are near each other, in either direction.
pub(super) fn put_distance(bytes: &mut Vec<u8>, from: u64, to: u64) {
    let distance = to.wrapping_sub(from).cast_signed();
    put_number(bytes, ((distance << 1) ^ (distance >> (u64::BITS - 1))).cast_unsigned());
}

/// Bytes from which numbers are taken off the front; `None` where they end too early.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many bytes are left.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    /// What [`put_number`] wrote; `None` also when it does not fit into 64 bits.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(BITS as usize) {
            let byte = self.byte()?;
            let bits = u64::from(byte & !MORE);
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte & MORE == 0 {
                return Some(number);
            }
        }
        None
    }

    /// As [`Self::number`], of a smaller type.
    pub(super) fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    /// The number that lies as far from `from` as [`put_distance`] wrote.
    pub(super) fn distance(&mut self, from: u64) -> Option<u64> {
        let folded = self.number()?;
        let distance = (folded >> 1) ^ (folded & 1).wrapping_neg();
        Some(from.wrapping_add(distance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [u64; 8] = [0, 1, 127, 128, 300, 1 << 35, u64::MAX >> 1, u64::MAX];

    #[test]
    fn numbers_come_back_and_small_ones_are_short() {
        for number in NUMBERS {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            assert_eq!(bytes.len(), number.max(1).ilog2() as usize / 7 + 1);
            let mut reader = Reader::new(&bytes);
            assert_eq!((reader.number(), reader.len()), (Some(number), 0));
            assert_eq!(Reader::new(&bytes[..bytes.len() - 1]).number(), None);
        }
    }

    #[test]
    fn distances_come_back_from_everywhere() {
        for (from, to) in NUMBERS.iter().flat_map(|from| NUMBERS.map(|to| (*from, to))) {
            let mut bytes = Vec::new();
            put_distance(&mut bytes, from, to);
            assert_eq!(Reader::new(&bytes).distance(from), Some(to));
            assert!(from.abs_diff(to) >= 64 || bytes.len() == 1, "{from} to {to}");
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_none() {
        let ten = |last| [&[0xff; 9][..], &[last]].concat();
        assert_eq!(Reader::new(&ten(1)).number(), Some(u64::MAX));
        assert_eq!(Reader::new(&ten(2)).number(), None);
        assert_eq!(Reader::new(&[0x80; 11]).number(), None);
        assert_eq!(Reader::new(&[0x80, 0x02]).small::<u8>(), None);
    }
}
