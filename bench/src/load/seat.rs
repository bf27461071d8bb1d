//! One client of a workload: its connection, its random numbers, its place in the run.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;

use super::Kind;
use super::stage::Stage;
use crate::client::Channel;
use crate::failure::Failure;
use crate::shape::Shape;

/// What a client has to work with.
pub struct Seat {
    /// Which client of the run this is, from 0.
    pub number: u64,
    /// Its connection, which others share.
    pub channel: Channel,
    /// Its random numbers, the same in every run with the same seed.
    pub rng: RefCell<fastrand::Rng>,
    stage: Rc<Stage>,
    turn: Cell<u64>,
}

impl Seat {
    pub(super) fn new(number: u64, channel: Channel, stage: Rc<Stage>) -> Self {
        let seed = stage.shape().seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number;
        Self {
            number,
            channel,
            rng: RefCell::new(fastrand::Rng::with_seed(seed)),
            stage,
            turn: Cell::new(0),
        }
    }

    /// What the run looks like.
    pub fn shape(&self) -> &Shape {
        self.stage.shape()
    }

    /// A connection that nobody else uses.
    pub async fn own_connection(&self) -> Result<Channel, Failure> {
        Channel::connect(self.stage.endpoint()).await
    }

    /// Says that this client is ready and waits until all are.
    pub async fn started(&self) {
        self.stage.started().await;
    }

    /// When the next operation is due; waits for it. None when the run is over.
    pub async fn next(&self) -> Option<Instant> {
        self.turn.set(self.turn.get() + 1);
        self.stage.main_pace().next(&self.stage.window()).await
    }

    /// The same at the pace of the writers of a workload that measures something else.
    pub async fn next_write(&self) -> Option<Instant> {
        self.turn.set(self.turn.get() + 1);
        self.stage.write_pace().next(&self.stage.window()).await
    }

    /// Notes how an operation went. A lost connection ends the client.
    pub fn record(
        &self,
        kind: Kind,
        due: Instant,
        result: Result<u64, Failure>,
    ) -> Result<(), Failure> {
        let mut recorder = self.stage.recorder();
        match result {
            Ok(bytes) => recorder.done(&self.stage.window(), kind, due, Instant::now(), bytes),
            Err(failure) => {
                recorder.failed(kind, &failure);
                if failure.ends_the_connection() {
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    /// Counts things that have no latency.
    pub fn count(&self, kind: Kind, number: u64, bytes: u64) {
        self.stage.recorder().count(&self.stage.window(), kind, number, Instant::now(), bytes);
    }

    /// The future's outcome, or none when the run ended first.
    pub async fn until_the_end<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = self.stage.ended() => None,
        }
    }

    /// Time since the beginning of the tool, to be carried by what is written.
    pub fn clock(&self) -> u64 {
        self.stage.clock(Instant::now())
    }

    /// The moment that [`Self::clock`] gave a number.
    pub fn instant(&self, clock: u64) -> Instant {
        self.stage.instant(clock)
    }

    /// The number of the next key of the distribution.
    pub fn pick_number(&self) -> u64 {
        let shape = self.stage.shape();
        shape.keys.pick(&mut self.rng.borrow_mut(), self.turn.get(), self.number, shape.clients)
    }

    /// The next key of the distribution.
    pub fn pick_key(&self) -> Bytes {
        crate::keys::key(self.pick_number())
    }

    /// A value.
    pub fn pick_value(&self) -> Bytes {
        self.stage.shape().values.pick(&mut self.rng.borrow_mut())
    }
}
