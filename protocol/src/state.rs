//! The state of the whole cluster, and of history as its clients have seen it.

use braid_core::ids::{Epoch, Revision};

use crate::bounds::Bounds;
use crate::calm::Calm;
use crate::cores::Cores;
use crate::log::{Entry, GROUPS_MAX, Group, Groups, Log, Member, PerGroup, Record};
use crate::sequencing::Sequencing;

/// A state of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The control group's log, then the shards'.
    pub logs: Vec<Log>,
    /// The members.
    pub members: Vec<MemberState>,
    /// What somebody outside has seen: the record at each revision, from the first write on.
    pub history: Vec<Record>,
    /// Whether the shards differ in nothing but their names.
    pub shards_alike: bool,
    /// Revisions taken so far.
    pub writes: u8,
    /// Failed appends and voluntary epochs so far.
    pub failures: u8,
    /// Whether a client was told that the setting is changed.
    pub acknowledged: bool,
    /// Whether faults have stopped.
    pub calm: Option<Calm>,
    /// The first thing that went wrong.
    pub fault: Option<Fault>,
}

/// What one member knows and does.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberState {
    /// For each group, how many entries it knows to be committed.
    pub known: PerGroup,
    /// For each group, the term in which it believes to lead; 0 for none.
    pub roles: PerGroup,
    /// Groups in which it must commit a further barrier before it computes P.
    pub barriers: Groups,
    /// A P that it has computed and not proposed yet.
    pub plan: Option<Plan>,
    /// The epoch in which it leads.
    pub reign: Option<Reign>,
    /// What a leader has told it, and it has not acted on yet.
    pub told: Option<Told>,
    /// The watermark that it shows as a follower.
    pub readable: Revision,
    /// Whether it counts the lease's time from the last keepalive that was answered, or later.
    pub counts_anew: bool,
}

/// A decision on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plan {
    /// P.
    pub base: Revision,
    /// The next epoch, as far as the control log was known.
    pub epoch: Epoch,
}

/// An epoch that a member leads in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reign {
    /// Its number.
    pub epoch: Epoch,
    /// The terms of all groups that it is bound to.
    pub terms: PerGroup,
    /// Counter, cells and sequencers.
    pub sequencing: Sequencing,
    /// What goes on between its cores.
    pub cores: Cores,
    /// Whether it takes puts that name the lease.
    pub lease: Gate,
    /// The cores that act on the changed setting, as bits.
    pub acting: u8,
    /// Shards to which it has itself attached a key, in flight or not.
    pub attached: Groups,
}

impl Reign {
    /// Begins after the end of history.
    #[must_use]
    pub fn new(epoch: Epoch, base: Revision, terms: PerGroup, cores: u8) -> Self {
        Self {
            epoch,
            terms,
            sequencing: Sequencing::new(cores, base),
            cores: Cores::new(cores, base),
            lease: Gate::Open,
            acting: 0,
            attached: Groups::default(),
        }
    }
}

/// Where a leader stands with the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// Puts may name it.
    Open,
    /// Its end is under way; these shards have reported keys.
    Closed(Groups),
    /// This leader has appended its end.
    Ended,
}

/// A leader's message to a follower.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Told {
    /// Who sends it.
    pub leader: Member,
    /// In which epoch.
    pub epoch: Epoch,
    /// The leader's watermark.
    pub watermark: Revision,
    /// How much of each group the leader knew to be committed.
    pub needs: PerGroup,
    /// Whether both halves are read.
    pub whole: bool,
}

/// What can go wrong at one step. What can be seen in a state alone is checked there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A visible revision has no record.
    Gap,
    /// A visible revision lacks a part.
    Torn,
    /// Two records that are not void share a revision.
    Ambiguous,
    /// A member shows another record at a revision than was seen before.
    Changed,
    /// A leader finds a record of its own epoch that it did not write.
    Foreign,
    /// The end of history lies below a durable watermark.
    Lost,
    /// A follower shows a revision that no leader has shown.
    AboveWatermark,
    /// A core acts on a watermark below what was seen before.
    WentBack,
    /// A watcher passes a revision without all of its events.
    EventMissed,
    /// A shard's log is not in the order of revisions.
    OutOfOrder,
}

impl State {
    /// The first member leads epoch 1; nothing is written.
    #[must_use]
    pub fn initial(bounds: &Bounds) -> Self {
        let mut terms = [0; GROUPS_MAX];
        terms[..usize::from(bounds.groups())].fill(1);
        let log = Log { term: 1, leader: Member(0), entries: vec![], committed: 0 };
        let mut state = Self {
            logs: vec![log; usize::from(bounds.groups())],
            members: vec![MemberState::default(); usize::from(bounds.members)],
            history: vec![],
            shards_alike: bounds.cores == 1,
            writes: 0,
            failures: 0,
            acknowledged: false,
            calm: None,
            fault: None,
        };
        let control = &mut state.logs[0];
        control.entries.push(Entry::Decision(Epoch(1), Revision::FRESH, terms));
        control.committed = 1;
        for member in &mut state.members {
            member.known[0] = 1;
        }
        let first = &mut state.members[0];
        first.roles = terms;
        first.reign = Some(Reign::new(Epoch(1), Revision::FRESH, terms, bounds.cores));
        first.counts_anew = true;
        state
    }

    /// The log of a group.
    #[must_use]
    pub fn log(&self, group: Group) -> &Log {
        &self.logs[group.at()]
    }

    /// The log of a group.
    pub fn log_mut(&mut self, group: Group) -> &mut Log {
        &mut self.logs[group.at()]
    }

    /// What a member knows and does.
    #[must_use]
    pub fn member(&self, member: Member) -> &MemberState {
        &self.members[usize::from(member.0)]
    }

    /// What a member knows and does.
    pub fn member_mut(&mut self, member: Member) -> &mut MemberState {
        &mut self.members[usize::from(member.0)]
    }

    /// All groups.
    pub fn groups(&self) -> impl Iterator<Item = Group> + use<> {
        (0..self.logs.len() as u8).map(Group)
    }

    /// Whether the member leads the group, and knows it.
    #[must_use]
    pub fn leads(&self, member: Member, group: Group) -> bool {
        let log = self.log(group);
        log.leader == member && self.member(member).roles[group.at()] == log.term
    }

    /// Whether the member believes to lead the group and does not.
    #[must_use]
    pub fn is_stale(&self, member: Member, group: Group) -> bool {
        self.member(member).roles[group.at()] != 0 && !self.leads(member, group)
    }

    /// Whether the member can confirm now that it leads, for its epoch's own control term.
    #[must_use]
    pub fn confirmed(&self, member: Member) -> bool {
        let reign = self.member(member).reign.as_ref();
        let own = reign.is_some_and(|reign| reign.terms[0] == self.log(Group::CONTROL).term);
        own && self.leads(member, Group::CONTROL)
    }

    /// The entries of a group that the member knows to be committed.
    #[must_use]
    pub fn known(&self, member: Member, group: Group) -> &[Entry] {
        self.log(group).prefix(self.member(member).known[group.at()])
    }

    /// The last revision that anybody outside has seen.
    #[must_use]
    pub fn last_seen(&self) -> Revision {
        Revision(Revision::FRESH.0 + self.history.len() as u64)
    }

    /// Notes what went wrong, if nothing did before.
    pub fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}
