//! Reads of single values out of segments while the server runs.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use braid_storage::ids::SegmentId;
use glommio::io::OpenOptions;
use glommio::sync::Semaphore;

use super::{FileError, LogDir, LogFile, failed};

/// Segment files kept open at once by one core. Cold values are scattered, but most of them over
/// few segments; opening another one costs less than a read.
const OPEN_FILES_MAX: usize = 64;

/// The reader of one core.
#[derive(Debug)]
pub struct SegmentReader {
    dir: LogDir,
    in_flight: Semaphore,
    /// The one used last is at the end.
    open: RefCell<VecDeque<(SegmentId, Rc<LogFile>)>>,
}

impl SegmentReader {
    /// A reader that asks the disk for at most `in_flight_max` values at once; more wait.
    pub fn new(dir: LogDir, in_flight_max: u32) -> Self {
        let in_flight = Semaphore::new(u64::from(in_flight_max));
        Self { dir, in_flight, open: RefCell::default() }
    }

    /// Exactly `len` bytes of a segment from `offset` on; neither needs to be aligned.
    ///
    /// # Errors
    /// The system's, also when the file ends before.
    pub async fn read(&self, id: SegmentId, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let path = self.dir.file(id);
        let permit = self.in_flight.acquire_permit(1).await;
        let _permit = permit.map_err(failed("read", &path))?;
        let file = self.file(id).await?;
        file.read(offset, len).await.map_err(failed("read", &path))
    }

    /// Closes the file of a segment that is to be removed or used anew.
    pub fn forget(&self, id: SegmentId) {
        self.open.borrow_mut().retain(|(open, _)| *open != id);
    }

    async fn file(&self, id: SegmentId) -> Result<Rc<LogFile>, FileError> {
        if let Some(file) = self.known(id) {
            return Ok(file);
        }
        let mut options = OpenOptions::new();
        options.read(true);
        let file = Rc::new(self.dir.open_segment(id, &options).await?);
        // Another read may have opened it meanwhile; then both stay until they are the oldest.
        let mut open = self.open.borrow_mut();
        if open.len() == OPEN_FILES_MAX {
            open.pop_front();
        }
        open.push_back((id, file.clone()));
        Ok(file)
    }

    fn known(&self, id: SegmentId) -> Option<Rc<LogFile>> {
        let mut open = self.open.borrow_mut();
        let position = open.iter().position(|(open, _)| *open == id)?;
        let entry = open.remove(position)?;
        let file = entry.1.clone();
        open.push_back(entry);
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Access;
    use super::super::testing::{TempDir, on_executor};
    use super::*;
    use futures_lite::future::zip;
    use std::{fs, io};

    const ID: SegmentId = SegmentId(7);

    fn content() -> Vec<u8> {
        (0..20_000u32).map(|number| (number % 251) as u8).collect()
    }

    fn reader(temp: &TempDir, in_flight_max: u32) -> SegmentReader {
        reader_with(temp, in_flight_max, Access::Direct)
    }

    fn reader_with(temp: &TempDir, in_flight_max: u32, access: Access) -> SegmentReader {
        let dir = LogDir::open(temp.path(), access).unwrap();
        for id in (0..100).map(SegmentId) {
            fs::write(dir.file(id), content()).unwrap();
        }
        SegmentReader::new(dir, in_flight_max)
    }

    #[test]
    fn any_bytes_can_be_read() {
        for access in [Access::Direct, Access::Buffered] {
            let temp = TempDir::new();
            check_reads(&reader_with(&temp, 8, access));
        }
    }

    fn check_reads(reader: &SegmentReader) {
        on_executor(async {
            for (offset, len) in [(0, 1), (4095, 2), (511, 8192), (19_999, 1), (0, 20_000)] {
                let bytes = reader.read(ID, offset as u64, len).await.unwrap();
                assert_eq!(bytes, content()[offset..offset + len]);
            }
        });
    }

    #[test]
    fn reads_past_the_end_fail_and_name_the_file() {
        for access in [Access::Direct, Access::Buffered] {
            let temp = TempDir::new();
            let reader = reader_with(&temp, 8, access);
            on_executor(async {
                let error = reader.read(ID, 19_999, 2).await.unwrap_err();
                assert_eq!(error.io().kind(), io::ErrorKind::UnexpectedEof);
                assert!(error.to_string().contains(&ID.file_name()), "{error}");
                let missing = reader.read(SegmentId(1000), 0, 1).await.unwrap_err();
                assert_eq!(missing.io().kind(), io::ErrorKind::NotFound);
            });
        }
    }

    #[test]
    fn reads_beyond_the_bound_wait_their_turn() {
        let temp = TempDir::new();
        let reader = reader(&temp, 1);
        on_executor(async {
            let (first, second) = zip(reader.read(ID, 0, 10), reader.read(ID, 10, 10)).await;
            assert_eq!(first.unwrap(), content()[..10]);
            assert_eq!(second.unwrap(), content()[10..20]);
        });
    }

    #[test]
    fn few_files_stay_open() {
        let temp = TempDir::new();
        let reader = reader(&temp, 8);
        on_executor(async {
            for id in (0..100).map(SegmentId) {
                reader.read(id, 0, 1).await.unwrap();
            }
            assert_eq!(reader.open.borrow().len(), OPEN_FILES_MAX);
            reader.forget(SegmentId(99));
            assert_eq!(reader.open.borrow().len(), OPEN_FILES_MAX - 1);
        });
    }
}
