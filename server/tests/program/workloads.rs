//! Every workload of the load generator, in small, against this server.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::common::{BRAID, Server, bench, json};

/// Sizes at which a workload takes a second at most.
const SMALL: [&str; 10] = [
    "--clients=4",
    "--connections=2",
    "--watchers=4",
    "--keys=200",
    "--duration=0.3",
    "--warm-up=0.1",
    "--write-rate=100",
    "--limit=50",
    "--value-size=100..300",
    "--distribution=zipfian",
];

#[track_caller]
fn works(server: &Server, workload: &str, more: &[&str]) {
    let (code, report) = server.run(workload, &[&SMALL[..], more].concat());
    assert_eq!(code, 0, "{workload}: {report:#}");
    assert_eq!(report["errors"], serde_json::json!({}), "{workload}");
    assert!(report["operations"][0]["completed"].as_u64().unwrap() > 0, "{workload}: {report:#}");
    assert!(report["server"]["cpu_us"].as_f64().unwrap() >= 0.0, "{workload}");
}

#[test]
fn requests_are_answered() {
    let server = Server::start(&["--cores=1"]);
    for workload in ["put", "get", "prefix", "mixed", "read-under-write", "connection-storm"] {
        works(&server, workload, &[]);
    }
    works(&server, "put", &["--rate=200", "--threads=2"]);
    // The last turn comes long before the end; what the server used is known all the same.
    works(&server, "get", &["--rate=5"]);
}

#[test]
fn lists_are_whole() {
    let server = Server::start(&["--cores=1"]);
    for workload in ["count", "count-pinned", "list-pages", "list-all", "list-stream"] {
        works(&server, workload, &[]);
    }
}

#[test]
fn transactions_succeed() {
    let server = Server::start(&["--cores=1"]);
    for workload in ["txn-create", "txn-update", "txn-delete", "txn-pair"] {
        works(&server, workload, &[]);
    }
}

#[test]
fn leases_live_and_watchers_hear() {
    let server = Server::start(&["--cores=1"]);
    for workload in
        ["lease-keepalive", "lease-churn", "watch-fanout", "watch-latency", "kubernetes"]
    {
        works(&server, workload, &[]);
    }
}

#[test]
fn an_idle_server_is_measured() {
    let (code, report) = Server::start(&["--cores=1"]).run("idle", &SMALL);
    assert_eq!(code, 0);
    assert!(report["server"]["processors"].is_number());
}

#[test]
fn a_server_that_dies_leaves_a_report_that_says_so() {
    let mut server = Server::start(&["--cores=1"]);
    let process = server.child.id();
    let killer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(700));
        Command::new("kill").args(["-9", &process.to_string()]).status().unwrap();
    });
    let (code, report) = server.run("put", &["--duration=20", "--warm-up=0.1", "--clients=4"]);
    killer.join().unwrap();
    server.child.wait().unwrap();
    assert_eq!(code, 1);
    assert!(report["unfinished"].as_str().unwrap().contains("clients ended early"), "{report:#}");
    assert!(report["errors"]["put: connection lost"].as_u64().unwrap() > 0, "{report:#}");
    // It did not wait for the end of the twenty seconds.
    assert!(report["measured_seconds"].as_f64().unwrap() < 15.0);
}

#[test]
fn a_full_disk_under_the_report_is_an_error() {
    let server = Server::start(&["--cores=1"]);
    let endpoint = format!("--endpoint={}", server.address);
    let arguments = ["run", "put", &endpoint, "--json=/dev/full"];
    assert_eq!(bench(&[&arguments[..], &SMALL].concat()), 1);
}

/// A script that starts the server and kills it once a load has come, however busy the machine is.
fn short_lived(folder: &Path) -> String {
    let path = folder.join("short-lived");
    fs::write(&path, format!("#!/bin/sh\nexec timeout -s KILL 8 '{BRAID}' \"$@\"\n")).unwrap();
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&path, everybody).unwrap();
    path.display().to_string()
}

#[test]
fn a_comparison_whose_server_dies_is_reported_as_far_as_it_came() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (report, page) = (path("report.json"), path("report.html"));
    let own = [
        "compare",
        "put",
        "--duration=60",
        "--warm-up=0.1",
        "--clients=4",
        "--server-cpus=0",
        "--load-cpus=0",
    ];
    let more = [
        format!("--folder={}", path("data")),
        format!("--against=braid:{}", short_lived(folder.path())),
        format!("--braid={BRAID}"),
        format!("--json={report}"),
        format!("--html={page}"),
    ];
    let more = more.each_ref().map(String::as_str);
    assert_eq!(bench(&[&own[..], &more].concat()), 1);
    let report = json(Path::new(&report));
    assert!(report["unfinished"].as_str().unwrap().contains("it ended with"), "{report:#}");
    let run = &report["rows"][0]["reference"][0];
    assert!(run["unfinished"].as_str().unwrap().contains("clients ended early"), "{report:#}");
    assert!(fs::read_to_string(page).unwrap().contains("UNFINISHED"));
}

/// Each picture has lines or points, all of them within it, and closes what it opens.
#[track_caller]
fn pictures_are_well_formed(page: &str) {
    let pictures = page.split("<svg").skip(1).map(|rest| rest.split_once("</svg>").unwrap().0);
    for picture in pictures {
        assert!(picture.contains("<polyline") || picture.contains("<circle"), "{picture}");
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
        let mut open = vec![];
        let (attributes, content) = picture.split_once('>').unwrap();
        assert_eq!(attributes.matches(['\'', '"']).count() % 2, 0, "{attributes}");
        for tag in content.split('<').skip(1).map(|rest| rest.split_once('>').unwrap().0) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{picture}"),
                None if tag.ends_with('/') => {}
                None => open.push(tag.split(' ').next().unwrap()),
            }
        }
        assert!(open.is_empty(), "{open:?}: {picture}");
    }
}

/// The report proves the figures of a document.
#[track_caller]
fn is_evidence(folder: &str, document: &str) {
    let place = "<!-- figures: written by `braid-bench evidence` -->\n<!-- end of figures -->\n";
    fs::write(document, place).unwrap();
    let (folder, readme) = (format!("--folder={folder}"), format!("--readme={document}"));
    assert_eq!(bench(&["evidence", &folder, &readme]), 0);
    assert_eq!(bench(&["evidence", &folder, &readme, "--check"]), 0);
    let text = fs::read_to_string(document).unwrap();
    assert!(text.contains("| put, 2 clients | rate | other braid: "), "{text}");
    assert!(text.contains("[report.json](evidence/report.json)"), "{text}");
}

#[test]
fn two_servers_are_compared() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir(path("evidence")).unwrap();
    let (data, report) = (format!("--folder={}", path("data")), path("evidence/report.json"));
    let html = format!("--html={}", path("report.html"));
    let (against, braid) = (format!("--against=braid:{BRAID}"), format!("--braid={BRAID}"));
    let json_option = format!("--json={report}");
    let own = [
        "compare",
        "put",
        "get",
        "--sweep=2,4",
        &data,
        &against,
        &braid,
        "--rounds=1",
        &json_option,
        &html,
    ];
    // One processor for both: there may be no other.
    let cpus = ["--server-cpus=0", "--load-cpus=0"];
    // The sweep says how many clients.
    let small: Vec<_> = SMALL.into_iter().filter(|option| !option.contains("clients")).collect();
    assert_eq!(bench(&[&own[..], &cpus, &small].concat()), 0);
    let page = fs::read_to_string(path("report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("<polyline"));
    // It opens without a network.
    assert!(!page.contains("http") && !page.contains("<script"));
    pictures_are_well_formed(&page);
    is_evidence(&path("evidence"), &path("README.md"));
    let report = json(Path::new(&report));
    assert_eq!(report["rows"].as_array().unwrap().len(), 4);
    for row in report["rows"].as_array().unwrap() {
        for side in ["reference", "braid"] {
            assert_eq!(row[side].as_array().unwrap().len(), 2, "{row:#}");
        }
        let rate = &row["figures"][0];
        assert_eq!(rate["difference"], "too-few-runs");
        assert!(rate["ratio"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(fs::read_dir(path("data")).unwrap().count(), 0, "data was left behind");
}
