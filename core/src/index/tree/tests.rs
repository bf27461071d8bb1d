//! The tree alone, against a sorted map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

impl Keys for Vec<Vec<u8>> {
    fn key(&self, id: u32) -> &[u8] {
        &self[id as usize]
    }
}

/// A tree with the map that it must agree with: key to (entry, lives).
struct Twin {
    tree: Tree,
    keys: Vec<Vec<u8>>,
    model: BTreeMap<Vec<u8>, (u32, bool)>,
}

impl Twin {
    fn new() -> Self {
        Self { tree: Tree::new(), keys: Vec::new(), model: BTreeMap::new() }
    }

    fn insert(&mut self, key: Vec<u8>, live: bool) {
        if self.model.contains_key(&key) {
            return;
        }
        let id = self.keys.len() as u32;
        self.keys.push(key.clone());
        self.tree.insert(&self.keys, id, live);
        self.model.insert(key, (id, live));
    }

    fn remove(&mut self, key: &[u8]) {
        if self.model.remove(key).is_some() {
            self.tree.remove(&self.keys, key);
        }
    }

    fn flip(&mut self, key: &[u8]) {
        if let Some((_, live)) = self.model.get_mut(key) {
            *live = !*live;
            self.tree.set_live(&self.keys, key, *live);
        }
    }

    fn check_key(&self, key: &[u8]) {
        let found = self.tree.find(&self.keys, key);
        assert_eq!(found, self.model.get(key).map(|(id, _)| *id), "{key:?}");
        let before = self.model.range(..key.to_vec()).filter(|(_, (_, live))| *live).count();
        assert_eq!(self.tree.live_before(&self.keys, key), before as u64, "{key:?}");
        let mut cursor = self.tree.seek(&self.keys, key);
        let next = self.model.range(key.to_vec()..).next().map(|(_, entry)| *entry);
        assert_eq!(self.tree.next(&mut cursor), next, "{key:?}");
    }

    fn check_all(&self) {
        let mut cursor = self.tree.seek(&self.keys, b"");
        let walked: Vec<_> = std::iter::from_fn(|| self.tree.next(&mut cursor)).collect();
        assert_eq!(walked, self.model.values().copied().collect::<Vec<_>>());
        let mut cursor = self.tree.seek(&self.keys, b"");
        let walked: Vec<_> = std::iter::from_fn(|| self.tree.next_live(&mut cursor)).collect();
        let live: Vec<_> = self.model.values().filter(|(_, live)| *live).collect();
        assert_eq!(walked, live.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        assert_eq!(self.tree.live_count(), live.len() as u64);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Vec<u8>, bool),
    Remove(Vec<u8>),
    Flip(Vec<u8>),
    Check(Vec<u8>),
}

/// Keys with long shared prefixes, zero bytes and prefixes of each other.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec!["", "/registry/pods/", "/registry/pods/ns-0001/p", "\0"]);
    (part, prop::collection::vec(prop::sample::select(vec![0u8, b'a', b'b', 255]), 0..6))
        .prop_map(|(prefix, tail)| [prefix.as_bytes(), &tail].concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (key(), any::<bool>()).prop_map(|(key, live)| Step::Insert(key, live)),
        2 => key().prop_map(Step::Remove),
        1 => key().prop_map(Step::Flip),
        1 => key().prop_map(Step::Check),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn it_agrees_with_a_sorted_map(steps in prop::collection::vec(step(), 0..2500)) {
        let mut twin = Twin::new();
        for step in steps {
            match step {
                Step::Insert(key, live) => twin.insert(key, live),
                Step::Remove(key) => twin.remove(&key),
                Step::Flip(key) => twin.flip(&key),
                Step::Check(key) => twin.check_key(&key),
            }
        }
        twin.check_all();
    }
}

/// Visits 0..count in an order that looks random.
fn scattered(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |n| (n * 7919) % count)
}

#[test]
fn it_grows_and_shrinks_over_several_levels() {
    let mut twin = Twin::new();
    let name = |n: u64| format!("/registry/pods/{:02}/{n:08}", n % 17).into_bytes();
    scattered(20_000).for_each(|n| twin.insert(name(n), n % 3 != 0));
    twin.check_all();
    for n in scattered(20_000).filter(|n| n % 50 != 0) {
        twin.remove(&name(n));
    }
    twin.check_all();
    scattered(500).for_each(|n| twin.check_key(&name(n * 40)));
    scattered(20_000).for_each(|n| twin.remove(&name(n)));
    twin.check_all();
    assert_eq!(twin.tree.height, 0);
}

#[test]
fn ascending_keys_leave_full_leaves() {
    let mut twin = Twin::new();
    (0..6_400).for_each(|n| twin.insert(format!("key-{n:08}").into_bytes(), true));
    twin.check_all();
    assert_eq!(twin.tree.leaves.slots(), 100);
}

/// Entries a leaf, after that many insertions.
fn fill_of(names: impl Iterator<Item = u64>) -> f64 {
    let mut twin = Twin::new();
    names.for_each(|n| twin.insert(format!("key-{n:08}").into_bytes(), n % 7 != 0));
    twin.check_all();
    twin.keys.len() as f64 / f64::from(twin.tree.leaves.slots())
}

/// Many writers at once, each with ascending keys, are never far from the end.
#[test]
fn about_ascending_keys_leave_leaves_nearly_full() {
    let names = (0..20_000).map(|n| n / 100 * 100 + n * 37 % 100);
    assert!(fill_of(names) > 60.0);
}

#[test]
fn keys_in_any_order_leave_leaves_well_filled() {
    assert!(fill_of(scattered(20_000)) > 50.0);
    assert!(fill_of((0..6_400).rev()) > 60.0);
    let mut state = 1_u64;
    let random = std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 33
    });
    assert!(fill_of(random.take(20_000)) > 50.0);
}
