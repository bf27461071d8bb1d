//! Progress: on request and by the clock, never ahead of events.

use super::*;

fn ask(hub: &mut WatchHub, current: u64) -> Vec<WatchResponse> {
    request(hub, WatchRequest::Progress, current);
    responses(hub)
}

fn progress(revision: u64, watch_id: i64) -> WatchResponse {
    WatchResponse { revision: Revision(revision), watch_id, ..Default::default() }
}

fn notified() -> WatchCreate {
    WatchCreate { progress_notify: true, ..on("a") }
}

#[test]
fn a_request_is_answered_for_the_whole_stream() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    create(&mut hub, on("b"), 10);
    assert_eq!(ask(&mut hub, 10), [progress(10, -1)]);
}

#[test]
fn a_stream_without_watchers_is_not_answered() {
    assert_eq!(ask(&mut hub(), 10), []);
}

#[test]
fn a_stream_with_a_watcher_behind_is_not_answered_not_even_later() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    request(&mut hub, WatchRequest::Create(WatchCreate { start_revision: 3, ..on("a") }), 10);
    let outputs = outputs(&mut hub);
    let Some(WatchOutput::History(query)) = outputs.last() else { panic!("{outputs:?}") };
    assert_eq!(ask(&mut hub, 10), []);
    hub.handle_history(query.id, chunk(vec![], 10));
    assert_eq!(responses(&mut hub), []);
    assert_eq!(ask(&mut hub, 10), [progress(10, -1)]);
}

#[test]
fn a_watcher_before_its_start_is_not_answered() {
    let mut hub = hub();
    create(&mut hub, WatchCreate { start_revision: 12, ..on("a") }, 10);
    assert_eq!(ask(&mut hub, 10), []);
    hub.handle_advance(Revision(12));
    assert_eq!(ask(&mut hub, 12), [progress(12, -1)]);
}

#[test]
fn a_new_watcher_counts_as_synced_while_it_registers() {
    let mut hub = hub();
    request(&mut hub, WatchRequest::Create(on("a")), 10);
    let outputs = outputs(&mut hub);
    let WatchOutput::Register { interest, .. } = outputs[1] else { panic!("{outputs:?}") };
    assert_eq!(ask(&mut hub, 10), []);
    hub.handle_registered(interest, Revision(11));
    assert_eq!(responses(&mut hub), [progress(10, -1)]);
}

#[test]
fn the_answer_covers_what_was_current_and_comes_after_its_events() {
    let mut hub = hub();
    create(&mut hub, on("a"), 10);
    assert_eq!(ask(&mut hub, 11), []);
    let responses = commit(&mut hub, vec![live(0, put(11, "a"))]);
    assert_eq!(revisions(&responses[0]), [11]);
    assert_eq!(responses[1..], [progress(11, -1)]);
}

#[test]
fn ticks_tell_synced_watchers_that_want_it() {
    let mut hub = hub();
    create(&mut hub, notified(), 10);
    create(&mut hub, on("b"), 10);
    create(&mut hub, WatchCreate { start_revision: 99, ..notified() }, 10);
    let due = hub.next_deadline().expect("a tick is planned");
    let interval = WatchConfig::default().progress_interval;
    assert!(due >= interval && due <= interval + interval / 10, "{due:?}");
    hub.handle_tick(due - Duration::from_millis(1));
    assert_eq!(responses(&mut hub), []);
    hub.handle_tick(due);
    assert_eq!(responses(&mut hub), [progress(10, 0)]);
    assert!(hub.next_deadline() > Some(due));
}

#[test]
fn the_tick_after_an_event_is_passed_over() {
    let mut hub = hub();
    create(&mut hub, notified(), 10);
    commit(&mut hub, vec![live(0, put(11, "a"))]);
    let first = hub.next_deadline().expect("a tick is planned");
    hub.handle_tick(first);
    assert_eq!(responses(&mut hub), []);
    hub.handle_tick(hub.next_deadline().expect("the next one too"));
    assert_eq!(responses(&mut hub), [progress(11, 0)]);
}

#[test]
fn ticks_end_with_the_stream_and_differ_between_streams() {
    let mut hub = hub();
    let mut dues = std::collections::BTreeSet::new();
    for id in 2..12 {
        hub.handle_open(StreamId(id));
        let create = WatchRequest::Create(notified());
        hub.handle_request(Duration::ZERO, StreamId(id), create, Revision(10), None);
        dues.insert(hub.next_deadline());
        hub.handle_close(StreamId(id));
    }
    assert!(dues.len() > 5, "{dues:?}");
    assert_eq!(hub.next_deadline(), None);
}
