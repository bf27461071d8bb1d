//! What an operation costs other cores is bounded, however many there are: the bounds that
//! `docs/scaling.md` proves.

use std::sync::OnceLock;

use braid_sim::scaling::{Load, Row, measure};

const CORES: [u16; 5] = [1, 2, 7, 16, 64];
/// A client that is alone at its core, and enough of them to fill batches.
const CLIENTS: [u64; 2] = [1, 24];
const OPERATIONS: u64 = 60;

/// Every size once, for all tests of a load.
fn rows(load: Load) -> Vec<Row> {
    let sizes = CORES.iter().flat_map(|cores| CLIENTS.map(|clients| (*cores, clients)));
    let row = |(cores, clients)| measure(load, cores, clients, OPERATIONS);
    sizes.map(|size| row(size).expect("a member never stops")).collect()
}

fn puts() -> &'static [Row] {
    static PUTS: OnceLock<Vec<Row>> = OnceLock::new();
    PUTS.get_or_init(|| rows(Load::Puts))
}

/// How many operations may be under way at either end of what was counted.
fn edge(row: &Row) -> u64 {
    2 * row.clients * u64::from(row.cores)
}

#[test]
fn a_put_crosses_cores_once_each_way() {
    for row in puts() {
        let mails = if row.cores == 1 { 0 } else { 2 * (row.operations + edge(row)) };
        assert!(row.counts.mails <= mails, "{row:?}");
    }
}

/// By the request, by the answer, and by the watermark where the key lives.
#[test]
fn a_put_wakes_others_three_times_at_most() {
    for row in puts() {
        assert!(row.counts.wake_ups <= 3 * (row.operations + edge(row)), "{row:?}");
    }
}

#[test]
fn a_put_shares_its_sync() {
    for row in puts() {
        assert!(row.counts.syncs <= row.operations + edge(row), "{row:?}");
    }
}

/// To core 0 and back, and with each of the two cores that own a key: asked, answered, handed its
/// part, and taken over.
#[test]
fn a_transaction_of_two_keys_takes_ten_messages_at_most() {
    for row in rows(Load::Pairs) {
        let mails = 10 * (row.operations + edge(&row));
        assert!(row.counts.mails <= mails, "{row:?}");
    }
}
