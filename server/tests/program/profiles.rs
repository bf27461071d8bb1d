//! Every profile that is built in runs on the machine at hand, whatever that is.

use crate::common::Server;
use braid_tuning::profile::BUILT_IN;
use serde_json::Value;

/// A few puts, and how many of them were answered.
fn puts(server: &Server) -> u64 {
    let small = ["--clients=4", "--connections=2", "--keys=10", "--duration=0.2", "--warm-up=0"];
    let (code, report) = server.run("put", &small);
    assert_eq!((code, &report["errors"]), (0, &serde_json::json!({})), "{report:#}");
    report["operations"][0]["completed"].as_u64().unwrap()
}

/// Messages of the log's lines of this level.
fn messages(server: &Server, level: &str) -> Vec<String> {
    let log = server.log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let wanted = lines.filter(|line| line["level"] == level);
    wanted.map(|line| line["msg"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_server_with_a_built_in_profile_takes_puts() {
    for (name, _) in BUILT_IN {
        let server = Server::start(&[&format!("--profile={name}")]);
        assert!(puts(&server) > 0, "{name}");
    }
}

#[test]
fn a_profile_for_a_larger_machine_is_warned_about_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.toml");
    let memory = 1_u64 << 60;
    std::fs::write(&path, format!("version = 1\ncores = 256\nmemory-bytes = {memory}\n")).unwrap();
    let server = Server::start(&[&format!("--profile={}", path.display())]);
    assert!(puts(&server) > 0);
    let warnings = messages(&server, "warn");
    for key in ["cores = 256", "memory-bytes = "] {
        let about = warnings.iter().filter(|text| text.contains(&format!("large.toml: {key}")));
        assert_eq!(about.count(), 1, "{key}: {warnings:#?}");
    }
}

/// Release builds have no debug lines.
#[cfg(debug_assertions)]
#[test]
fn without_a_profile_the_machine_is_looked_at_and_the_time_told() {
    let server = Server::start(&["--log-level=debug"]);
    let told = messages(&server, "debug");
    assert!(told.iter().any(|text| text == "looked at the machine"), "{told:#?}");
    assert!(told.iter().any(|text| text == "looked at the data directory's disk"), "{told:#?}");
}
