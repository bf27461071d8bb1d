//! Why a history cannot be judged.

/// A line that does not fit.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Malformed {
    /// The line, from 1 on.
    pub line: u64,
    /// Why it does not.
    #[source]
    pub why: Why,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Not JSON, or not of this format.
    #[error("not a line of a history: {0}")]
    Json(#[from] serde_json::Error),
    /// Past the bound for one line.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// Past the bound for all lines.
    #[error("more than {0} lines; judge the history in parts")]
    TooMany(u64),
    /// The first line is something else, or there is none.
    #[error("a history begins with a line {{\"event\":\"history\",\"version\":1,…}}")]
    NoHead,
    /// A second head.
    #[error("the history has begun already")]
    SecondHead,
    /// Another version of the format.
    #[error("version {0} of the format is not known; this judge reads version 1")]
    Version(u32),
    /// Times must not go back.
    #[error("time goes back from {0} to {1} ns")]
    TimeGoesBack(u64, u64),
    /// Something after the end.
    #[error("the history has ended already")]
    AfterEnd,
    /// No line says that the history has ended.
    #[error("the history ends without a line {{\"event\":\"end\"}}: it may have been cut")]
    NoEnd,
    /// A client does something after its end.
    #[error("client {0} has ended already")]
    ClientEnded(u64),
    /// A client whose end is missing.
    #[error("client {0}, which appears here, never ends")]
    ClientWithoutEnd(u64),
    /// A call's number is taken.
    #[error("call {0} was made already")]
    CallTwice(u64),
    /// A call that nobody knows the outcome of, not even that it is lost.
    #[error("call {0} has no return; write one with \"lost\" if its outcome is not known")]
    CallWithoutReturn(u64),
    /// A return without a call.
    #[error("call {0} was never made")]
    ReturnWithoutCall(u64),
    /// A second return.
    #[error("call {0} has returned already")]
    ReturnTwice(u64),
    /// Something that belongs to another client.
    #[error("that belongs to client {0}")]
    OfAnotherClient(u64),
    /// A return with none or several of the three outcomes.
    #[error("a return has one of response, error and lost")]
    OneOutcome,
    /// An answer to another kind of request.
    #[error("the response is not of the kind of the request of call {0}")]
    OtherKind(u64),
    /// A watcher's number is taken, or 0.
    #[error("watch {0} was opened already, or is 0")]
    WatchTwice(u64),
    /// Something told to a watcher that was never opened.
    #[error("watch {0} was never opened")]
    NoWatch(u64),
    /// Something told to a stream without watchers.
    #[error("stream {0} has no watcher")]
    NoStream(u64),
    /// Something about a watcher after its end.
    #[error("watch {0} has ended already")]
    WatchEnded(u64),
    /// Neither a watcher nor a stream is named, or both.
    #[error("name a watch or a stream")]
    WatchOrStream,
    /// Only progress is told to a whole stream.
    #[error("a whole stream is told its progress and nothing else")]
    StreamProgress,
    /// A lock that the client holds.
    #[error("client {0} holds this lock already")]
    HoldTwice(u64),
    /// A lock that the client does not hold.
    #[error("client {0} does not hold this lock")]
    NotHeld(u64),
}
