//! Several clients at the same time: one order of revisions explains every answer, and every
//! watcher was told exactly that.

use braid_core::api::Request;
use braid_core::ids::{CoreId, LeaseId};
use braid_sim::disk::Disk;
use braid_sim::history::explain;
use braid_sim::load::Load;
use braid_sim::member::{Member, Options};
use braid_sim::model::Model;
use braid_sim::model::generate::Hints;
use braid_sim::model::random::Random;

use crate::seeds::each_seed;

const REQUESTS: usize = 120;
const LEASES: [LeaseId; 3] = [LeaseId(1), LeaseId(2), LeaseId(7)];

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let options = Options::draw(&mut random);
    let mut model = Model::new(options.core.max_txn_ops);
    let mut member = Member::start(&options, Disk::default(), Random::new(random.next_u64()))
        .expect("an empty disk can be started from");
    for lease in LEASES {
        let grant = Request::LeaseGrant { lease, ttl: 600 };
        assert_eq!(member.execute(CoreId(0), grant.clone()), model.apply(&grant));
    }
    let hints = Hints { revision: model.revision(), compacted: model.compacted() };
    let clients = random.between(2, 12) as usize;
    let mut load = Load::new(random.next_u64(), clients, hints, LEASES.to_vec());
    let everything = load.watchers.watch_all(&mut member, CoreId(0), model.revision() + 1);
    for _ in 0..4 {
        load.watchers.watch_some(&mut member, random.next_u64(), model.revision() + 1);
        load.send(&mut member, REQUESTS / 4);
    }
    load.settle(&mut member);
    let told = load.watchers.told(everything);
    explain(&mut model, &load.operations, &told)
        .unwrap_or_else(|why| panic!("{why}\n{options:#?}"));
    load.watchers.check(&model, true).unwrap_or_else(|why| panic!("{why}\n{options:#?}"));
}

#[test]
fn one_order_explains_what_many_clients_see() {
    each_seed("one_order_explains_what_many_clients_see", 400, run);
}
