//! Runs a search and says what came of it.

use std::fmt;

use stateright::{Checker, DiscoveryClassification, Expectation, HasDiscoveries, Model};

use crate::model::{Action, Protocol};

/// What a search found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Different states that were visited.
    pub states: usize,
    /// Steps from the first state to the one farthest away.
    pub depth: usize,
    /// Whether every state was visited, as far as no property failed.
    pub complete: bool,
    /// The properties that do not hold, each with the steps that lead there.
    pub broken: Vec<(&'static str, Vec<Action>)>,
    /// What should be possible and was never seen.
    pub unseen: Vec<&'static str>,
}

/// Searches all states, until the first property fails or `steps_max` steps were taken. One thread
/// finds the shortest way to a fault.
#[must_use]
pub fn search(protocol: Protocol, threads: usize, steps_max: usize) -> Report {
    let properties = protocol.properties();
    let checker = protocol.checker().threads(threads).target_state_count(steps_max);
    let checker = checker.finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let found = checker.discoveries();
    let failed = |name: &&str| {
        matches!(checker.discovery_classification(name), DiscoveryClassification::Counterexample)
    };
    let names = properties.iter().filter(|p| matches!(p.expectation, Expectation::Sometimes));
    Report {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        complete: checker.state_count() < steps_max,
        unseen: names.map(|p| p.name).filter(|name| !found.contains_key(name)).collect(),
        broken: found
            .into_iter()
            .filter(|(name, _)| failed(name))
            .map(|(name, path)| (name, path.into_actions()))
            .collect(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} states, depth {}", self.states, self.depth)?;
        if !self.complete {
            write!(f, ", NOT ALL STATES: the limit of steps was reached")?;
        }
        for name in &self.unseen {
            write!(f, "\nnever seen: {name}")?;
        }
        for (name, steps) in &self.broken {
            write!(f, "\nbroken: {name}, after {} steps", steps.len())?;
            for step in steps {
                write!(f, "\n    {step:?}")?;
            }
        }
        Ok(())
    }
}
