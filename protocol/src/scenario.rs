//! The sizes that the tests search.

use crate::bounds::Bounds;
use crate::model::Protocol;
use crate::trap::Trap;

/// A search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Leaders change, twice.
    Elections,
    /// A leader changes; another time a leader decides a new epoch because an append failed.
    Failures,
    /// Three members, each of which leads once.
    ThreeMembers,
    /// Followers show what they are told.
    Followers,
    /// A lease with keys ends.
    Lease,
    /// A member of two cores, whose work goes on from every state.
    Cores,
    /// Two members of two cores each.
    CoresOfMembers,
    /// A setting changes, with a write beside it.
    Setting,
    /// Work goes on from every state, in whatever order.
    Progress,
}

impl Scenario {
    /// The search, with a planted bug or without.
    #[must_use]
    pub fn protocol(self, trap: Option<Trap>) -> Protocol {
        let small = Bounds::default();
        let two_cores = Bounds { cores: 2, elections: 1, takeovers: 1, ..Bounds::default() };
        let bounds = match self {
            Self::Elections => Bounds { writes: 3, ..small },
            Self::Failures => Bounds { failures: 1, elections: 2, takeovers: 2, ..small },
            Self::ThreeMembers => Bounds { members: 3, ..small },
            Self::Followers => Bounds { followers: true, elections: 1, takeovers: 1, ..small },
            Self::Lease => Bounds { lease: true, elections: 1, takeovers: 1, ..small },
            Self::Cores => Bounds { members: 1, failures: 1, ..two_cores },
            Self::CoresOfMembers => two_cores,
            Self::Setting => Bounds { members: 1, setting: true, ..two_cores },
            Self::Progress => Bounds { failures: 1, elections: 1, takeovers: 1, ..small },
        };
        Protocol { bounds, trap, progress: matches!(self, Self::Progress | Self::Cores) }
    }
}

impl Trap {
    /// The smallest search that finds the bug.
    #[must_use]
    pub fn scenario(self) -> Scenario {
        match self {
            Self::IgnoreHole => Scenario::Progress,
            Self::ProposeInLaterTerm | Self::SequenceWhilePlanning => Scenario::Failures,
            Self::FollowerSkipsDecision
            | Self::IndexesBeforeWatermark
            | Self::FollowerFastestShard => Scenario::Followers,
            Self::LeaseStaysOpen
            | Self::ReportCommittedKeys
            | Self::RevokeBesideControl
            | Self::KeepaliveUnconfirmed
            | Self::LeaseTimeGoesOn => Scenario::Lease,
            Self::WatermarkPerCore
            | Self::CoordinatorLetsGo
            | Self::GatesStayOpen
            | Self::PublishBeforeEvents
            | Self::DrainBeforeWatermark => Scenario::Cores,
            Self::AcknowledgeBeforeAllAct => Scenario::Setting,
            _ => Scenario::Elections,
        }
    }
}
