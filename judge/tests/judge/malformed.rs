//! Histories that nobody can judge: the error names the line.

use braid_judge::malformed::Why;
use braid_judge::reader::{Limits, read};

use crate::support::{parse, verdict_of};

const PUT: &str = r#"{"event":"call","client":1,"id":1,"time":1,"request":{"put":{"key":"a"}}}"#;
const PUT_DONE: &str =
    r#"{"event":"return","client":1,"id":1,"time":2,"response":{"put":{"revision":2}}}"#;
const WATCH: &str = r#"{"event":"watch","client":1,"watch":1,"time":1,"create":{"key":"a"}}"#;

/// The body is refused at `line`, counted from the head on, for this reason.
#[track_caller]
fn refused(lines: &[&str], line: u64, is: impl Fn(&Why) -> bool) {
    let error = parse(&lines.join("\n")).expect_err("it is not refused");
    assert!(is(&error.why) && error.line == line, "{error}");
    assert!(error.to_string().starts_with(&format!("line {line}: ")), "{error}");
}

#[test]
fn calls_and_returns_that_do_not_fit() {
    refused(&[PUT], 2, |why| matches!(why, Why::CallWithoutReturn(1)));
    refused(&[PUT, PUT], 3, |why| matches!(why, Why::CallTwice(1)));
    refused(&[PUT, PUT_DONE, PUT_DONE], 4, |why| matches!(why, Why::ReturnTwice(1)));
    refused(&[PUT_DONE], 2, |why| matches!(why, Why::ReturnWithoutCall(1)));
    let of_2 = PUT_DONE.replace(r#""client":1"#, r#""client":2"#);
    refused(&[PUT, &of_2], 3, |why| matches!(why, Why::OfAnotherClient(1)));
    let range = PUT_DONE.replace("put", "range");
    refused(&[PUT, &range], 3, |why| matches!(why, Why::OtherKind(1)));
    let none = r#"{"event":"return","client":1,"id":1,"time":2}"#;
    refused(&[PUT, none], 3, |why| matches!(why, Why::OneOutcome));
    let both = PUT_DONE.replace("\"time\"", "\"lost\":\"x\",\"time\"");
    refused(&[PUT, &both], 3, |why| matches!(why, Why::OneOutcome));
}

#[test]
fn time_that_goes_back() {
    let early = PUT_DONE.replace(r#""time":2"#, r#""time":0"#);
    refused(&[PUT, &early], 3, |why| matches!(why, Why::TimeGoesBack(1, 0)));
}

#[test]
fn watchers_that_were_never_opened() {
    let told = r#"{"event":"told","client":1,"watch":1,"time":2,"response":{"revision":2}}"#;
    refused(&[told], 2, |why| matches!(why, Why::NoWatch(1)));
    refused(&[WATCH, WATCH], 3, |why| matches!(why, Why::WatchTwice(1)));
    let unwatch = r#"{"event":"unwatch","client":1,"watch":1,"time":2}"#;
    refused(&[WATCH, unwatch, told], 4, |why| matches!(why, Why::WatchEnded(1)));
    let neither = told.replace(r#""watch":1,"#, "");
    refused(&[WATCH, &neither], 3, |why| matches!(why, Why::WatchOrStream));
    let stream = told.replace("watch", "stream");
    refused(&[WATCH, &stream], 3, |why| matches!(why, Why::NoStream(1)));
    let streamed = WATCH.replace(r#""watch":1"#, r#""watch":1,"stream":1"#);
    let created = stream.replace(r#""revision":2"#, r#""revision":2,"created":true"#);
    refused(&[&streamed, &created], 3, |why| matches!(why, Why::StreamProgress));
}

#[test]
fn locks_that_do_not_fit() {
    let hold = r#"{"event":"hold","client":1,"lock":"l","lease":1,"time":1}"#;
    refused(&[hold, hold], 3, |why| matches!(why, Why::HoldTwice(1)));
    let release = r#"{"event":"release","client":1,"lock":"l","time":1}"#;
    refused(&[release], 2, |why| matches!(why, Why::NotHeld(1)));
}

#[test]
fn lines_of_another_format() {
    refused(&["{"], 2, |why| matches!(why, Why::Json(_)));
    // A field that is misspelt must not pass for one that is left out.
    let misspelt = WATCH.replace("\"key\"", "\"prevkv\":true,\"key\"");
    refused(&[&misspelt], 2, |why| matches!(why, Why::Json(_)));
    let request = PUT.replace("\"key\"", "\"ttl\":1,\"key\"");
    refused(&[&request], 2, |why| matches!(why, Why::Json(_)));
    refused(&[&PUT.replace("put", "push")], 2, |why| matches!(why, Why::Json(_)));
    let head = r#"{"event":"history","version":1,"clock":"one"}"#;
    refused(&[head], 2, |why| matches!(why, Why::SecondHead));
}

#[track_caller]
fn text_refused(text: &str, line: u64, is: impl Fn(&Why) -> bool) {
    let limits = Limits { line_bytes: 200, lines: 4 };
    let error = read(text.as_bytes(), limits).expect_err("it is not refused");
    assert!(is(&error.why) && error.line == line, "{error}");
}

#[test]
fn histories_without_a_beginning_or_an_end() {
    let head = r#"{"event":"history","version":1,"clock":"one"}"#;
    let end = r#"{"event":"end","time":9}"#;
    let end_of_1 = r#"{"event":"end","client":1,"time":9}"#;
    text_refused("", 1, |why| matches!(why, Why::NoHead));
    text_refused(end, 1, |why| matches!(why, Why::NoHead));
    let other = head.replace(r#""version":1"#, r#""version":2"#);
    text_refused(&other, 1, |why| matches!(why, Why::Version(2)));
    text_refused(head, 2, |why| matches!(why, Why::NoEnd));
    let open = format!("{head}\n{WATCH}\n{end}\n");
    text_refused(&open, 2, |why| matches!(why, Why::ClientWithoutEnd(1)));
    let after = format!("{head}\n{end_of_1}\n{WATCH}\n");
    text_refused(&after, 3, |why| matches!(why, Why::ClientEnded(1)));
    let behind = format!("{head}\n{end}\n{end}\n");
    text_refused(&behind, 3, |why| matches!(why, Why::AfterEnd));
    text_refused(&" ".repeat(500), 1, |why| matches!(why, Why::TooLong(200)));
    let many = format!(
        "{head}\n{}",
        format!("{end_of_1}\n").repeat(9).replace("client\":1", "client\":2")
    );
    text_refused(&many, 3, |why| matches!(why, Why::ClientEnded(2)));
    let lines = format!(
        "{head}\n{WATCH}\n{}\n{}\n{end}\n",
        WATCH.replace("watch\":1", "watch\":2"),
        WATCH.replace("watch\":1", "watch\":3")
    );
    text_refused(&lines, 5, |why| matches!(why, Why::TooMany(4)));
}

#[test]
fn what_was_not_looked_at_is_listed() {
    let verdict = verdict_of(&format!("{PUT}\n{PUT_DONE}"));
    assert!(verdict.is_good());
    let report = verdict.to_string();
    assert!(report.contains("unchecked: lock-exclusive: nothing"), "{report}");
    let open = format!(
        "{WATCH}\n{}\n{}\n{PUT_DONE}",
        r#"{"event":"told","client":1,"watch":1,"time":1,"response":{"revision":1,"created":true}}"#,
        PUT
    );
    let report = verdict_of(&open).to_string();
    assert!(report.contains("should have been told at their end"), "{report}");
    assert!(report.ends_with("no promise is broken in what could be checked"), "{report}");
}
