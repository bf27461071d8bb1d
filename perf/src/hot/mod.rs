//! Hot functions in a loop, one case at a time, for whoever counts their instructions.
//!
//! What belongs to the work happens inside [`hot_section`], which is the function to watch.

mod codec;
mod engine;
mod index;
mod watch;

/// Something whose instructions are counted.
pub struct Case {
    /// What it is called, here and in the file of limits.
    pub name: &'static str,
    /// How often [`Self::run`] does the work.
    pub times: u64,
    run: fn(u64),
}

/// All of them.
pub const CASES: [Case; 10] = [
    Case { name: "decode_put", times: 20_000, run: codec::decode_put },
    Case { name: "encode_put", times: 20_000, run: codec::encode_put },
    Case { name: "encode_range", times: 20_000, run: codec::encode_range },
    Case { name: "index_lookup", times: 20_000, run: index::lookup },
    Case { name: "index_count", times: 5_000, run: index::count },
    Case { name: "index_put", times: 20_000, run: index::put },
    Case { name: "engine_put", times: 10_000, run: engine::put },
    Case { name: "engine_put_one_shard", times: 10_000, run: engine::put_one_shard },
    Case { name: "engine_range", times: 10_000, run: engine::range },
    Case { name: "watch_event", times: 100_000, run: watch::events },
];

/// Does the work of the case that is called `name`; false where there is none.
pub fn run(name: &str) -> bool {
    let case = CASES.iter().find(|case| case.name == name);
    case.inspect(|case| (case.run)(case.times)).is_some()
}

/// Does the work that is counted.
#[inline(never)]
fn hot_section(work: impl FnOnce()) {
    work();
}
