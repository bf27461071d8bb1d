//! Bugs on purpose: each proves that the tests would find its like.
//!
//! Only with the feature `planted`, which does not compile without debug assertions: none of them
//! can exist in a release build. Without the feature [`planted`] is always `false` and costs
//! nothing.

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted bugs must not get into a release: build without the feature `planted`");

macro_rules! bugs {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $($(#[$doc])* $name,)*
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Bug] = &[$(Bug::$name,)*];
        }
    };
}

bugs! {
    /// The driver reports a write as durable without having synced it.
    SkipSync,
    /// A client hears of its write before the watermark has reached it.
    AcknowledgeBeforeWatermark,
    /// Two writes get the same revision.
    ReuseRevision,
    /// What is committed is applied whether the watermark has reached it or not.
    ApplyBesideWatermark,
    /// A watcher misses an event.
    DropEvent,
    /// A watcher is told an event twice.
    DuplicateEvent,
    /// The events of one transaction go in two responses.
    SplitEvents,
    /// A lease ends before its time.
    ExpireLeaseEarly,
    /// A restart forgets leases that no key is attached to.
    LoseDetachedLease,
    /// A restart takes records for good that an earlier one has declared void.
    ForgetVoidRecord,
    /// A restart does not see that a key was deleted.
    ResurrectDeletedKey,
    /// A read does not look how far the watermark has come.
    StaleRead,
    /// The count of keys at an old revision misses a change.
    WrongOldCount,
    /// A compaction drops the version that it has to keep.
    CompactTooMuch,
    /// Recovery takes damage in the middle of a log for its end.
    CutAtBadChecksum,
    /// Recovery takes an acknowledged write at the end of a log for a torn one.
    CutAcknowledged,
    /// Each core computes a watermark of its own.
    WatermarkGoesBack,
    /// Progress is told before the events that it stands for.
    ProgressAheadOfEvents,
    /// A reign takes the number of the one before it.
    IgnoreEpoch,
    /// A commit is published before its events have left.
    PublishBeforeEvents,
    /// A compaction is acknowledged before all cores act on it.
    AcknowledgeUpdateEarly,
    /// Whoever raises the watermark wakes nobody.
    ForgetWakeUp,
    /// A value that was read from disk is not checked.
    TrustDisk,
}

/// Whether the bug strikes now.
#[cfg(not(feature = "planted"))]
#[must_use]
pub const fn planted(_: Bug) -> bool {
    false
}

#[cfg(feature = "planted")]
pub use active::{Planted, plant, planted};

#[cfg(feature = "planted")]
mod active {
    use std::cell::Cell;

    use super::Bug;

    #[derive(Clone, Copy)]
    struct Active {
        bug: Bug,
        /// Strikes once in so many times that its place is passed.
        once_in: u32,
        passed: u32,
    }

    thread_local! {
        static ACTIVE: Cell<Option<Active>> = const { Cell::new(None) };
    }

    /// Removes the bug when it is dropped.
    #[must_use]
    pub struct Planted(());

    impl Drop for Planted {
        fn drop(&mut self) {
            ACTIVE.set(None);
        }
    }

    /// Plants a bug in what this thread runs; it strikes once in so many times.
    pub fn plant(bug: Bug, once_in: u32) -> Planted {
        ACTIVE.set(Some(Active { bug, once_in, passed: 0 }));
        Planted(())
    }

    /// Whether the bug strikes now.
    #[must_use]
    pub fn planted(bug: Bug) -> bool {
        let Some(mut active) = ACTIVE.get().filter(|active| active.bug == bug) else {
            return false;
        };
        active.passed = (active.passed + 1) % active.once_in;
        ACTIVE.set(Some(active));
        active.passed == 0
    }
}
