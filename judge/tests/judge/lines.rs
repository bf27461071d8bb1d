//! Lines of histories, written by hand.

/// A put of `key` and `value` at `revision` by client 1, as call `id` at `id` seconds.
pub fn put(id: u64, key: &str, value: &str, revision: u64) -> String {
    put_with(id, &format!(r#""key":"{key}","value":"{value}""#), revision)
}

pub fn put_with(id: u64, fields: &str, revision: u64) -> String {
    call(
        id,
        &format!(r#"{{"put":{{{fields}}}}}"#),
        &format!(r#"{{"put":{{"revision":{revision}}}}}"#),
    )
}

/// A call by client 1 with its answer, at `id` seconds and half a second later.
pub fn call(id: u64, request: &str, response: &str) -> String {
    called(1, id, request, &format!(r#""response":{response}"#))
}

pub fn called(client: u64, id: u64, request: &str, outcome: &str) -> String {
    let (from, to) = (id * 1_000_000_000, id * 1_000_000_000 + 500_000_000);
    format!(
        r#"{{"event":"call","client":{client},"id":{id},"time":{from},"request":{request}}}
{{"event":"return","client":{client},"id":{id},"time":{to},{outcome}}}
"#
    )
}

/// What client 2's watcher 1 is told, at `second`.
pub fn told(second: u64, response: &str) -> String {
    let time = second * 1_000_000_000;
    format!(
        "{{\"event\":\"told\",\"client\":2,\"watch\":1,\"time\":{time},\"response\":{response}}}\n"
    )
}

/// Client 2 opens watcher 1.
pub fn watch(second: u64, create: &str) -> String {
    let time = second * 1_000_000_000;
    format!(
        "{{\"event\":\"watch\",\"client\":2,\"watch\":1,\"time\":{time},\"create\":{create}}}\n"
    )
}

pub fn unwatch(second: u64, through: u64) -> String {
    let time = second * 1_000_000_000;
    format!(
        "{{\"event\":\"unwatch\",\"client\":2,\"watch\":1,\"time\":{time},\"through\":{through}}}\n"
    )
}

pub const ALL: &str = r#"{"key":"a","range_end":"z"}"#;
pub const CREATED: &str = r#"{"revision":1,"created":true}"#;

/// The event of a key's first put.
pub fn first(key: &str, value: &str, revision: u64) -> String {
    format!(
        r#"{{"kv":{{"key":"{key}","value":"{value}","create_revision":{revision},"mod_revision":{revision},"version":1}}}}"#
    )
}

pub fn events(revision: u64, events: &[&String]) -> String {
    let events: Vec<&str> = events.iter().map(|event| event.as_str()).collect();
    format!(r#"{{"revision":{revision},"events":[{}]}}"#, events.join(","))
}

/// Puts of a, b and c at revisions 2 to 4, and a watcher of all that is told `responses`.
pub fn watched(create: &str, responses: &[String]) -> String {
    let mut body = watch(0, create) + &told(0, CREATED);
    for (revision, key) in (2..).zip(["a", "b", "c"]) {
        body += &put(revision - 1, key, "v", revision);
    }
    for (second, response) in (10..).zip(responses) {
        body += &told(second, response);
    }
    body + &unwatch(20, 4)
}

pub fn abc() -> [String; 3] {
    [first("a", "v", 2), first("b", "v", 3), first("c", "v", 4)]
}

/// A lease of 5 seconds, granted at second 1, with a key at revision 2 that is put at second 2.
pub fn leased() -> String {
    granted() + &put_with(2, r#""key":"a","value":"v","lease":9"#, 2)
}

pub fn time_to_live(second: u64, ttl: i64) -> String {
    let granted = if ttl < 0 { 0 } else { 5 };
    call(
        second,
        r#"{"lease_time_to_live":{"lease":9}}"#,
        &format!(
            r#"{{"lease_time_to_live":{{"revision":2,"ttl":{ttl},"granted_ttl":{granted}}}}}"#
        ),
    )
}

/// The grant alone.
pub fn granted() -> String {
    call(
        1,
        r#"{"lease_grant":{"lease":9,"ttl":5}}"#,
        r#"{"lease_grant":{"revision":1,"lease":9,"ttl":5}}"#,
    )
}
