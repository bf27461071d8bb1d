//! Where what comes in goes to, and where answers and mails leave.

use braid_storage::ids::CoreId;

use super::mail::{Mail, ReplyTo};
use super::queries::Query;
use super::{Core, Output};
use crate::api::Response;
use crate::error::Error;
use crate::port::Incoming;

impl Core {
    pub(super) fn handle_front(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Call(call, request) => self.handle_call(call, request),
            Incoming::WatchOpen(stream) => self.hub.handle_open(stream),
            Incoming::Watch(stream, request) => self.handle_watch(stream, request),
            Incoming::WatchTaken(stream) => self.hub.handle_taken(stream),
            Incoming::WatchClose(stream) => self.hub.handle_close(stream),
        }
    }

    pub(super) fn handle_mail(&mut self, from: CoreId, mail: Mail) {
        match mail {
            Mail::Request(call, request) => {
                self.handle_request(ReplyTo::Core(from, call), *request);
            }
            Mail::Answer(call, answer) => self.answer(call, answer),
            Mail::Page(task, query) => self.queue_query(from, Query::Page(task, *query)),
            Mail::PageDone(task, page) => self.handle_page(from, task, page),
            Mail::Collect(collect) => self.handle_collect(from, collect),
            Mail::Collected(task, collected) => self.handle_collected(from, task, *collected),
            Mail::CollectOn(task, wanted) => self.handle_collect_on(from, task, wanted),
            Mail::Parts(parts) => self.handle_parts(parts),
            Mail::Covered(round) => self.handle_covered(round),
            Mail::Update(id, update) => self.handle_update(from, id, update),
            Mail::Updated(id) => self.handle_updated(id),
            Mail::Compacted(id) => self.handle_compacted(id),
            Mail::Figures(task) => self.handle_figures_query(from, task),
            Mail::FiguresDone(task, figures) => self.handle_figures(task, figures),
            Mail::Hash(task, query) => self.queue_query(from, Query::Hash(task, query)),
            Mail::HashDone(task, part) => self.handle_hash(from, task, part),
            Mail::Events(events, bytes) => self.handle_events(from, events, bytes),
            Mail::EventsLost(upto) => self.handle_events_lost(from, upto),
            Mail::EventsTaken(bytes) => self.events.taken(from, bytes),
            Mail::Register(interest, interval) => self.handle_register(from, interest, interval),
            Mail::Registered(interest, from_revision) => {
                self.handle_registered(interest, from_revision);
            }
            Mail::Unregister(interest) => self.events.unregister(from, interest),
            Mail::History(query) => self.queue_query(from, Query::History(*query)),
            Mail::HistoryDone(query, part) => self.handle_history(query, part),
            Mail::Lead => self.handle_lead(),
            Mail::Leading(terms) => self.handle_leading(terms),
            Mail::Begin(epoch, term) => self.handle_begin(epoch, term),
            Mail::Begun => self.handle_begun(),
        }
    }

    /// Sends to another core, or to this one.
    pub(super) fn mail(&mut self, to: CoreId, mail: Mail) {
        if to == self.id {
            self.own_mail.push_back(mail);
        } else {
            self.out.push_back(Output::Mail(to, mail));
        }
    }

    /// Returns whether there was any. What these mails set off waits, or one task could go on for
    /// ever.
    pub(super) fn drain_own_mail(&mut self) -> bool {
        let count = self.own_mail.len();
        for _ in 0..count {
            if let Some(mail) = self.own_mail.pop_front() {
                self.handle_mail(self.id, mail);
            }
        }
        count > 0
    }

    /// Answers whoever asked.
    pub(super) fn reply(&mut self, to: ReplyTo, answer: Result<Response, Error>) {
        match to {
            ReplyTo::Front(call) => self.answer(call, answer),
            ReplyTo::Core(core, call) => self.mail(core, Mail::Answer(call, answer)),
            ReplyTo::Expiry(lease) => self.handle_expiry_answer(lease, answer),
        }
    }
}
