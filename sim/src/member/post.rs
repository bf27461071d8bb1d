//! The mail between cores: bounded mailboxes, and what waits at its sender for room in them.

use std::collections::VecDeque;

use braid_core::ids::CoreId;
use braid_core::machine::mail::Mail;

/// All mail under way in a member.
pub(super) struct Post {
    /// By sender and receiver: in order.
    lines: Vec<Vec<Line>>,
    /// By sender: for each commit that waits to be published, the mails before it that have no
    /// place in a mailbox yet, by receiver.
    publishes: Vec<VecDeque<Vec<usize>>>,
    /// Mails that one mailbox holds.
    room: usize,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Mail>,
    mailbox: VecDeque<Mail>,
}

impl Post {
    pub(super) fn new(cores: u16, room: usize) -> Self {
        let lines = |_| (0..cores).map(|_| Line::default()).collect();
        Self {
            lines: (0..cores).map(lines).collect(),
            publishes: (0..cores).map(|_| VecDeque::new()).collect(),
            room,
        }
    }

    pub(super) fn cores(&self) -> u16 {
        self.lines.len() as u16
    }

    /// Sends a mail, one of `max` that may wait for room at most.
    pub(super) fn send(&mut self, from: CoreId, to: CoreId, mail: Mail, max: usize) {
        let line = self.line(from, to);
        line.waiting.push_back(mail);
        let waiting = line.waiting.len();
        assert!(waiting <= max, "{waiting} mails from core {from} wait for core {to}");
        self.fill(from, to);
    }

    /// A commit of `from` is to be published when its mails so far are in their mailboxes.
    pub(super) fn publish(&mut self, from: CoreId) {
        let waiting = self.lines[usize::from(from.0)].iter().map(|line| line.waiting.len());
        let waiting = waiting.collect();
        self.publishes[usize::from(from.0)].push_back(waiting);
    }

    /// How many commits of `from` may be published now.
    pub(super) fn take_published(&mut self, from: CoreId) -> usize {
        let publishes = &mut self.publishes[usize::from(from.0)];
        let done = publishes.iter().take_while(|left| left.iter().all(|left| *left == 0)).count();
        publishes.drain(..done).count()
    }

    /// Whether a mail from anybody is in a mailbox of `to`.
    pub(super) fn has_mail(&self, to: CoreId) -> bool {
        self.lines.iter().any(|lines| !lines[usize::from(to.0)].mailbox.is_empty())
    }

    /// Empties the mailbox; what has waited for room takes its place.
    pub(super) fn receive(&mut self, from: CoreId, to: CoreId) -> Vec<Mail> {
        let mails = self.line(from, to).mailbox.drain(..).collect();
        self.fill(from, to);
        mails
    }

    fn fill(&mut self, from: CoreId, to: CoreId) {
        let room = self.room;
        let line = self.line(from, to);
        let moved = line.waiting.len().min(room.saturating_sub(line.mailbox.len()));
        line.mailbox.extend(line.waiting.drain(..moved));
        for left in &mut self.publishes[usize::from(from.0)] {
            let left = &mut left[usize::from(to.0)];
            *left = left.saturating_sub(moved);
        }
    }

    fn line(&mut self, from: CoreId, to: CoreId) -> &mut Line {
        &mut self.lines[usize::from(from.0)][usize::from(to.0)]
    }
}
