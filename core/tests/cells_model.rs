//! The interleavings of two cores that take revisions and a third that looks on: the watermark
//! passes nothing in flight and never goes back, and nobody sleeps over it.
//!
//! The modules under test are compiled a second time, with the checker's atomics. All accesses of
//! the cells are sequentially consistent; the checker takes such an access for less than that, but
//! is exact about fences, so here each access stands between two.
//!
//! The search is exhaustive up to a number of preemptions, which is where such bugs are.

mod atomics {
    pub use std::sync::atomic::Ordering;

    use loom::sync::atomic::{AtomicU64 as Checked, fence};

    /// An integer whose accesses have one total order with those of all others.
    pub struct AtomicU64(Checked);

    impl AtomicU64 {
        pub fn new(value: u64) -> Self {
            Self(Checked::new(value))
        }

        pub fn load(&self, order: Ordering) -> u64 {
            ordered(order, || self.0.load(order))
        }

        pub fn store(&self, value: u64, order: Ordering) {
            ordered(order, || self.0.store(value, order));
        }

        pub fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
            ordered(order, || self.0.fetch_add(value, order))
        }

        pub fn fetch_sub(&self, value: u64, order: Ordering) -> u64 {
            ordered(order, || self.0.fetch_sub(value, order))
        }

        pub fn fetch_max(&self, value: u64, order: Ordering) -> u64 {
            ordered(order, || self.0.fetch_max(value, order))
        }
    }

    fn ordered<T>(order: Ordering, access: impl FnOnce() -> T) -> T {
        assert_eq!(order, Ordering::SeqCst);
        fence(order);
        let result = access();
        fence(order);
        result
    }
}

#[path = "../src/cells.rs"]
#[allow(dead_code, reason = "the model needs only a part of it")]
mod cells;
#[path = "../src/sequencer.rs"]
#[allow(dead_code, reason = "the model needs only a part of it")]
mod sequencer;

use std::sync::Arc;

// Notes that are compared while the cores run take part in the search, or it would leave orders out
// that differ in them alone.
use atomics::{AtomicU64, Ordering::SeqCst};
use braid_storage::ids::{CoreId, Revision};
use cells::Cells;
use loom::thread;
use sequencer::Sequencer;

const A: CoreId = CoreId(0);
const B: CoreId = CoreId(1);
const C: CoreId = CoreId(2);

/// The first two revisions of a new history.
const FIRST: Revision = Revision(2);
const SECOND: Revision = Revision(3);

/// How a core computes the watermark.
type Raise = fn(&Cells) -> Revision;

/// What the cores share, and what really happened.
struct Member {
    cells: Arc<Cells>,
    raise: Raise,
    /// By revision: every part of it is committed.
    committed: [AtomicU64; 4],
    /// The highest watermark that anybody has acted on.
    acted_on: AtomicU64,
    /// Somebody woke core C.
    woken: std::sync::atomic::AtomicBool,
}

impl Member {
    fn new(raise: Raise) -> Arc<Self> {
        Arc::new(Self {
            cells: Arc::new(Cells::new(3, Revision::FRESH)),
            raise,
            committed: [0; 4].map(AtomicU64::new),
            acted_on: AtomicU64::new(0),
            woken: false.into(),
        })
    }

    fn sequencer(&self, core: CoreId) -> Sequencer {
        Sequencer::new(self.cells.clone(), core)
    }

    /// Computes the watermark on some core, and acts on it.
    fn act(&self) -> Revision {
        let floor = self.acted_on.load(SeqCst);
        let watermark = (self.raise)(&self.cells);
        assert!(watermark.0 >= floor, "the watermark went back to {watermark}");
        for revision in FIRST.0..=watermark.0 {
            let committed = self.committed[revision as usize].load(SeqCst);
            assert!(committed == 1, "the watermark passed {revision} in flight");
        }
        self.acted_on.fetch_max(watermark.0, SeqCst);
        watermark
    }

    fn note_committed(&self, revision: Revision) {
        self.committed[revision.0 as usize].store(1, SeqCst);
    }

    /// The last part of `revision` is committed on the core of `sequencer`.
    fn commit(&self, sequencer: &mut Sequencer, revision: Revision) {
        self.note_committed(revision);
        let_go(sequencer, revision);
    }

    /// As a core does whenever it computes the watermark: who may have raised it wakes others.
    fn act_and_wake(&self, own: CoreId) {
        let before = self.cells.watermark();
        let watermark = self.act();
        if watermark > before {
            self.wake(watermark, own);
        }
    }

    fn wake(&self, watermark: Revision, own: CoreId) {
        if self.cells.waiting_cores(watermark, own).any(|core| core == C) {
            self.woken.store(true, SeqCst);
        }
    }
}

fn let_go(sequencer: &mut Sequencer, revision: Revision) {
    sequencer.committed(revision);
    let batch = sequencer.end_batch();
    sequencer.publish(batch);
}

/// Runs `core` on cores A and B and `watcher` on C, in every order with few preemptions.
fn model(raise: Raise, core: fn(&Member, CoreId), watcher: fn(&Member)) {
    explore(move || {
        let member = Member::new(raise);
        let spawn = |id| {
            let member = member.clone();
            thread::spawn(move || core(&member, id))
        };
        let cores = [A, B].map(spawn);
        watcher(&member);
        for core in cores {
            core.join().expect("the core ends");
        }
        assert_eq!((member.raise)(&member.cells), SECOND);
    });
}

fn explore(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

/// One write, as a core does it.
fn write(member: &Member, id: CoreId) {
    let mut sequencer = member.sequencer(id);
    let revision = sequencer.take(1);
    member.commit(&mut sequencer, revision);
    member.act_and_wake(id);
}

fn look_twice(member: &Member) {
    member.act();
    member.act();
}

#[test]
fn the_watermark_passes_nothing_in_flight_and_never_goes_back() {
    model(Cells::raise_watermark, write, look_twice);
}

#[test]
#[should_panic(expected = "in flight")]
fn a_counter_read_after_the_bounds_is_found() {
    let late_counter: Raise = |cells| {
        let bound = cells.below_in_flight();
        cells.raise_to(cells.last_taken().min(bound))
    };
    model(late_counter, write, look_twice);
}

#[test]
#[should_panic(expected = "in flight")]
fn a_bound_published_after_taking_is_found() {
    fn write_in_the_open(member: &Member, id: CoreId) {
        let revision = member.cells.take();
        member.cells.publish_in_flight(id, Some(revision));
        member.note_committed(revision);
        member.cells.publish_in_flight(id, None);
        member.act();
    }
    model(Cells::raise_watermark, write_in_the_open, look_twice);
}

#[test]
#[should_panic(expected = "went back")]
fn a_watermark_of_each_cores_own_is_found() {
    let own: Raise = |cells| {
        let taken = cells.last_taken();
        taken.min(cells.below_in_flight())
    };
    model(own, write, look_twice);
}

#[test]
fn who_waits_for_a_revision_is_woken_or_has_seen_it_pass() {
    explore(|| wait_for_the_second(write, &publish_and_look));
}

#[test]
#[should_panic(expected = "sleeps over")]
fn a_missing_second_look_is_found() {
    explore(|| {
        wait_for_the_second(write, &|member| {
            let passed = member.act() >= SECOND;
            member.cells.publish_waiting(C, Some(SECOND));
            passed
        });
    });
}

#[test]
#[should_panic(expected = "sleeps over")]
fn looking_for_sleepers_before_publishing_is_found() {
    fn wake_first(member: &Member, id: CoreId) {
        let mut sequencer = member.sequencer(id);
        let revision = sequencer.take(1);
        member.wake(member.cells.last_taken(), id);
        member.commit(&mut sequencer, revision);
        member.act();
    }
    explore(|| wait_for_the_second(wake_first, &publish_and_look));
}

/// As a core goes to sleep. Returns whether it need not.
fn publish_and_look(member: &Member) -> bool {
    member.cells.publish_waiting(C, Some(SECOND));
    member.act() >= SECOND
}

/// Core C waits for the second of two writes on A and B by `sleep`.
fn wait_for_the_second(write: fn(&Member, CoreId), sleep: &dyn Fn(&Member) -> bool) {
    let member = Member::new(Cells::raise_watermark);
    let cores = [A, B].map(|id| {
        let member = member.clone();
        thread::spawn(move || write(&member, id))
    });
    let awake = sleep(&member);
    for core in cores {
        core.join().expect("the core ends");
    }
    assert_eq!(member.cells.watermark(), SECOND, "the watermark stays behind");
    assert!(awake || member.woken.load(SeqCst), "core C sleeps over the watermark");
}

/// A revision that `coordinator` takes goes over to `participant`, while C looks on.
fn hand_over(coordinator: CoreId, participant: CoreId) {
    explore(move || {
        let member = Member::new(Cells::raise_watermark);
        let (part, parts) = loom::sync::mpsc::channel();
        let (covered, covers) = loom::sync::mpsc::channel();
        let other = member.clone();
        let participant = thread::spawn(move || {
            let mut sequencer = other.sequencer(participant);
            let revision = parts.recv().expect("the part comes");
            sequencer.adopt(revision, 1);
            covered.send(()).expect("the coordinator waits");
            other.commit(&mut sequencer, revision);
            other.act();
        });
        let third = member.clone();
        let onlooker = thread::spawn(move || assert!(third.act() <= FIRST));
        let mut sequencer = member.sequencer(coordinator);
        let revision = sequencer.take(1);
        part.send(revision).expect("the participant waits");
        covers.recv().expect("the participant covers it");
        let_go(&mut sequencer, revision);
        participant.join().expect("the participant ends");
        onlooker.join().expect("the onlooker ends");
    });
}

#[test]
fn a_revision_that_changes_cores_is_covered_all_the_time() {
    hand_over(A, B);
}

#[test]
#[should_panic(expected = "in flight")]
fn a_revision_that_moves_to_a_lower_core_is_found() {
    hand_over(B, A);
}
