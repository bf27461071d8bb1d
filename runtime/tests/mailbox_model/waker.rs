//! A cell for a waker. The real one never blocks, which makes no difference to who is woken.

use std::task::Waker;

use loom::sync::Mutex;

#[derive(Debug)]
pub struct AtomicWaker(Mutex<Option<Waker>>);

impl AtomicWaker {
    pub fn new() -> Self {
        Self(Mutex::new(None))
    }

    pub fn register(&self, waker: &Waker) {
        *self.0.lock().expect("nobody panics here") = Some(waker.clone());
    }

    pub fn wake(&self) {
        let waker = self.0.lock().expect("nobody panics here").take();
        waker.into_iter().for_each(Waker::wake);
    }
}
