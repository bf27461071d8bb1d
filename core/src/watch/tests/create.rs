//! Creating and canceling: ids, errors, starts.

use super::*;
use crate::error::Error;

fn refusal(reason: &str) -> WatchResponse {
    WatchResponse {
        revision: Revision(10),
        watch_id: -1,
        created: true,
        canceled: true,
        cancel_reason: reason.into(),
        ..Default::default()
    }
}

fn created_ids(hub: &mut WatchHub, wanted: &[i64]) -> Vec<i64> {
    let one = |watch_id| create(hub, WatchCreate { watch_id, ..on("a") }, 10)[0].watch_id;
    wanted.iter().copied().map(one).collect()
}

#[test]
fn created_tells_the_current_revision() {
    let expected = WatchResponse { revision: Revision(10), created: true, ..Default::default() };
    assert_eq!(create(&mut hub(), on("a"), 10), [expected]);
}

#[test]
fn the_server_counts_ids_from_zero_and_skips_used_ones() {
    assert_eq!(created_ids(&mut hub(), &[1, 0, 0, 0, 7, 0]), [1, 0, 2, 3, 7, 4]);
}

#[test]
fn a_duplicate_id_is_refused() {
    let mut hub = hub();
    created_ids(&mut hub, &[5]);
    let again = create(&mut hub, WatchCreate { watch_id: 5, ..on("b") }, 10);
    assert_eq!(again, [refusal("mvcc: duplicate watch ID provided on the WatchStream")]);
}

#[test]
fn a_canceled_id_can_be_used_again() {
    let mut hub = hub();
    created_ids(&mut hub, &[5]);
    request(&mut hub, WatchRequest::Cancel { watch_id: 5 }, 10);
    outputs(&mut hub);
    assert_eq!(created_ids(&mut hub, &[5]), [5]);
}

#[test]
fn an_empty_range_is_refused() {
    for create_request in [over("b", "a"), over("b", "b")] {
        let responses = create(&mut hub(), create_request, 10);
        assert_eq!(responses, [refusal("mvcc: watcher range is empty")]);
    }
}

#[test]
fn a_negative_start_is_refused() {
    let responses = create(&mut hub(), WatchCreate { start_revision: -1, ..on("a") }, 10);
    let reason = "etcdserver: mvcc: required revision has been compacted";
    assert_eq!(responses, [refusal(reason)]);
}

#[test]
fn more_watchers_than_allowed_are_refused() {
    let mut hub = hub_with(WatchConfig { watchers: 1, ..Default::default() });
    create(&mut hub, on("a"), 10);
    assert_eq!(create(&mut hub, on("b"), 10), [refusal("etcdserver: too many requests")]);
}

#[test]
fn an_empty_key_means_the_smallest_one() {
    let mut hub = hub();
    create(&mut hub, over("", "\0"), 10);
    assert_eq!(commit(&mut hub, vec![live(0, put(11, "zz"))]).len(), 1);
}

#[test]
fn a_start_below_the_compacted_revision_is_created_then_canceled() {
    let mut hub = hub();
    let old = WatchCreate { start_revision: 4, ..on("a") };
    let (now, compacted) = (Duration::ZERO, Some(Revision(5)));
    hub.handle_request(now, STREAM, WatchRequest::Create(old), Revision(10), compacted);
    let created = WatchResponse { revision: Revision(10), created: true, ..Default::default() };
    let canceled = WatchResponse { canceled: true, compact_revision: 5, ..Default::default() };
    assert_eq!(responses(&mut hub), [created, canceled]);
}

#[test]
fn a_start_at_the_compacted_revision_is_fine() {
    let mut hub = hub();
    hub.handle_compacted(Revision(5));
    request(&mut hub, WatchRequest::Create(WatchCreate { start_revision: 5, ..on("a") }), 10);
    let outputs = outputs(&mut hub);
    let WatchOutput::Register { interest, .. } = outputs[1] else { panic!("{outputs:?}") };
    hub.handle_registered(interest, Revision(11));
    assert_eq!(query(&mut hub).from, Revision(5));
}

#[test]
fn cancel_is_confirmed_and_nothing_follows() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    request(&mut hub, WatchRequest::Cancel { watch_id: 0 }, 10);
    let outputs = outputs(&mut hub);
    assert!(matches!(outputs[0], WatchOutput::Unregister { .. }));
    let canceled = WatchResponse { revision: Revision(10), canceled: true, ..Default::default() };
    assert_eq!(outputs[1..], [WatchOutput::Respond(STREAM, canceled.into())]);
    assert_eq!(commit(&mut hub, vec![live(0, put(11, "a"))]), []);
}

#[test]
fn canceling_an_unknown_id_says_nothing() {
    let mut hub = hub();
    request(&mut hub, WatchRequest::Cancel { watch_id: 3 }, 10);
    assert_eq!(outputs(&mut hub), []);
}

#[test]
fn watchers_of_one_interval_share_a_registration() {
    let mut hub = hub();
    request(&mut hub, WatchRequest::Create(over("a", "c")), 10);
    request(&mut hub, WatchRequest::Create(over("a", "c")), 10);
    let is_register = |output: &WatchOutput| matches!(output, WatchOutput::Register { .. });
    assert_eq!(outputs(&mut hub).iter().filter(|output| is_register(output)).count(), 1);
    request(&mut hub, WatchRequest::Cancel { watch_id: 0 }, 10);
    assert_eq!(responses(&mut hub).len(), 1);
    hub.handle_close(STREAM);
    assert!(matches!(outputs(&mut hub)[..], [WatchOutput::Unregister { .. }]));
    assert_eq!(hub.stats(), WatchStats::default());
}

#[test]
fn a_client_that_asks_without_reading_loses_its_stream() {
    let mut hub = hub_with(WatchConfig { stream_responses: 3, ..Default::default() });
    for _ in 0..5 {
        request(&mut hub, WatchRequest::Create(over("b", "a")), 10);
    }
    let last = outputs(&mut hub).pop();
    assert_eq!(last, Some(WatchOutput::EndStream(STREAM, Error::TooManyRequests)));
    assert_eq!(hub.stats(), WatchStats::default());
}
