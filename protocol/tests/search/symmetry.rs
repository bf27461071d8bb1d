//! Counting states that differ in names only once loses nothing: whatever one of them can do, all
//! can.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use braid_protocol::bounds::Bounds;
use braid_protocol::model::Protocol;
use braid_protocol::state::State;
use stateright::{Expectation, Model};

/// What a state looks like from outside: where it can go, and which properties hold.
type Behaviour = (BTreeSet<Vec<u8>>, Vec<bool>);

fn behaviour(protocol: &Protocol, state: &State) -> Behaviour {
    let next = protocol.next_steps(state).into_iter().map(|(_, next)| next.encoding()).collect();
    let safety = protocol.properties().into_iter();
    let safety = safety.filter(|property| matches!(property.expectation, Expectation::Always));
    (next, safety.map(|property| (property.condition)(protocol, state)).collect())
}

/// All states, each under every name that it is reached by.
fn reachable(protocol: &Protocol) -> HashSet<State> {
    let mut found: HashSet<State> = protocol.init_states().into_iter().collect();
    let mut pending: Vec<State> = found.iter().cloned().collect();
    while let Some(state) = pending.pop() {
        for (_, next) in protocol.next_steps(&state) {
            if found.insert(next.clone()) {
                pending.push(next);
            }
        }
    }
    found
}

/// How many states share their encoding with another.
fn renamed(bounds: Bounds) -> usize {
    let protocol = Protocol { bounds, trap: None, progress: false };
    let mut by_encoding: BTreeMap<Vec<u8>, Behaviour> = BTreeMap::new();
    let states = reachable(&protocol);
    for state in &states {
        let new = behaviour(&protocol, state);
        let known = by_encoding.entry(state.encoding()).or_insert_with(|| new.clone());
        assert_eq!(*known, new, "same encoding, other behaviour: {state:?}");
    }
    println!("{} states, {} encodings", states.len(), by_encoding.len());
    states.len() - by_encoding.len()
}

fn small() -> Bounds {
    Bounds { writes: 1, elections: 1, takeovers: 1, ..Bounds::default() }
}

#[test]
fn shards_have_no_names() {
    assert!(renamed(small()) > 0);
}

#[test]
fn members_have_no_names() {
    assert!(renamed(Bounds { members: 3, shards: 1, ..small() }) > 0);
}

#[test]
fn nor_have_they_for_followers_and_leases() {
    assert!(renamed(Bounds { members: 3, shards: 1, followers: true, ..small() }) > 0);
    assert!(renamed(Bounds { lease: true, elections: 0, ..small() }) > 0);
}

#[test]
fn shards_on_different_cores_differ() {
    assert_eq!(renamed(Bounds { members: 1, cores: 2, ..small() }), 0);
}
