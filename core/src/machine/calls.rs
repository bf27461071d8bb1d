//! The calls of this core's front-ends: how many there may be, and so how many mails.
//!
//! Nothing is ever refused between cores, so nobody waits for anybody's room and no two cores for
//! each other. What bounds the mails that wait for a core is what may cause them: a call has one
//! question or answer on its way to a core at a time, and every other cause has a bound of its own.

use super::{Core, Output};
use crate::api::{Request, Response};
use crate::error::Error;
use crate::machine::mail::ReplyTo;
use crate::port::CallId;

impl Core {
    /// The most mails of this core that may wait for one other; a driver that sees more has found a
    /// mistake.
    #[must_use]
    pub fn mails_max(&self) -> usize {
        let (cores, watch) = (usize::from(self.routing.cores()), &self.config.watch);
        self.config.limits.mails_in_flight(cores, watch.watchers, watch.queries)
    }

    pub(super) fn handle_call(&mut self, call: CallId, request: Request) {
        // A scan between two chunks takes its place like a call; its end is never refused.
        let goes_on = matches!(request, Request::RangeNext(_) | Request::RangeClose(_));
        if !goes_on && self.calls + self.reads.ranges.len() >= self.config.limits.calls {
            return self.out.push_back(Output::Answer(call, Err(Error::TooManyRequests)));
        }
        self.calls += 1;
        self.handle_request(ReplyTo::Front(call), request);
    }

    pub(super) fn answer(&mut self, call: CallId, answer: Result<Response, Error>) {
        self.calls -= 1;
        self.out.push_back(Output::Answer(call, answer));
    }
}
