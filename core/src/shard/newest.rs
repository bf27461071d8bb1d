//! The newest state of a shard as one ordered walk: what is in flight over what is applied.

use std::iter::Peekable;

use super::Shard;
use crate::interval::Interval;
use crate::overlay::InFlight;
use crate::version::Found;

impl Shard {
    /// The keys that live in the newest state of `interval`, in order.
    pub fn newest_range<'a>(
        &'a self,
        interval: &'a Interval,
    ) -> impl Iterator<Item = (&'a [u8], Found<'a>)> {
        Newest {
            applied: self.state.index.range_newest(interval).peekable(),
            in_flight: self.overlay.range(interval).peekable(),
        }
    }

    /// How many keys live in the newest state of `interval`: the index's count, corrected by what
    /// is in flight.
    #[must_use]
    pub fn count_newest(&self, interval: &Interval) -> u64 {
        let applied = self.state.index.count_newest(interval);
        self.overlay.range(interval).fold(applied, |count, (key, version)| {
            match (self.state.index.newest(key).is_some(), version.put.is_some()) {
                (false, true) => count + 1,
                (true, false) => count - 1,
                _ => count,
            }
        })
    }
}

struct Newest<A: Iterator, O: Iterator> {
    applied: Peekable<A>,
    in_flight: Peekable<O>,
}

impl<'a, A, O> Iterator for Newest<A, O>
where
    A: Iterator<Item = (&'a [u8], Found<'a>)>,
    O: Iterator<Item = (&'a [u8], &'a InFlight)>,
{
    type Item = (&'a [u8], Found<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some((key, _)) = self.in_flight.peek() else { return self.applied.next() };
            match self.applied.peek() {
                Some((applied, _)) if applied < key => return self.applied.next(),
                Some((applied, _)) if applied == key => {
                    self.applied.next();
                }
                _ => {}
            }
            let (key, version) = self.in_flight.next()?;
            if let Some(found) = version.found() {
                return Some((key, found));
            }
        }
    }
}
