//! Keepalive policing. The HTTP/2 machine answers PINGs by itself and tells nobody, so they are
//! counted below it, by the frame headers alone.

use std::time::Duration;

const PREFACE_BYTES: usize = 24;
const HEADER_BYTES: usize = 9;
const PING: u8 = 6;
const ACK: u8 = 1;

/// Violations that a client may commit before it is sent away.
const STRIKES: u32 = 2;

/// Shortest time between two PINGs of a client that has no stream.
const IDLE_MIN_TIME: Duration = Duration::from_secs(2 * 60 * 60);

/// Finds the PINGs in the bytes that a client sends.
#[derive(Debug)]
pub struct PingScanner {
    skip: usize,
    header: [u8; HEADER_BYTES],
    have: usize,
}

impl Default for PingScanner {
    fn default() -> Self {
        Self { skip: PREFACE_BYTES, header: [0; HEADER_BYTES], have: 0 }
    }
}

impl PingScanner {
    /// How many PINGs (not answers to ours) begin in the next `bytes` of the connection.
    pub fn scan(&mut self, mut bytes: &[u8]) -> u32 {
        let mut pings = 0;
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let taken = (HEADER_BYTES - self.have).min(bytes.len());
            self.header[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == HEADER_BYTES {
                pings += u32::from(self.finish_header());
            }
        }
        pings
    }

    fn finish_header(&mut self) -> bool {
        let [a, b, c, kind, flags, ..] = self.header;
        self.skip = u32::from_be_bytes([0, a, b, c]) as usize;
        self.have = 0;
        kind == PING && flags & ACK == 0
    }
}

/// Judges a client's PINGs: too many in too little time are strikes, and sending it anything
/// forgives.
#[derive(Debug)]
pub struct PingPolicy {
    min_time: Duration,
    last: Option<Duration>,
    strikes: u32,
}

impl PingPolicy {
    /// Clients with streams may ping every `min_time`.
    #[must_use]
    pub fn new(min_time: Duration) -> Self {
        Self { min_time, last: None, strikes: 0 }
    }

    /// Notes a PING; `sent` tells whether the server sent an answer since the last one. Whether
    /// the client must go.
    pub fn on_ping(&mut self, now: Duration, has_streams: bool, sent: bool) -> bool {
        let last = self.last.replace(now);
        if sent {
            self.strikes = 0;
            return false;
        }
        let min_time = if has_streams { self.min_time } else { IDLE_MIN_TIME };
        if last.is_some_and(|last| now < last + min_time) {
            self.strikes += 1;
        }
        self.strikes > STRIKES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Vec<u8> {
        let mut bytes = vec![b'x'; PREFACE_BYTES];
        bytes.extend([0, 0, 8, PING, 0, 0, 0, 0, 0]);
        bytes.extend([PING; 8]);
        bytes.extend([0, 0, 3, 0, 0, 0, 0, 0, 1, 6, 6, 6]);
        bytes.extend([0, 0, 8, PING, ACK, 0, 0, 0, 0]);
        bytes.extend([0; 8]);
        bytes.extend([0, 0, 8, PING, 0, 0, 0, 0, 0]);
        bytes.extend([0; 8]);
        bytes
    }

    #[test]
    fn pings_are_found_wherever_the_bytes_are_cut() {
        let bytes = stream();
        for size in 1..bytes.len() {
            let mut scanner = PingScanner::default();
            let found: u32 = bytes.chunks(size).map(|chunk| scanner.scan(chunk)).sum();
            assert_eq!(found, 2, "in chunks of {size}");
        }
    }

    #[test]
    fn the_third_early_ping_in_a_row_is_one_too_many() {
        let mut policy = PingPolicy::new(Duration::from_secs(5));
        let ping = |policy: &mut PingPolicy, second, sent| {
            policy.on_ping(Duration::from_secs(second), true, sent)
        };
        assert!(!ping(&mut policy, 0, false));
        assert!(!ping(&mut policy, 1, false));
        assert!(!ping(&mut policy, 2, false));
        assert!(!ping(&mut policy, 3, true), "an answer in between forgives");
        assert!(!ping(&mut policy, 4, false) && !ping(&mut policy, 5, false));
        assert!(ping(&mut policy, 6, false));
    }

    #[test]
    fn without_streams_a_ping_every_five_seconds_is_too_often() {
        let mut policy = PingPolicy::new(Duration::from_secs(5));
        let verdicts: Vec<bool> =
            (0..4).map(|i| policy.on_ping(Duration::from_secs(6 * i), false, false)).collect();
        assert_eq!(verdicts, [false, false, false, true]);
    }
}
