//! Clients of a simulated member.

use std::time::Duration;

use braid_core::api::{Request, Response, WatchRequest};
use braid_core::error::Error;
use braid_core::ids::CoreId;
use braid_core::port::{CallId, Incoming, StreamId};

use super::{Member, Told};

/// An answer that takes longer will never come.
const PATIENCE: Duration = Duration::from_secs(5);

impl Member {
    /// Sends a request to a front-end of `core`.
    pub fn call(&mut self, core: CoreId, request: Request) -> CallId {
        self.last_id += 1;
        let call = CallId(self.last_id);
        self.submit(core, Incoming::Call(call, request));
        call
    }

    /// Sends a request and waits for its answer; whatever else is told meanwhile waits.
    ///
    /// # Errors
    /// What the member answers.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn execute(&mut self, core: CoreId, request: Request) -> Result<Response, Error> {
        let call = self.call(core, request.clone());
        let deadline = self.now() + PATIENCE;
        loop {
            let answered = |told: &Told| matches!(told, Told::Answer(.., id, _) if *id == call);
            if let Some(at) = self.told.iter().position(answered)
                && let Some(Told::Answer(.., answer)) = self.told.remove(at)
            {
                return answer;
            }
            assert!(self.advance_before(deadline), "never answered: {request:?}");
        }
    }

    /// Opens a watch stream at a front-end of `core`.
    pub fn open_watch(&mut self, core: CoreId) -> StreamId {
        self.last_id += 1;
        let stream = StreamId(self.last_id);
        self.submit(core, Incoming::WatchOpen(stream));
        stream
    }

    /// Sends a message on a watch stream.
    pub fn watch(&mut self, core: CoreId, stream: StreamId, request: WatchRequest) {
        self.submit(core, Incoming::Watch(stream, request));
    }

    /// Lets the next thing happen unless that is after `deadline`; whether it did.
    pub fn advance_before(&mut self, deadline: Duration) -> bool {
        self.next_at().is_some_and(|at| at <= deadline) && self.advance()
    }
}
