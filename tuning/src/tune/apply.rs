//! Changes settings of the host, and puts them back.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::new_file::write_new;
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
    #[error("nothing was changed, for the reasons told above; only root may change these settings")]
    NothingChanged,
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
        fs::remove_file(&undo).map_err(|error| ApplyError::UndoFile { path: undo, error })?;
        return Err(ApplyError::NothingChanged);
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
    write_new(path, &text).map_err(|error| match error.kind() {
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
mod tests;
