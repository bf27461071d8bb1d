#!/usr/bin/env bash
# Runs the fuzz targets under libFuzzer, guided by coverage, on the stable toolchain.
#
#   fuzz/run.sh [SECONDS [TARGET ...]]
#
# Each TARGET (all of them, unless named) runs for SECONDS (5) beyond its build, one on each processor
# at a time. What gets further is kept in target/fuzz/corpus for the next run; what crashes or hangs
# is left in target/fuzz/artifacts: copy it to fuzz/regressions/TARGET, where the tests run it.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-5}
shift || true
targets=("$@")
if ((${#targets[@]} == 0)); then targets=(format recovery grpc rpc http1); fi

folder=${CARGO_TARGET_DIR:-target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

# What `cargo fuzz` asks of LLVM, except for the sanitizers, which only a nightly compiler has: there
# is no unsafe code in what is fuzzed, and a panic is a crash without them.
coverage=(
	-Cpasses=sancov-module
	-Cllvm-args=-sanitizer-coverage-level=4
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters
	-Cllvm-args=-sanitizer-coverage-pc-table
	-Cllvm-args=-sanitizer-coverage-trace-compares
)

cargo run --locked --package braid-fuzz --bin seeds -- "$folder/corpus"
# With the host named, the flags are for what is fuzzed and not for what takes part in its build.
RUSTFLAGS="${coverage[*]}" cargo build --locked --package braid-fuzz --profile fuzz \
	--target-dir "$folder" --target "$host" --features engine "${targets[@]/#/--bin=}"
executables=$folder/$host/fuzz
mkdir -p "$folder/artifacts"

fuzz() {
	local target=$1 log=$folder/$1.log
	if ! "$executables/$target" "$folder/corpus/$target" \
		-max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$folder/artifacts/$target-" >"$log" 2>&1; then
		printf '%-10sfailed\n%s\n' "$target" "$(tail -n 60 "$log")"
		return 1
	fi
	printf '%-10s%s\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: */runs: /p' "$log")"
}

export -f fuzz
export folder seconds executables
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz "$1"' fuzz {}
