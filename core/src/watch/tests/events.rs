//! Live events: order, filters, previous pairs, fragments, responses.

use super::*;

#[test]
fn events_wait_for_the_watermark_and_come_in_order() {
    let mut hub = hub();
    create(&mut hub, over("a", "z"), 10);
    hub.handle_live(vec![live(0, put(13, "c")), live(1, put(11, "b"))]);
    hub.handle_live(vec![live(0, put(12, "a")), live(0, put(11, "a"))]);
    assert_eq!(outputs(&mut hub), []);
    hub.handle_advance(Revision(12));
    let responses = responses(&mut hub);
    let events = [put(11, "a"), put(11, "b"), put(12, "a")].into();
    let expected = WatchResponse { revision: Revision(12), events, ..Default::default() };
    assert_eq!(responses, [expected]);
}

#[test]
fn only_keys_of_the_interval_are_sent() {
    let mut hub = hub();
    create(&mut hub, on("b"), 10);
    create(&mut hub, over("c", "d"), 10);
    let events = ["a", "b", "bb", "c", "cc", "d"];
    let events = events.iter().zip(11..).map(|(key, at)| live(0, put(at, key))).collect();
    let responses = commit(&mut hub, events);
    assert_eq!(responses.iter().map(revisions).collect::<Vec<_>>(), [vec![12], vec![14, 15]]);
}

#[test]
fn each_watcher_gets_its_own_response() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    create(&mut hub, on("a"), 10);
    let responses = commit(&mut hub, vec![live(0, put(11, "a"))]);
    assert_eq!(responses.iter().map(|r| r.watch_id).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn watchers_of_a_stream_who_are_told_the_same_share_a_response() {
    let mut hub = hub();
    let other = StreamId(2);
    hub.handle_open(other);
    let prev_kv = WatchCreate { prev_kv: true, ..on("a") };
    for (stream, wanted) in
        [(STREAM, on("a")), (other, on("a")), (STREAM, on("a")), (STREAM, prev_kv)]
    {
        let wanted = WatchRequest::Create(wanted);
        hub.handle_request(Duration::ZERO, stream, wanted, Revision(10), None);
    }
    let registered = |output: &WatchOutput| match output {
        WatchOutput::Register { interest, .. } => Some(*interest),
        _ => None,
    };
    let interest = outputs(&mut hub).iter().find_map(registered).expect("an interest");
    hub.handle_registered(interest, Revision(11));
    assert_eq!(outputs(&mut hub), []);
    let before = hub.stats().queued_bytes;
    hub.handle_live(vec![live(0, put(11, "a")), live(0, put(12, "a"))]);
    hub.handle_advance(Revision(12));
    let shared = |output: WatchOutput| match output {
        WatchOutput::Respond(stream, told) => (stream, told.watch_ids().collect::<Vec<_>>()),
        other => panic!("unexpected: {other:?}"),
    };
    let told: Vec<_> = outputs(&mut hub).into_iter().map(shared).collect();
    assert_eq!(told, [(STREAM, vec![0, 1]), (STREAM, vec![2]), (other, vec![0])]);
    let events = 2 * live(0, put(11, "a")).size();
    assert_eq!(hub.stats().queued_bytes - before, 3 * (128 + events) + size_of::<i64>());
    assert_eq!(hub.stats().events_total, 8);
}

#[test]
fn filters_leave_events_out_and_say_nothing_when_all_are() {
    let mut hub = hub();
    create(&mut hub, WatchCreate { no_put: true, ..over("a", "z") }, 10);
    create(&mut hub, WatchCreate { no_delete: true, ..over("a", "z") }, 10);
    assert_eq!(commit(&mut hub, vec![live(0, put(11, "a"))])[0].watch_id, 1);
    let responses = commit(&mut hub, vec![live(0, delete(12, "a"))]);
    assert_eq!((responses.len(), responses[0].watch_id), (1, 0));
}

#[test]
fn previous_pairs_go_to_those_who_asked() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    create(&mut hub, WatchCreate { prev_kv: true, ..on("a") }, 10);
    let old = put(5, "a").kv;
    let event = Event { prev_kv: Some(old.clone()), ..put(11, "a") };
    let responses = commit(&mut hub, vec![live(0, event)]);
    let prevs: Vec<_> = responses.iter().map(|r| r.events[0].prev_kv.clone()).collect();
    assert_eq!(prevs, [None, Some(old)]);
}

#[test]
fn a_future_start_leaks_nothing_earlier() {
    let mut hub = hub();
    create(&mut hub, WatchCreate { start_revision: 13, ..on("a") }, 10);
    assert_eq!(commit(&mut hub, vec![live(0, put(11, "a")), live(0, put(12, "a"))]), []);
    let responses = commit(&mut hub, vec![live(0, put(13, "a")), live(0, put(14, "a"))]);
    assert_eq!(revisions(&responses[0]), [13, 14]);
}

#[test]
fn a_start_in_the_present_sees_nothing_of_the_past() {
    let mut hub = hub();
    // The hub is still at 10, but to the client 12 is the present.
    create(&mut hub, on("a"), 12);
    let events = vec![live(0, put(11, "a")), live(0, put(12, "a")), live(0, put(13, "a"))];
    assert_eq!(revisions(&commit(&mut hub, events)[0]), [13]);
}

#[test]
fn large_responses_are_cut_between_revisions() {
    let mut hub = hub_with(WatchConfig { response_bytes: 1, ..Default::default() });
    create(&mut hub, over("a", "z"), 10);
    let events = vec![live(0, put(11, "a")), live(1, put(11, "b")), live(0, put(12, "a"))];
    let responses = commit(&mut hub, events);
    assert_eq!(responses.iter().map(revisions).collect::<Vec<_>>(), [vec![11, 11], vec![12]]);
}

#[test]
fn a_dealing_in_pieces_tells_everybody_everything() {
    for work_per_step in 1..12 {
        let mut hub = hub();
        for _ in 0..5 {
            create(&mut hub, over("a", "z"), 10);
        }
        create(&mut hub, on("b"), 10);
        hub.handle_live((11..14).map(|revision| live(0, put(revision, "b"))).collect());
        hub.handle_advance(Revision(13));
        let (mut told, mut more) = (Vec::new(), true);
        while more {
            more = hub.work(work_per_step);
            while let Some(WatchOutput::Respond(_, responses)) = hub.poll_output() {
                told.extend(responses.each().map(|one| (one.watch_id, revisions(&one))));
            }
        }
        told.sort();
        let expected: Vec<_> = (0..6).map(|id| (id, vec![11, 12, 13])).collect();
        assert_eq!(told, expected, "{work_per_step} at a time");
    }
}

#[test]
fn only_fragmenting_watchers_get_fragments() {
    let config = WatchConfig { fragment_bytes: 100, ..Default::default() };
    let mut hub = hub_with(config);
    create(&mut hub, over("a", "z"), 10);
    create(&mut hub, WatchCreate { fragment: true, ..over("a", "z") }, 10);
    let events = (0..3).map(|sub| live(sub, put(11, "key"))).collect();
    let responses = commit(&mut hub, events);
    let shape: Vec<_> =
        responses.iter().map(|r| (r.watch_id, r.fragment, r.events.len())).collect();
    assert_eq!(shape, [(0, false, 3), (1, true, 1), (1, true, 1), (1, false, 1)]);
}

#[test]
fn a_repeated_event_is_sent_once() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    hub.handle_live(vec![live(0, put(11, "a"))]);
    assert_eq!(commit(&mut hub, vec![live(0, put(11, "a"))])[0].events.len(), 1);
    assert_eq!(commit(&mut hub, vec![live(0, put(11, "a"))]), []);
}

#[test]
fn events_of_an_ended_epoch_are_dropped() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    hub.handle_live(vec![live(0, put(11, "a")), live(0, put(12, "a"))]);
    hub.handle_advance(Revision(11));
    hub.handle_void();
    outputs(&mut hub);
    assert_eq!(commit(&mut hub, vec![live(0, delete(12, "a"))])[0].events[..], [delete(12, "a")]);
}
