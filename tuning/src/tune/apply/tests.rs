use super::*;

const SOMAXCONN: &str = "/proc/sys/net/core/somaxconn";
const SCHEDULER: &str = "/sys/block/vda/queue/scheduler";

/// A host with two settings, and a data directory in it.
fn host() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, value) in [(SOMAXCONN, "128\n"), (SCHEDULER, "none [bfq]\n")] {
        let path = root.path().join(&path[1..]);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, value).unwrap();
    }
    root
}

fn value(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(&path[1..])).unwrap()
}

fn settings() -> [Setting; 2] {
    [Setting::new(SOMAXCONN, "4096"), Setting::new(SCHEDULER, "none")]
}

fn told(
    action: impl FnOnce(&mut dyn FnMut(String)) -> Result<(), ApplyError>,
) -> (Result<(), ApplyError>, String) {
    let mut text = String::new();
    let result = action(&mut |line| text += &(line + "\n"));
    (result, text)
}

#[test]
fn what_is_applied_is_undone() {
    let root = host();
    let root = root.path();
    told(|tell| apply(root, root, &settings(), tell)).0.unwrap();
    assert_eq!((value(root, SOMAXCONN), value(root, SCHEDULER)), ("4096".into(), "none".into()));
    let (again, _) = told(|tell| apply(root, root, &[Setting::new(SOMAXCONN, "1")], tell));
    assert!(matches!(again, Err(ApplyError::AlreadyApplied(_))), "{again:?}");
    let (undone, text) = told(|tell| undo(root, root, tell));
    undone.unwrap();
    assert_eq!(value(root, SOMAXCONN), "128", "{text}");
    assert_eq!(value(root, SCHEDULER), "bfq", "{text}");
    assert!(!root.join(UNDO_FILE).exists());
    let (again, _) = told(|tell| undo(root, root, tell));
    assert!(matches!(again, Err(ApplyError::NothingApplied(_))), "{again:?}");
}

#[test]
fn what_others_changed_meanwhile_stays() {
    let root = host();
    let root = root.path();
    told(|tell| apply(root, root, &settings(), tell)).0.unwrap();
    fs::write(root.join(&SOMAXCONN[1..]), "9999\n").unwrap();
    fs::remove_file(root.join(&SCHEDULER[1..])).unwrap();
    let (undone, text) = told(|tell| undo(root, root, tell));
    undone.unwrap();
    assert_eq!(value(root, SOMAXCONN), "9999\n");
    assert!(text.contains("is 9999 by now") && text.contains("cannot be read"), "{text}");
}

#[test]
fn what_counts_already_needs_no_undo_file() {
    let root = host();
    let same = [Setting::new(SOMAXCONN, "128"), Setting::new(SCHEDULER, "bfq")];
    let (result, text) = told(|tell| apply(root.path(), root.path(), &same, tell));
    result.unwrap();
    assert_eq!(text, "nothing is to be changed\n");
    assert!(!root.path().join(UNDO_FILE).exists());
}

#[test]
fn nothing_is_to_be_undone_where_nothing_could_be_changed() {
    let directory = tempfile::tempdir().unwrap();
    // A file of the kernel that can be read and not be written, by whomever.
    let settings = [Setting::new("/proc/version", "another")];
    let (result, text) = told(|tell| apply(Path::new("/"), directory.path(), &settings, tell));
    assert!(matches!(result, Err(ApplyError::NothingChanged)), "{result:?}");
    assert!(text.contains("/proc/version = another FAILED: "), "{text}");
    assert!(!directory.path().join(UNDO_FILE).exists());
}

#[test]
fn an_undo_file_cannot_name_other_files() {
    let root = host();
    let victim = root.path().join("etc");
    fs::write(&victim, "mine").unwrap();
    let undo_file = root.path().join(UNDO_FILE);
    for (text, part) in [
        (
            "version = 1\n[[change]]\npath = \"/etc\"\nbefore = \"x\"\nafter = \"mine\"",
            "/etc is nothing",
        ),
        ("version = 2", "version 2"),
        ("what", "is no undo file"),
    ] {
        fs::write(&undo_file, text).unwrap();
        let error = told(|tell| undo(root.path(), root.path(), tell)).0.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(fs::read_to_string(victim).unwrap(), "mine");
    assert!(undo_file.exists());
}
