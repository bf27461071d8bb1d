//! Every planted bug is found.

use braid_protocol::check::search;
use braid_protocol::trap::Trap;

/// One thread, so that the way to the fault is a shortest one.
fn is_found(trap: Trap) {
    let report = search(trap.scenario().protocol(Some(trap)), 1, usize::MAX);
    println!("{trap:?} in {:?}: {report}", trap.scenario());
    assert!(!report.broken.is_empty(), "{trap:?} is not found: {report}");
}

macro_rules! traps {
    ($($test:ident: $trap:ident,)*) => {
        $(
            #[test]
            fn $test() {
                is_found(Trap::$trap);
            }
        )*

        #[test]
        fn none_is_left_out() {
            assert_eq!(Trap::ALL.as_slice(), &[$(Trap::$trap),*]);
        }
    };
}

traps! {
    sequencing_while_planning: SequenceWhilePlanning,
    no_control_barrier: NoControlBarrier,
    no_shard_barrier: NoShardBarrier,
    epoch_outlives_terms: EpochOutlivesTerms,
    proposal_in_a_later_term: ProposeInLaterTerm,
    sequencing_before_the_decision: SequenceBeforeDecision,
    confirmation_in_any_term: ConfirmInAnyTerm,
    ignored_hole: IgnoreHole,
    torn_writes_counted: CountTornWrites,
    void_forgotten: ForgetVoid,
    follower_skips_decision: FollowerSkipsDecision,
    indexes_before_watermark: IndexesBeforeWatermark,
    follower_of_the_fastest_shard: FollowerFastestShard,
    lease_stays_open: LeaseStaysOpen,
    only_committed_keys_reported: ReportCommittedKeys,
    revocation_beside_control: RevokeBesideControl,
    unconfirmed_keepalive: KeepaliveUnconfirmed,
    lease_time_goes_on: LeaseTimeGoesOn,
    watermark_of_each_core: WatermarkPerCore,
    coordinator_lets_go: CoordinatorLetsGo,
    gates_stay_open: GatesStayOpen,
    publishing_before_events: PublishBeforeEvents,
    draining_before_the_watermark: DrainBeforeWatermark,
    acknowledging_before_all_act: AcknowledgeBeforeAllAct,
}
