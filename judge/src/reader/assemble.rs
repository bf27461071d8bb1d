//! Lines become calls with outcomes, watchers with what they were told, and locks that are held.

mod watches;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use braid_core::api::{Request, Response};

use super::fit::{fits, outcome};
use crate::history::{History, Hold, Moment, Operation, Outcome, Restart, domain};
use crate::malformed::{Malformed, Why};
use crate::order::revision;
use crate::wire::{self, Head, Line, VERSION};

/// A history while it is read.
pub struct Assembly {
    history: History,
    /// Calls by their number: the place in the history, and whether they have returned.
    calls: HashMap<u64, (usize, bool)>,
    watchers: HashMap<u64, usize>,
    streams: HashMap<u64, Vec<usize>>,
    /// Holds under way by client and lock.
    holds: BTreeMap<(u64, String), usize>,
    /// Clients that have not ended, and the line at which they appeared.
    clients: BTreeMap<u64, u64>,
    ended_clients: BTreeSet<u64>,
    /// The highest revision that was seen, by domain.
    seen: HashMap<u64, u64>,
    /// The last time, by domain.
    times: HashMap<u64, u64>,
    ended: bool,
}

impl Assembly {
    /// A history that begins.
    pub fn new(head: Head) -> Result<Self, Why> {
        if head.version != VERSION {
            return Err(Why::Version(head.version));
        }
        let history = History {
            head,
            operations: Vec::new(),
            watchers: Vec::new(),
            holds: Vec::new(),
            restarts: Vec::new(),
            lines: 1,
        };
        Ok(Self {
            history,
            calls: HashMap::new(),
            watchers: HashMap::new(),
            streams: HashMap::new(),
            holds: BTreeMap::new(),
            clients: BTreeMap::new(),
            ended_clients: BTreeSet::new(),
            seen: HashMap::new(),
            times: HashMap::new(),
            ended: false,
        })
    }

    /// Takes one more line.
    pub fn add(&mut self, line: u64, parsed: Line) -> Result<(), Why> {
        self.history.lines = line;
        if self.ended {
            return Err(Why::AfterEnd);
        }
        match parsed {
            Line::History(_) => Err(Why::SecondHead),
            Line::Call { client, id, time, member, request } => {
                let at = self.moment(line, client, time)?;
                self.call(client, id, at, member, request.into())
            }
            Line::Return { client, id, time, response, error, lost } => {
                let at = self.moment(line, client, time)?;
                let outcome = one_outcome(response, error, lost)?;
                self.returned(client, id, at, outcome)
            }
            Line::Watch { client, watch, stream, time, create } => {
                let at = self.moment(line, client, time)?;
                self.watch(client, watch, stream, at, create)
            }
            Line::Told { client, watch, stream, time, response } => {
                let at = self.moment(line, client, time)?;
                self.told(client, watch, stream, at, response.into())
            }
            Line::Unwatch { client, watch, time, through } => {
                let at = self.moment(line, client, time)?;
                self.unwatch(client, watch, at, through)
            }
            Line::Hold { client, lock, lease, time } => {
                let from = self.moment(line, client, time)?;
                self.hold(Hold { client, lock, lease, from, until: None })
            }
            Line::Release { client, lock, time } => {
                let at = self.moment(line, client, time)?;
                self.release(client, lock, at)
            }
            Line::Cancel { client, watch, time } => {
                let at = self.moment(line, client, time)?;
                self.cancel(client, watch, at)
            }
            Line::Restart { time, renewed } => {
                if let Some(renewed) = renewed.filter(|renewed| *renewed > time) {
                    return Err(Why::TimeGoesBack(renewed, time));
                }
                self.history.restarts.push(Restart { line, over: time, renewed });
                Ok(())
            }
            Line::End { client: Some(client), time } => {
                self.moment(line, client, time)?;
                self.clients.remove(&client);
                self.ended_clients.insert(client);
                Ok(())
            }
            Line::End { client: None, .. } => {
                self.ended = true;
                Ok(())
            }
        }
    }

    /// The history, when nothing is missing. `line` is the one behind the last.
    pub fn finish(self, line: u64) -> Result<History, Malformed> {
        let open = self.calls.iter().filter(|(_, (_, returned))| !returned);
        let open = open.map(|(id, (place, _))| {
            (self.history.operations[*place].called.line, Why::CallWithoutReturn(*id))
        });
        let endless = self.clients.iter();
        let endless = endless.map(|(client, line)| (*line, Why::ClientWithoutEnd(*client)));
        if let Some((line, why)) = open.chain(endless).min_by_key(|(line, _)| *line) {
            return Err(Malformed { line, why });
        }
        if !self.ended {
            return Err(Malformed { line, why: Why::NoEnd });
        }
        Ok(self.history)
    }

    /// Notes that a client does something.
    fn moment(&mut self, line: u64, client: u64, time: u64) -> Result<Moment, Why> {
        if self.ended_clients.contains(&client) {
            return Err(Why::ClientEnded(client));
        }
        self.clients.entry(client).or_insert(line);
        let last = self.times.entry(domain(self.history.head.clock, client)).or_insert(time);
        if time < *last {
            return Err(Why::TimeGoesBack(*last, time));
        }
        *last = time;
        Ok(Moment { line, time })
    }

    fn seen(&mut self, client: u64) -> &mut u64 {
        self.seen.entry(domain(self.history.head.clock, client)).or_default()
    }

    fn call(
        &mut self,
        client: u64,
        id: u64,
        called: Moment,
        member: String,
        request: Request,
    ) -> Result<(), Why> {
        let place = self.history.operations.len();
        if self.calls.insert(id, (place, false)).is_some() {
            return Err(Why::CallTwice(id));
        }
        let seen = *self.seen(client);
        let outcome = Outcome::Unknown(String::new());
        let ended = called;
        self.history.operations.push(Operation {
            client,
            member,
            request,
            called,
            ended,
            seen,
            outcome,
        });
        Ok(())
    }

    fn returned(&mut self, client: u64, id: u64, at: Moment, outcome: Outcome) -> Result<(), Why> {
        let (place, returned) = self.calls.get_mut(&id).ok_or(Why::ReturnWithoutCall(id))?;
        if std::mem::replace(returned, true) {
            return Err(Why::ReturnTwice(id));
        }
        let operation = &mut self.history.operations[*place];
        if operation.client != client {
            return Err(Why::OfAnotherClient(operation.client));
        }
        if let Outcome::Answered(response) = &outcome
            && !fits(&operation.request, response)
        {
            return Err(Why::OtherKind(id));
        }
        operation.ended = at;
        operation.outcome = outcome;
        let shown = operation.response().map_or(0, revision);
        let seen = self.seen(client);
        *seen = (*seen).max(shown);
        Ok(())
    }

    fn hold(&mut self, hold: Hold) -> Result<(), Why> {
        let key = (hold.client, hold.lock.clone());
        if self.holds.insert(key, self.history.holds.len()).is_some() {
            return Err(Why::HoldTwice(hold.client));
        }
        self.history.holds.push(hold);
        Ok(())
    }

    fn release(&mut self, client: u64, lock: String, at: Moment) -> Result<(), Why> {
        let place = self.holds.remove(&(client, lock)).ok_or(Why::NotHeld(client))?;
        self.history.holds[place].until = Some(at);
        Ok(())
    }
}

fn one_outcome(
    response: Option<wire::Response>,
    error: Option<String>,
    lost: Option<String>,
) -> Result<Outcome, Why> {
    match (response, error, lost) {
        (Some(response), None, None) => Ok(Outcome::Answered(Response::from(response))),
        (None, Some(error), None) => Ok(outcome(error)),
        (None, None, Some(lost)) => Ok(Outcome::Unknown(lost)),
        _ => Err(Why::OneOutcome),
    }
}
