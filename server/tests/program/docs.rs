//! Documents are kept true: generated pages are in step, named paths exist, tables agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use braid_server::config::help;
use braid_server::probe::filesystem::{self, Verdict};
use braid_tuning::profile::{BUILT_IN, Profile};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All Markdown files of the repository.
fn documents() -> Vec<PathBuf> {
    let root = repository();
    let mut found = vec![];
    markdown_in(&root, false, &mut found);
    let folders = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    for folder in folders.filter(|path| path.join("Cargo.toml").exists() || path.ends_with("docs"))
    {
        markdown_in(&folder, true, &mut found);
    }
    found
}

fn markdown_in(folder: &Path, deep: bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if deep && path.is_dir() && !path.ends_with("target") {
            markdown_in(&path, true, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// What stands between `open` and `close`, again and again.
fn between<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close).map(|(inner, _)| inner))
}

#[test]
fn flags_page_is_in_step() {
    let path = repository().join("docs/flags.md");
    let wanted = help::page();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/flags.md differs from the table; run this test with BLESS=1");
}

#[test]
fn links_lead_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in between(&text, "](", ')') {
            let path = link.split('#').next().unwrap();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            let target = document.parent().unwrap().join(path);
            assert!(target.exists(), "{}: {link} leads nowhere", document.display());
        }
    }
}

/// A path in backticks whose first part is a folder of the repository.
#[test]
fn named_paths_exist() {
    let root = repository();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let prose: String = text.split("```").step_by(2).collect();
        for (index, name) in prose.split('`').enumerate() {
            let Some((folder, _)) = name.split_once('/') else { continue };
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            if index % 2 == 0 || !plain || folder.is_empty() || !root.join(folder).is_dir() {
                continue;
            }
            assert!(root.join(name).exists(), "{}: {name} does not exist", document.display());
        }
    }
}

/// A test that is named in backticks, as `path::name`, is in that file.
#[test]
fn named_tests_exist() {
    let root = repository();
    let mut named = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for name in text.split('`').skip(1).step_by(2) {
            let Some((path, test)) = name.split_once("::") else { continue };
            if !path.ends_with(".rs") && !path.ends_with(".go") {
                continue;
            }
            named += 1;
            let code = fs::read_to_string(root.join(path));
            let code = code.unwrap_or_else(|why| panic!("{}: {name}: {why}", document.display()));
            let is_there = [format!("fn {test}("), format!("func {test}(")];
            assert!(
                is_there.iter().any(|line| code.contains(line)),
                "{}: there is no test {name}",
                document.display()
            );
        }
    }
    assert!(named > 20, "only {named} tests are named: is the page of promises still read?");
}

#[test]
fn documents_are_found() {
    let names: BTreeSet<_> =
        documents().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    for name in ["README.md", "ARCHITECTURE.md", "flags.md", "filesystems.md", "containers.md"] {
        assert!(names.contains(std::ffi::OsStr::new(name)), "{name}");
    }
}

/// The cells of the first column, of the tables of a page, that hold a name in backticks.
fn names_in_tables(text: &str) -> BTreeSet<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name).collect()
}

#[test]
fn the_page_of_profiles_has_every_key_and_name() {
    let text = fs::read_to_string(repository().join("docs/operations/profiles.md")).unwrap();
    let error = Profile::parse("version = 1\nno-such-key = 1").unwrap_err().message;
    let (_, keys) = error.split_once("expected one of ").unwrap();
    let known: BTreeSet<_> = keys.split(", ").map(|key| key.trim_matches('`')).collect();
    let names = BUILT_IN.iter().map(|(name, _)| *name);
    let wanted = known.into_iter().filter(|key| *key != "version").chain(names).collect();
    assert_eq!(names_in_tables(&text), wanted);
}

#[test]
fn the_table_of_file_systems_agrees_with_the_probe() {
    let text = fs::read_to_string(repository().join("docs/filesystems.md")).unwrap();
    for (_, name, verdict) in filesystem::TABLE {
        let word = match verdict {
            Verdict::Full => "full",
            Verdict::Warn(_) => "warning",
            Verdict::Refuse(_) => "refused",
        };
        let row = text.lines().find(|line| line.starts_with(&format!("| {name} |")));
        let row = row.unwrap_or_else(|| panic!("docs/filesystems.md has no row for {name}"));
        assert!(row.contains(&format!("| {word} |")), "{name}: {row}");
    }
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains("|")).count();
    assert_eq!(rows, filesystem::TABLE.len() + 2, "a row for each, one for the rest, and the head");
}

#[test]
fn the_seccomp_profile_allows_io_uring_and_nothing_twice() {
    let text = fs::read_to_string(repository().join("deploy/seccomp.json")).unwrap();
    let profile: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
    let allowed = profile["syscalls"].as_array().unwrap().iter().find(|rule| {
        rule["action"] == "SCMP_ACT_ALLOW"
            && rule.get("args").is_none()
            && rule.get("includes").is_none()
    });
    let names: Vec<&str> = allowed.unwrap()["names"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    for name in
        ["io_uring_setup", "io_uring_enter", "io_uring_register", "statfs", "flock", "fdatasync"]
    {
        assert!(names.contains(&name), "{name}");
    }
    assert!(names.is_sorted_by(|a, b| a < b), "names are sorted and unique");
    for name in
        ["bpf", "init_module", "kexec_load", "mount", "ptrace", "setns", "unshare", "add_key"]
    {
        assert!(!names.contains(&name), "{name} needs a capability or escapes a container");
    }
}
