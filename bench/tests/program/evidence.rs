//! No figure without its evidence: in the README, and that the check can fail.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

const DOCUMENT: &str = "# Fast\n\n<!-- figures: written by `braid-bench evidence` -->\n\
                        <!-- end of figures -->\n\nRead on.\n";

fn evidence(folder: &Path, readme: &Path, more: &[&str]) -> u8 {
    let (folder, readme) =
        (format!("--folder={}", folder.display()), format!("--readme={}", readme.display()));
    let own = ["braid-bench", "evidence", &folder, &readme];
    braid_bench::main_with([&own[..], more].concat().into_iter().map(Into::into))
}

/// A report as `compare` writes it, as far as it matters.
fn report() -> Value {
    let run = |lower_bound: bool| {
        json!({"unfinished": null, "operations": [{"lower_bound": lower_bound}],
               "generator": {"waited": 0.0}})
    };
    json!({
        "made": {"command": "braid-bench compare put", "commit": "abc", "date": "2026-01-01"},
        "machine": [["kernel", "6"]],
        "limits": [["loopback", "9 us"]],
        "unfinished": null,
        "rows": [{
            "title": "put, 64 clients",
            "names": ["etcd", "braid"],
            "figures": [{"metric": "rate", "reference": [100.0, 300.0], "braid": [500.0, 900.0]}],
            "reference": [run(false), run(false)],
            "braid": [run(false), run(true)],
        }],
    })
}

/// A document with its reports.
struct Project(TempDir);

impl Project {
    fn new(report: &Value) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::create_dir(project.folder()).unwrap();
        project.record(report);
        fs::write(project.readme(), DOCUMENT).unwrap();
        project
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("reports")
    }

    fn readme(&self) -> PathBuf {
        self.0.path().join("README.md")
    }

    fn record(&self, report: &Value) {
        fs::write(self.folder().join("puts.json"), report.to_string()).unwrap();
    }

    fn check(&self) -> u8 {
        evidence(&self.folder(), &self.readme(), &["--check"])
    }

    fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.readme()).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(self.readme(), text.replace(from, to)).unwrap();
    }
}

#[test]
fn the_figures_of_the_readme_are_proved() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_eq!(evidence(&root.join("perf/evidence"), &root.join("README.md"), &["--check"]), 0);
}

#[test]
fn figures_are_computed_from_the_runs() {
    let project = Project::new(&report());
    assert_eq!(project.check(), 1, "nothing is written yet");
    assert_eq!(evidence(&project.folder(), &project.readme(), &[]), 0);
    assert_eq!(project.check(), 0);
    let text = fs::read_to_string(project.readme()).unwrap();
    let row = "| put, 64 clients | rate | 200/s | >=700/s | 4.00 (3.00 to 5.00) | \
               [puts.json](reports/puts.json) |";
    assert!(text.contains(row), "{text}");
    for origin in ["commit abc", "`braid-bench compare put`", "kernel: 6", "loopback: 9 us"] {
        assert!(text.contains(origin), "{text}");
    }
    assert!(text.starts_with("# Fast") && text.ends_with("Read on.\n"));
}

#[test]
fn figures_that_no_report_proves_are_refused() {
    let written = || {
        let project = Project::new(&report());
        assert_eq!(evidence(&project.folder(), &project.readme(), &[]), 0);
        project
    };
    let project = written();
    project.edit("700/s", "800/s");
    assert_eq!(project.check(), 1, "a figure was made larger");
    let project = written();
    project.edit("Read on.", "It puts in 9 us.");
    assert_eq!(project.check(), 1, "a figure stands elsewhere");
    let project = written();
    fs::remove_file(project.folder().join("puts.json")).unwrap();
    assert_eq!(project.check(), 1, "the report is gone");
    let project = written();
    let mut other = report();
    other["rows"][0]["figures"][0]["braid"][0] = json!(1.0);
    project.record(&other);
    assert_eq!(project.check(), 1, "the report says something else");
}

#[test]
fn a_report_that_is_not_whole_proves_nothing() {
    let mut unfinished = report();
    unfinished["unfinished"] = json!("interrupted");
    assert_eq!(Project::new(&unfinished).check(), 1);
    let mut run = report();
    run["rows"][0]["braid"][1]["unfinished"] = json!("1 of 4 clients ended early");
    let project = Project::new(&run);
    assert_eq!(evidence(&project.folder(), &project.readme(), &[]), 1);
    assert_eq!(fs::read_to_string(project.readme()).unwrap(), DOCUMENT);
}
