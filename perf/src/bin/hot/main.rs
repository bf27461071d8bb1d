//! Hot functions in a loop, one case at a time, for whoever counts their instructions.
//!
//! `hot` lists the cases with how often each does its work, `hot CASE` runs one. What belongs to
//! the work happens inside [`hot_section`], which is the function to watch.

mod codec;
mod engine;
mod index;

use std::process::ExitCode;

/// Something whose instructions are counted.
struct Case {
    name: &'static str,
    /// How often [`Self::run`] does the work.
    times: u64,
    run: fn(u64),
}

const CASES: [Case; 9] = [
    Case { name: "decode_put", times: 20_000, run: codec::decode_put },
    Case { name: "encode_put", times: 20_000, run: codec::encode_put },
    Case { name: "encode_range", times: 20_000, run: codec::encode_range },
    Case { name: "index_lookup", times: 20_000, run: index::lookup },
    Case { name: "index_count", times: 5_000, run: index::count },
    Case { name: "index_put", times: 20_000, run: index::put },
    Case { name: "engine_put", times: 10_000, run: engine::put },
    Case { name: "engine_put_one_shard", times: 10_000, run: engine::put_one_shard },
    Case { name: "engine_range", times: 10_000, run: engine::range },
];

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        CASES.iter().for_each(|case| println!("{} {}", case.name, case.times));
        return ExitCode::SUCCESS;
    };
    match CASES.iter().find(|case| case.name == name) {
        Some(case) => (case.run)(case.times),
        None => {
            eprintln!("hot: no case {name:?}; without an argument the cases are listed");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Does the work that is counted.
#[inline(never)]
fn hot_section(work: impl FnOnce()) {
    work();
}
