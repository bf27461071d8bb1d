//! What goes into a core's machine and what comes out: closed enums of plain data, which are the
//! trace as well.

use braid_storage::ids::{CoreId, SegmentId};
use braid_storage::log;
use braid_storage::segment::SegmentHeader;
use bytes::Bytes;

use crate::api::{Response, WatchResponses};
use crate::error::Error;
use crate::machine::mail::Mail;
use crate::port::{CallId, Incoming, StreamId};
use crate::version::ColdValue;

/// Something that happened to the core.
#[derive(Debug)]
pub enum Input {
    /// A front-end handed something in.
    Front(Incoming),
    /// Another core wrote.
    Mail(CoreId, Mail),
    /// The log's write of this number is on disk, synced.
    Written(u64),
    /// A segment asked for is ready to be written to.
    SegmentReady(SegmentId),
    /// The disk has no room for the segment asked for. The driver goes on trying.
    NoSpace,
    /// All mails before the oldest unanswered [`Output::Publish`] are in their mailboxes.
    Publish,
    /// A value was read from disk; `None` when its place cannot be read.
    ValueRead(ReadId, Option<Bytes>),
}

/// Names a read of a value. Unique on its core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReadId(pub u64);

/// Something that the core wants done.
#[derive(Debug)]
pub enum Output {
    /// Write and sync; answer with [`Input::Written`].
    Write(log::Write),
    /// Create a segment; answer with [`Input::SegmentReady`], and before with [`Input::NoSpace`]
    /// if it has to wait for room.
    PrepareSegment(SegmentHeader),
    /// Read a value; answer with [`Input::ValueRead`].
    Read(ReadId, ColdValue),
    /// Deliver to another core.
    Mail(CoreId, Mail),
    /// Answer with one [`Input::Publish`] once all mails before this are in their mailboxes: a
    /// commit may only become known after its events have left.
    Publish,
    /// The watermark passed what this core waits for.
    Wake(CoreId),
    /// Answer a front-end's call.
    Answer(CallId, Result<Response, Error>),
    /// Append to a front-end's watch stream.
    Watch(StreamId, WatchResponses),
    /// End a front-end's watch stream.
    EndStream(StreamId, Error),
    /// A reign begins; headers show the control group's term from now on.
    Reign {
        /// The term.
        term: u64,
    },
    /// The whole member serves from now on (core 0 only).
    Serving,
    /// Service is impossible; the process ends with this message.
    Fatal(String),
}
