use super::store::Store;
use super::*;
use crate::evaluate::overlaid::Overlaid;
use crate::ids::Revision;
use crate::interval::Interval;
use crate::kv_list::KvMeta;
use crate::overlay::{InFlight, Overlay};
use crate::version::View;

/// Base: b, d, f. Above it: a new, b gone, c gone that never was, d changed, g new.
fn overlaid(test: impl FnOnce(&Overlaid<'_>)) {
    let base = Store::of(&[("b", "base"), ("d", "base"), ("f", "base")]);
    let mut newer = Overlay::default();
    let put = Some((KvMeta::default(), Bytes::from("new")));
    for (key, put) in [("a", put.clone()), ("b", None), ("c", None), ("d", put.clone()), ("g", put)]
    {
        newer.insert(Bytes::from(key), InFlight { revision: Revision(9), sub: 0, put });
    }
    test(&Overlaid { base: &base, newer: &newer });
}

fn seen(view: &dyn View, interval: &Interval, most: usize) -> Vec<String> {
    let mut seen = Vec::new();
    view.visit(interval, &mut |key, found| {
        let value = String::from_utf8_lossy(found.value.bytes.unwrap());
        seen.push(format!("{}={value}", String::from_utf8_lossy(key)));
        seen.len() < most
    });
    seen
}

#[test]
fn newer_versions_hide_older_ones_in_key_order() {
    overlaid(|view| {
        let all = seen(view, &Interval::everything(), usize::MAX);
        assert_eq!(all, ["a=new", "d=new", "f=base", "g=new"]);
        let some = Interval::new(Bytes::from("b"), Bytes::from("g"));
        assert_eq!(seen(view, &some, usize::MAX), ["d=new", "f=base"]);
    });
}

#[test]
fn a_visitor_that_stops_is_not_called_again() {
    overlaid(|view| {
        for most in 1..=4 {
            assert_eq!(seen(view, &Interval::everything(), most).len(), most);
        }
    });
}

#[test]
fn counts_agree_with_visits() {
    overlaid(|view| {
        for (key, end) in [("a", "\0"), ("b", "d"), ("b", ""), ("g", ""), ("e", "a"), ("a", "b")] {
            let interval = Interval::new(Bytes::from(key), Bytes::from(end));
            let visited = seen(view, &interval, usize::MAX).len() as u64;
            assert_eq!(view.count(&interval), visited, "{interval:?}");
        }
    });
}

#[test]
fn lookups_see_the_newest_and_history_only_the_base() {
    overlaid(|view| {
        assert!(view.get(b"b").is_none() && view.get(b"c").is_none());
        assert_eq!(view.get(b"d").unwrap().value.bytes, Some(&b"new"[..]));
        assert_eq!(view.get(b"f").unwrap().value.bytes, Some(&b"base"[..]));
        assert_eq!(view.count_at(&Interval::everything(), Revision(3)), 2);
    });
}
