//! Changes settings of the host, and puts them back.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::settings::Setting;

/// The file in the data directory that says how everything was.
pub const UNDO_FILE: &str = "braid-tune-undo.toml";

/// The version of that file.
const VERSION: u64 = 1;

/// Largest undo file that is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// Why settings were not changed, or not put back.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ApplyError {
    #[error("{0}: settings have been changed already; undo that first: braid tune --undo")]
    AlreadyApplied(PathBuf),
    #[error(
        "{0}: is not there, so nothing is to be undone; --data-dir must name the directory that --apply was given"
    )]
    NothingApplied(PathBuf),
    #[error("{path}: {error}")]
    UndoFile { path: PathBuf, error: io::Error },
    #[error("{path}: is no undo file: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error(
        "{count} settings could not be changed, as told above; {undo} has what is to be undone"
    )]
    Incomplete { count: usize, undo: PathBuf },
}

/// One setting before and after.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    path: String,
    before: String,
    after: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UndoFile {
    version: u64,
    #[serde(default)]
    change: Vec<Change>,
}

/// Makes `settings` count on the host below `root`. How they were is in the undo file in `directory`
/// before the first of them is touched. `tell` hears what became of each.
///
/// # Errors
/// There is an undo file already, or something could not be written.
pub fn apply(
    root: &Path,
    directory: &Path,
    settings: &[Setting],
    tell: &mut dyn FnMut(String),
) -> Result<(), ApplyError> {
    let changes: Vec<_> = settings.iter().filter_map(|setting| change(root, setting)).collect();
    if changes.is_empty() {
        tell("nothing is to be changed".to_owned());
        return Ok(());
    }
    let undo = directory.join(UNDO_FILE);
    write_undo(&undo, &changes)?;
    let failed =
        changes.iter().filter(|change| !set(root, &change.path, &change.after, tell)).count();
    if failed == changes.len() {
        // Nothing was changed, so there is nothing to undo.
        fs::remove_file(&undo)
            .map_err(|error| ApplyError::UndoFile { path: undo.clone(), error })?;
    }
    if failed > 0 {
        return Err(ApplyError::Incomplete { count: failed, undo });
    }
    tell(format!("{} has how it was; braid tune --undo puts it back", undo.display()));
    Ok(())
}

/// The change that `setting` is now; none if it counts already or cannot be read.
fn change(root: &Path, setting: &Setting) -> Option<Change> {
    let before = setting.current(root).ok()?;
    let Setting { path, value } = setting.clone();
    (before != value).then_some(Change { path, before, after: value })
}

fn write_undo(path: &Path, changes: &[Change]) -> Result<(), ApplyError> {
    let mut text = format!(
        "# How settings were before `braid tune --apply`; `braid tune --undo` puts them back.\nversion = {VERSION}\n"
    );
    for Change { path, before, after } in changes {
        text += &format!("\n[[change]]\npath = {path:?}\nbefore = {before:?}\nafter = {after:?}\n");
    }
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => ApplyError::AlreadyApplied(path.to_owned()),
        _ => ApplyError::UndoFile { path: path.to_owned(), error },
    })
}

/// Whether the setting could be made to count.
fn set(root: &Path, path: &str, value: &str, tell: &mut dyn FnMut(String)) -> bool {
    match Setting::new(path, value).write(root) {
        Ok(()) => tell(format!("{path} = {value}")),
        Err(error) => {
            tell(format!("{path} = {value} FAILED: {error}"));
            return false;
        }
    }
    true
}

/// Puts back what [`apply`] changed, and removes the undo file. A setting that has another value by
/// now is left to whoever gave it that.
///
/// # Errors
/// There is no undo file, it is damaged, or something could not be written; it stays then.
pub fn undo(root: &Path, directory: &Path, tell: &mut dyn FnMut(String)) -> Result<(), ApplyError> {
    let path = directory.join(UNDO_FILE);
    let changes = read_undo(&path)?;
    let failed = changes.iter().rev().filter(|change| !put_back(root, change, tell)).count();
    if failed > 0 {
        return Err(ApplyError::Incomplete { count: failed, undo: path });
    }
    fs::remove_file(&path).map_err(|error| ApplyError::UndoFile { path, error })
}

fn read_undo(path: &Path) -> Result<Vec<Change>, ApplyError> {
    let damaged = |reason: String| ApplyError::Damaged { path: path.to_owned(), reason };
    let mut text = String::new();
    let read = File::open(path)
        .and_then(|file| io::Read::read_to_string(&mut io::Read::take(file, BYTES_MAX), &mut text));
    read.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ApplyError::NothingApplied(path.to_owned()),
        _ => ApplyError::UndoFile { path: path.to_owned(), error },
    })?;
    let undo: UndoFile =
        toml::from_str(&text).map_err(|error| damaged(error.message().to_owned()))?;
    if undo.version != VERSION {
        return Err(damaged(format!("version {}, and this braid knows {VERSION}", undo.version)));
    }
    let strange = undo.change.iter().find(|it| !Setting::new(&it.path, &it.before).is_known());
    match strange {
        Some(change) => Err(damaged(format!("{} is nothing that braid changes", change.path))),
        None => Ok(undo.change),
    }
}

/// Whether the setting is as it was, or somebody else's business by now.
fn put_back(root: &Path, change: &Change, tell: &mut dyn FnMut(String)) -> bool {
    let Change { path, before, after } = change;
    match Setting::new(path, before).current(root) {
        Ok(now) if now == *after => set(root, path, before, tell),
        Ok(now) => {
            tell(format!("{path} is {now} by now, so it stays"));
            true
        }
        Err(error) => {
            tell(format!("{path} cannot be read, so it stays: {error}"));
            true
        }
    }
}

#[cfg(test)]
mod tests {
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
        // The kernel takes whole values; a plain file keeps the end of a longer old one.
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
        told(|tell| apply(root, root, &settings()[..1], tell)).0.unwrap();
        assert!(value(root, SOMAXCONN).starts_with("4096"));
        let (again, _) = told(|tell| apply(root, root, &[Setting::new(SOMAXCONN, "1")], tell));
        assert!(matches!(again, Err(ApplyError::AlreadyApplied(_))), "{again:?}");
        let (undone, text) = told(|tell| undo(root, root, tell));
        undone.unwrap();
        assert!(value(root, SOMAXCONN).starts_with("128"), "{text}");
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
            let error =
                told(|tell| undo(root.path(), root.path(), tell)).0.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(fs::read_to_string(victim).unwrap(), "mine");
        assert!(undo_file.exists());
    }
}
