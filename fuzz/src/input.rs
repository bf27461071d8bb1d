//! A fuzzer's bytes, read as decisions.

/// Numbers and slices from the front of some bytes; past their end all numbers are 0.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Up to `len` bytes.
    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Some bytes: their length comes first, as a byte.
    pub fn short(&mut self) -> &'a [u8] {
        let len = usize::from(self.u8());
        self.bytes(len)
    }

    /// Some bytes: their length comes first, as two bytes.
    pub fn long(&mut self) -> &'a [u8] {
        let len = usize::from(self.u16());
        self.bytes(len)
    }

    /// A byte.
    pub fn u8(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or_default()
    }

    /// Two bytes.
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.u8(), self.u8()])
    }

    /// Eight bytes, or one: small numbers are the likely ones to go together.
    pub fn u64(&mut self) -> u64 {
        match self.u8() {
            u8::MAX => (0..8).fold(0, |number, _| number << 8 | u64::from(self.u8())),
            small => u64::from(small),
        }
    }

    /// A number from 0 up to, not including, `bound` (1 to 256).
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.u8()) % bound
    }
}
