//! Watchers that are behind: old starts, registration, slow readers, lost events, compaction.

use super::*;
use crate::error::Error;

fn from(start: u64, create: WatchCreate) -> WatchCreate {
    WatchCreate { start_revision: start as i64, ..create }
}

/// Creates a watcher of one key from an old revision and returns its first query.
fn create_old(hub: &mut WatchHub, start: u64) -> HistoryQuery {
    request(hub, WatchRequest::Create(from(start, on("a"))), 10);
    let outputs = outputs(hub);
    let [WatchOutput::Respond(..), WatchOutput::Register { interest, .. }] = outputs[..] else {
        panic!("{outputs:?}")
    };
    hub.handle_registered(interest, Revision(11));
    query(hub)
}

#[test]
fn an_old_start_is_fed_from_history_then_live() {
    let mut hub = hub();
    let first = create_old(&mut hub, 3);
    assert_eq!((first.from, first.upto), (Revision(3), Revision(10)));
    assert_eq!(commit(&mut hub, vec![live(0, put(11, "a"))]), []);
    hub.handle_history(first.id, chunk(vec![put(3, "a"), put(5, "a")], 6));
    let outputs = outputs(&mut hub);
    let [WatchOutput::Respond(STREAM, told), WatchOutput::History(second)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!((revisions(&told.response), told.response.revision), (vec![3, 5], Revision(11)));
    assert_eq!((second.from, second.upto), (Revision(7), Revision(11)));
    // Revision 11 was delivered meanwhile: it comes from the recent events, not from a query.
    hub.handle_history(second.id, chunk(vec![put(7, "a")], 10));
    let sent: Vec<_> = responses(&mut hub).iter().map(revisions).collect();
    assert_eq!(sent, [vec![7], vec![11]]);
    assert_eq!(commit(&mut hub, vec![live(0, put(12, "a"))]).len(), 1);
}

#[test]
fn nothing_is_missed_while_an_owner_has_not_registered() {
    let mut hub = hub();
    request(&mut hub, WatchRequest::Create(on("a")), 10);
    let outputs = outputs(&mut hub);
    let WatchOutput::Register { interest, .. } = outputs[1] else { panic!("{outputs:?}") };
    assert_eq!(commit(&mut hub, vec![live(0, put(13, "a"))]), []);
    // One owner began to send only at 13; what came before is in the history.
    hub.handle_registered(interest, Revision(13));
    let gap = query(&mut hub);
    assert_eq!(gap.from, Revision(11));
    hub.handle_history(gap.id, chunk(vec![put(12, "a")], 12));
    let sent: Vec<_> = responses(&mut hub).iter().map(revisions).collect();
    assert_eq!(sent, [vec![12], vec![13]]);
}

#[test]
fn registration_beyond_the_watermark_waits_for_it() {
    let mut hub = hub();
    request(&mut hub, WatchRequest::Create(on("a")), 10);
    let outputs = outputs(&mut hub);
    let WatchOutput::Register { interest, .. } = outputs[1] else { panic!("{outputs:?}") };
    hub.handle_registered(interest, Revision(13));
    assert!(next_output(&mut hub).is_none());
    hub.handle_advance(Revision(11));
    let first = query(&mut hub);
    assert_eq!((first.from, first.upto), (Revision(11), Revision(11)));
    hub.handle_history(first.id, chunk(vec![], 11));
    assert!(next_output(&mut hub).is_none());
    hub.handle_advance(Revision(12));
    let second = query(&mut hub);
    hub.handle_history(second.id, chunk(vec![put(12, "a")], 12));
    assert_eq!(responses(&mut hub).len(), 1);
    assert_eq!(hub.stats().slow_watchers, 0);
}

#[test]
fn a_cold_previous_pair_comes_from_history_and_splits_no_revision() {
    let mut hub = hub();
    create(&mut hub, WatchCreate { prev_kv: true, ..over("a", "z") }, 10);
    let cold = LiveEvent { prev: Prev::Cold, ..live(1, put(12, "b")) };
    hub.handle_live(vec![live(0, put(11, "a")), live(0, put(12, "a")), cold]);
    hub.handle_advance(Revision(12));
    let outputs = outputs(&mut hub);
    let [WatchOutput::Respond(STREAM, before), WatchOutput::History(query)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(revisions(&before.response), [11]);
    assert_eq!((query.from, query.upto, query.wants_prev), (Revision(12), Revision(12), true));
    let whole = vec![put(12, "a"), Event { prev_kv: Some(put(4, "b").kv), ..put(12, "b") }];
    hub.handle_history(query.id, chunk(whole.clone(), 12));
    assert_eq!(responses(&mut hub)[0].events[..], whole);
}

#[test]
fn who_needs_no_previous_pair_does_not_care_for_cold_ones() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    let cold = LiveEvent { prev: Prev::Cold, ..live(0, put(11, "a")) };
    assert_eq!(commit(&mut hub, vec![cold]).len(), 1);
}

#[test]
fn a_full_stream_stores_nothing_and_goes_on_when_half_is_taken() {
    let mut hub = hub_with(WatchConfig { stream_bytes: 1000, ..Default::default() });
    create(&mut hub, on("a"), 10);
    hub.handle_taken(STREAM);
    let mut sent = Vec::new();
    for revision in 11..30 {
        sent.extend(commit(&mut hub, vec![live(0, put(revision, "a"))]));
    }
    assert!(sent.len() < 10 && hub.stats().slow_watchers == 1, "{} sent", sent.len());
    assert!(hub.stats().queued_bytes < 1500);
    for _ in 0..19 {
        hub.handle_taken(STREAM);
        sent.extend(responses(&mut hub));
    }
    let got: Vec<_> = sent.iter().flat_map(revisions).collect();
    assert_eq!(got, (11..30).collect::<Vec<_>>());
}

#[test]
fn a_full_stream_delays_nobody_else() {
    let mut hub = hub_with(WatchConfig { stream_bytes: 1, ..Default::default() });
    create(&mut hub, on("a"), 10);
    let other = StreamId(2);
    hub.handle_open(other);
    let create = WatchRequest::Create(on("a"));
    hub.handle_request(Duration::ZERO, other, create, Revision(10), None);
    assert_eq!(outputs(&mut hub).len(), 1);
    hub.handle_taken(other);
    hub.handle_live(vec![live(0, put(11, "a"))]);
    hub.handle_advance(Revision(11));
    assert!(matches!(outputs(&mut hub)[..], [WatchOutput::Respond(id, _)] if id == other));
}

#[test]
fn past_the_bytes_of_the_hub_only_idle_streams_take_events() {
    let mut hub = hub_with(WatchConfig { hub_bytes: 1, ..Default::default() });
    create(&mut hub, on("a"), 10);
    hub.handle_taken(STREAM);
    assert_eq!(commit(&mut hub, vec![live(0, put(11, "a"))]).len(), 1);
    assert_eq!(commit(&mut hub, vec![live(0, put(12, "a"))]).len(), 0);
    hub.handle_taken(STREAM);
    assert_eq!(responses(&mut hub).len(), 1);
}

#[test]
fn live_events_without_room_are_fetched_later() {
    let mut hub = hub_with(WatchConfig { live_bytes: 1, ..Default::default() });
    create(&mut hub, on("a"), 10);
    hub.handle_live(vec![live(0, put(11, "a"))]);
    assert_eq!(outputs(&mut hub), []);
    hub.handle_advance(Revision(11));
    let gap = query(&mut hub);
    hub.handle_history(gap.id, chunk(vec![put(11, "a")], 11));
    assert_eq!(responses(&mut hub).len(), 1);
    assert_eq!(hub.stats().slow_watchers, 0);
}

#[test]
fn events_lost_on_the_way_are_fetched() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    hub.handle_lost(Revision(12));
    hub.handle_live(vec![live(0, put(12, "a"))]);
    hub.handle_advance(Revision(12));
    let gap = query(&mut hub);
    assert_eq!((gap.from, gap.upto), (Revision(11), Revision(12)));
}

#[test]
fn queries_are_bounded_and_take_turns() {
    let mut hub = hub_with(WatchConfig { queries: 1, ..Default::default() });
    let first = create_old(&mut hub, 3);
    request(&mut hub, WatchRequest::Create(from(4, on("a"))), 10);
    assert_eq!(responses(&mut hub).len(), 1);
    hub.handle_history(first.id, chunk(vec![], 5));
    let second = query(&mut hub);
    assert_eq!(second.from, Revision(4));
    hub.handle_history(second.id, chunk(vec![], 10));
    assert_eq!(query(&mut hub).from, Revision(6));
}

#[test]
fn an_answer_for_a_canceled_watcher_frees_its_place() {
    let mut hub = hub_with(WatchConfig { queries: 1, ..Default::default() });
    let orphan = create_old(&mut hub, 3);
    request(&mut hub, WatchRequest::Create(from(4, on("a"))), 10);
    request(&mut hub, WatchRequest::Cancel { watch_id: 0 }, 10);
    assert_eq!(responses(&mut hub).len(), 2);
    hub.handle_history(orphan.id, chunk(vec![put(3, "a")], 10));
    assert_eq!(query(&mut hub).from, Revision(4));
}

#[test]
fn compaction_cancels_who_needs_what_is_gone() {
    let mut hub = hub();
    let first = create_old(&mut hub, 3);
    hub.handle_compacted(Revision(9));
    hub.handle_history(first.id, chunk(vec![put(3, "a")], 5));
    let outputs = outputs(&mut hub);
    let Some(WatchOutput::Respond(STREAM, last)) = outputs.last() else { panic!("{outputs:?}") };
    let last = &last.response;
    assert_eq!((last.canceled, last.compact_revision, last.revision.0), (true, 9, 0));
    assert_eq!(last.cancel_reason, "");
}

#[test]
fn history_that_is_gone_or_damaged_cancels_with_the_reason() {
    let mut hub = hub();
    let first = create_old(&mut hub, 3);
    hub.handle_history(first.id, HistoryAnswer::Compacted(Revision(8)));
    assert!(matches!(
        &outputs(&mut hub)[1],
        WatchOutput::Respond(STREAM, told) if told.response.compact_revision == 8
    ));
    let second = create_old(&mut hub, 9);
    hub.handle_history(second.id, HistoryAnswer::Failed(Error::CorruptValue));
    assert!(matches!(
        &outputs(&mut hub)[1],
        WatchOutput::Respond(STREAM, told)
            if told.response.canceled
                && told.response.cancel_reason == Error::CorruptValue.to_string()
    ));
}

#[test]
fn synced_watchers_do_not_mind_compaction() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    commit(&mut hub, vec![live(0, put(14, "b"))]);
    hub.handle_compacted(Revision(14));
    assert_eq!(revisions(&commit(&mut hub, vec![live(0, put(15, "a"))])[0]), [15]);
}
