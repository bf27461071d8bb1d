//! What the tests of files share.

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use glommio::LocalExecutor;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder that goes with the test. Beside the test's binary: a real disk, while `/tmp` may lie
/// in memory, where O_DIRECT means nothing.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("runtime-test-{}-{number}", std::process::id());
        let path = std::env::current_exe().unwrap().parent().unwrap().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn on_executor<T>(future: impl Future<Output = T>) -> T {
    LocalExecutor::default().run(future)
}
