//! Small files of `/proc` and `/sys`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Most bytes that are read of one file; what is looked for stands at its beginning.
const BYTES_MAX: u64 = 1 << 20;

/// The file's text without white space at its ends; none when it cannot be read or is empty.
pub(super) fn text(root: &Path, path: &str) -> Option<String> {
    let mut text = String::new();
    File::open(root.join(path)).ok()?.take(BYTES_MAX).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The number that is the file's text.
pub(super) fn number(root: &Path, path: &str) -> Option<u64> {
    text(root, path)?.parse().ok()
}

/// Files for tests, below a folder that goes with the value.
#[cfg(test)]
pub(super) fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    root
}
