//! What an operation costs other cores is bounded, however many there are: the bounds that
//! `docs/scaling.md` proves.

use braid_sim::scaling::{Load, Row, measure};

const CORES: [u16; 5] = [1, 2, 7, 16, 40];
/// A client that is alone at its core, and enough of them to fill batches.
const CLIENTS: [u64; 2] = [1, 24];
const OPERATIONS: u64 = 60;

fn each_size(load: Load, check: impl Fn(&Row)) {
    for cores in CORES {
        for clients in CLIENTS {
            let row = measure(load, cores, clients, OPERATIONS).expect("a member never stops");
            check(&row);
        }
    }
}

/// How many operations may be under way at either end of what was counted.
fn edge(row: &Row) -> u64 {
    2 * row.clients * u64::from(row.cores)
}

#[test]
fn a_put_crosses_cores_once_each_way() {
    each_size(Load::Puts, |row| {
        let mails = if row.cores == 1 { 0 } else { 2 * (row.operations + edge(row)) };
        assert!(row.counts.mails <= mails, "{row:?}");
    });
}

#[test]
fn a_put_shares_its_sync() {
    each_size(Load::Puts, |row| {
        assert!(row.counts.syncs <= row.operations + edge(row), "{row:?}");
    });
}

/// To core 0 and back, and with each of the two cores that own a key: asked, answered, handed its
/// part, and taken over.
#[test]
fn a_transaction_of_two_keys_takes_ten_messages_at_most() {
    each_size(Load::Pairs, |row| {
        let mails = 10 * (row.operations + edge(row));
        assert!(row.counts.mails <= mails, "{row:?}");
    });
}
