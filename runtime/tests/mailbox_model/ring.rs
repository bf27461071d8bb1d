//! A queue from one thread to one other with the interface and the memory orders of the real one:
//! what is pushed is published by the tail, what is taken by the head.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use loom::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug)]
struct Ring<T> {
    capacity: usize,
    head: AtomicUsize,
    tail: AtomicUsize,
    /// Only to hold the messages; nobody learns from it that there is one.
    messages: Mutex<VecDeque<T>>,
}

/// Makes both ends.
pub struct RingBuffer;

/// The sender's end.
#[derive(Debug)]
pub struct Producer<T>(Arc<Ring<T>>);

/// The receiver's end.
#[derive(Debug)]
pub struct Consumer<T>(Arc<Ring<T>>);

/// Why a message was not taken.
pub enum PushError<T> {
    Full(T),
}

impl RingBuffer {
    #[expect(clippy::new_ret_no_self, reason = "it is the real one's interface")]
    pub fn new<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
        let ring = Arc::new(Ring {
            capacity,
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
            messages: Mutex::default(),
        });
        (Producer(ring.clone()), Consumer(ring))
    }
}

impl<T> Producer<T> {
    pub fn slots(&self) -> usize {
        let tail = self.0.tail.load(Ordering::Relaxed);
        self.0.capacity - (tail - self.0.head.load(Ordering::Acquire))
    }

    pub fn push(&mut self, message: T) -> Result<(), PushError<T>> {
        if self.slots() == 0 {
            return Err(PushError::Full(message));
        }
        self.0.messages.lock().expect("nobody panics here").push_back(message);
        let tail = self.0.tail.load(Ordering::Relaxed);
        self.0.tail.store(tail + 1, Ordering::Release);
        Ok(())
    }
}

impl<T> Consumer<T> {
    pub fn slots(&self) -> usize {
        let head = self.0.head.load(Ordering::Relaxed);
        self.0.tail.load(Ordering::Acquire) - head
    }

    pub fn is_empty(&self) -> bool {
        self.slots() == 0
    }

    pub fn read_chunk(&mut self, count: usize) -> Result<Vec<T>, ()> {
        let head = self.0.head.load(Ordering::Relaxed);
        let mut messages = self.0.messages.lock().expect("nobody panics here");
        let chunk = messages.drain(..count).collect();
        drop(messages);
        self.0.head.store(head + count, Ordering::Release);
        Ok(chunk)
    }
}
