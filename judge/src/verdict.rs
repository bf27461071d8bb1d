//! What a judgement says: what was broken, what was looked at and what was not.

use std::collections::BTreeMap;
use std::fmt;

/// Most violations that are listed for one check; more are counted.
const LISTED_MAX: usize = 10;

macro_rules! checks {
    ($($(#[$doc:meta])* $variant:ident $name:literal $promise:literal,)*) => {
        /// One promise.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum Check {
            $(#[doc = $promise] $variant,)*
        }

        impl Check {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in reports and documents.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What must hold.
            #[must_use]
            pub const fn promise(self) -> &'static str {
                match self { $(Self::$variant => $promise,)* }
            }
        }
    };
}

checks! {
    Linearizable "linearizable" "every answer is what etcd answers at that revision",
    RealTime "real-time" "nobody is shown less than anyone had seen before the request was sent",
    DenseRevisions "dense-revisions" "every revision is exactly one write's, and none is lost",
    Versions "versions" "versions, create and mod revisions of pairs are right",
    Counts "counts" "counts are right, at old revisions too",
    Compaction "compaction" "what was compacted is gone, and nothing else is",
    WatchOrdered "watch-ordered" "events come in the order of revisions",
    WatchUnique "watch-unique" "no event comes twice",
    WatchReliable "watch-reliable" "no event is left out",
    WatchAtomic "watch-atomic" "the events of one revision come together",
    WatchResumable "watch-resumable" "a watcher from an old revision is told all since then",
    WatchBookmarkable "watch-bookmarkable" "progress to a revision comes after all its events",
    WatchTrue "watch-true" "events tell what was written",
    WatchPrevKv "watch-prev-kv" "previous pairs are those before the event's revision",
    WatchFilters "watch-filters" "watchers are told what they asked for and nothing else",
    WatchEnds "watch-ends" "a watcher ends when its client asks for it, when its events are compacted, or with a reason",
    WatchCompaction "watch-compaction" "a watcher whose events are compacted is told so",
    LeaseNeverEarly "lease-never-early" "no lease ends before its time",
    LeaseEndsInTime "lease-ends-in-time" "a lease that nobody renews ends soon after its time",
    LeaseAtomic "lease-atomic" "a lease and its keys end together",
    LeaseAnswers "lease-answers" "answers about leases are those of etcd",
    LockExclusive "lock-exclusive" "a lock has one holder while the holder's lease lives",
    HashEqual "hash-equal" "hashes at one revision are equal",
    Status "status" "figures of a member fit together and grow",
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Which.
    pub check: Check,
    /// The lines of the history that show it.
    pub lines: Vec<u64>,
    /// How.
    pub how: String,
}

/// The judgement of a history.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    violations: Vec<Violation>,
    /// How many there were, listed or not.
    broken: BTreeMap<Check, u64>,
    /// How often each promise was put to the test.
    examined: BTreeMap<Check, u64>,
    unchecked: Vec<String>,
    undecided: Vec<String>,
}

impl Verdict {
    /// Violations, a bounded number for each check.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Whether a promise was broken.
    #[must_use]
    pub fn breaks(&self, check: Check) -> bool {
        self.broken.contains_key(&check)
    }

    /// How often a promise was put to the test.
    #[must_use]
    pub fn examined(&self, check: Check) -> u64 {
        self.examined.get(&check).copied().unwrap_or(0)
    }

    /// What the history does not allow to check.
    #[must_use]
    pub fn unchecked(&self) -> &[String] {
        &self.unchecked
    }

    /// What was to be checked and could not be within bounds.
    #[must_use]
    pub fn undecided(&self) -> &[String] {
        &self.undecided
    }

    /// Whether nothing was broken and all was decided.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.broken.is_empty() && self.undecided.is_empty()
    }

    pub(crate) fn examine(&mut self, check: Check) {
        self.examine_times(check, 1);
    }

    pub(crate) fn examine_times(&mut self, check: Check, times: u64) {
        if times > 0 {
            *self.examined.entry(check).or_default() += times;
        }
    }

    pub(crate) fn violate(&mut self, check: Check, lines: &[u64], how: impl Into<String>) {
        let broken = self.broken.entry(check).or_default();
        *broken += 1;
        if *broken <= LISTED_MAX as u64 {
            self.violations.push(Violation { check, lines: lines.to_vec(), how: how.into() });
        }
    }

    pub(crate) fn leave(&mut self, what: impl Into<String>) {
        self.unchecked.push(what.into());
    }

    pub(crate) fn give_up(&mut self, what: impl Into<String>) {
        self.undecided.push(what.into());
    }

    fn word(&self) -> &'static str {
        if !self.broken.is_empty() {
            "promises are BROKEN"
        } else if !self.undecided.is_empty() {
            "UNDECIDED"
        } else if self.unchecked.is_empty() {
            "no promise is broken"
        } else {
            "no promise is broken in what could be checked"
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            let lines: Vec<String> = violation.lines.iter().map(u64::to_string).collect();
            writeln!(f, "broken: {} (lines {})", violation.check, lines.join(", "))?;
            writeln!(f, "    {}", violation.how.replace('\n', "\n    "))?;
        }
        for check in Check::ALL {
            let (examined, broken) = (self.examined(*check), self.broken.get(check).unwrap_or(&0));
            match examined.max(*broken) {
                0 => writeln!(f, "unchecked: {check}: nothing in the history puts it to the test")?,
                count => writeln!(f, "checked: {check}: {count} times, {broken} broken")?,
            }
        }
        for what in &self.unchecked {
            writeln!(f, "unchecked: {what}")?;
        }
        for what in &self.undecided {
            writeln!(f, "undecided: {what}")?;
        }
        write!(f, "verdict: {}", self.word())
    }
}
