//! From a plan that fails to a small one that fails in the same way.

use crate::failure::Failure;
use crate::story::{Plan, run};

/// Runs that a shrinking may take.
const RUNS_MAX: usize = 400;

/// The smallest plan found, and how it fails.
#[must_use]
pub fn shrink(plan: Plan, failure: Failure) -> (Plan, Failure) {
    let mut shrinking = Shrinking { plan, failure, runs: 0 };
    loop {
        let before = shrinking.plan.clone();
        shrinking.drop_lives();
        shrinking.drop_clients();
        shrinking.drop_steps();
        if shrinking.plan == before || shrinking.runs >= RUNS_MAX {
            return (shrinking.plan, shrinking.failure);
        }
    }
}

struct Shrinking {
    plan: Plan,
    failure: Failure,
    runs: usize,
}

impl Shrinking {
    /// Keeps `smaller` if it still fails in the same way.
    fn keeps(&mut self, smaller: Plan) -> bool {
        if self.runs >= RUNS_MAX {
            return false;
        }
        self.runs += 1;
        match run(&smaller) {
            Err(failure) if failure.promise == self.failure.promise => {
                (self.plan, self.failure) = (smaller, failure);
                true
            }
            _ => false,
        }
    }

    fn drop_lives(&mut self) {
        for at in (0..self.plan.lives.len()).rev() {
            if self.plan.lives.len() > 1 {
                let mut smaller = self.plan.clone();
                smaller.lives.remove(at);
                self.keeps(smaller);
            }
        }
    }

    fn drop_clients(&mut self) {
        for life in 0..self.plan.lives.len() {
            for client in (0..self.plan.lives[life].clients.len()).rev() {
                let mut smaller = self.plan.clone();
                smaller.lives[life].clients.remove(client);
                self.keeps(smaller);
            }
        }
    }

    fn drop_steps(&mut self) {
        for life in 0..self.plan.lives.len() {
            for client in 0..self.plan.lives[life].clients.len() {
                self.drop_steps_of(life, client);
            }
        }
    }

    /// First large runs of steps, then ever smaller ones.
    fn drop_steps_of(&mut self, life: usize, client: usize) {
        let mut size = self.plan.lives[life].clients[client].steps.len();
        while size > 0 {
            let mut from = 0;
            while from < self.plan.lives[life].clients[client].steps.len() {
                let mut smaller = self.plan.clone();
                let steps = &mut smaller.lives[life].clients[client].steps;
                let to = (from + size).min(steps.len());
                steps.drain(from..to);
                if !self.keeps(smaller) {
                    from += size;
                }
            }
            size /= 2;
        }
    }
}
