//! Bugs that can be planted, one for each way in which the protocol is known to go wrong.

/// A bug. Each is what somebody would write who had not thought of one interleaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// A leader that decides a new epoch goes on sequencing in the old one while it computes P.
    SequenceWhilePlanning,
    /// The new control leader computes P without a barrier in the control group, so without
    /// knowing every earlier decision.
    NoControlBarrier,
    /// P is computed from shard logs to which an older leader can still add.
    NoShardBarrier,
    /// An epoch survives the loss of one of its groups, if the group is won back.
    EpochOutlivesTerms,
    /// A decision is proposed in a later control term than the one in which P was computed.
    ProposeInLaterTerm,
    /// The leader sequences before its decision is committed.
    SequenceBeforeDecision,
    /// A read is served when leadership was confirmed in any control term, not the epoch's own.
    ConfirmInAnyTerm,
    /// A revision that was taken but not appended is forgotten; the epoch goes on.
    IgnoreHole,
    /// P counts a revision of which some part is there.
    CountTornWrites,
    /// A revision above the base of a later epoch is applied all the same.
    ForgetVoid,
    /// A follower acts on a watermark without knowing the decision of its epoch.
    FollowerSkipsDecision,
    /// A leader's message carries a watermark that was read after its commit indexes.
    IndexesBeforeWatermark,
    /// A follower shows the watermark as soon as one of its shards has got there.
    FollowerFastestShard,
    /// Puts that name the lease go on while it ends.
    LeaseStaysOpen,
    /// Shards report the lease's committed keys and leave out those in flight.
    ReportCommittedKeys,
    /// The lease's end and its keys' are two entries instead of one record.
    RevokeBesideControl,
    /// A keepalive is answered by whoever believes to lead.
    KeepaliveUnconfirmed,
    /// A new leader counts on from when the lease was granted.
    LeaseTimeGoesOn,
    /// Each core acts on the watermark that it computes, and shares none.
    WatermarkPerCore,
    /// The coordinator's cell lets go of a revision before all parts are taken.
    CoordinatorLetsGo,
    /// Cores go on sequencing while a write that spans cores is on its way to them.
    GatesStayOpen,
    /// A core publishes a commit before its events have left.
    PublishBeforeEvents,
    /// A watcher empties its mailbox before it reads the watermark.
    DrainBeforeWatermark,
    /// A change of settings is acknowledged as soon as it is committed.
    AcknowledgeBeforeAllAct,
}

impl Trap {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::SequenceWhilePlanning,
        Self::NoControlBarrier,
        Self::NoShardBarrier,
        Self::EpochOutlivesTerms,
        Self::ProposeInLaterTerm,
        Self::SequenceBeforeDecision,
        Self::ConfirmInAnyTerm,
        Self::IgnoreHole,
        Self::CountTornWrites,
        Self::ForgetVoid,
        Self::FollowerSkipsDecision,
        Self::IndexesBeforeWatermark,
        Self::FollowerFastestShard,
        Self::LeaseStaysOpen,
        Self::ReportCommittedKeys,
        Self::RevokeBesideControl,
        Self::KeepaliveUnconfirmed,
        Self::LeaseTimeGoesOn,
        Self::WatermarkPerCore,
        Self::CoordinatorLetsGo,
        Self::GatesStayOpen,
        Self::PublishBeforeEvents,
        Self::DrainBeforeWatermark,
        Self::AcknowledgeBeforeAllAct,
    ];
}
