#!/usr/bin/env bash
# All checks and tests of the project.
#
#   ./test.sh [SECTION ...]
#
# Without a section all of them run, the quick ones first. Sections:
#   format     rustfmt, gofmt
#   lint       clippy on all targets, warnings denied
#   unit       unit, property, simulation and document tests of all crates
#   supply     licences, sources and bans of dependencies (skipped where cargo-deny is not installed)
#   fuzz       each fuzz target for some seconds (fuzz/run.sh; for longer: fuzz/run.sh SECONDS)
#   blackbox   the release binary against real clients and a real etcd (tests/run.sh)
#   hot        instructions of hot functions against their limits (perf/limits.txt)
#
# Needs cargo with rustfmt and clippy, a C and a C++ compiler, Go, Python 3 and valgrind; `.ci/run`
# installs or names what is missing.
set -euo pipefail
cd "$(dirname "$0")"

section_format() {
	cargo fmt --all -- --check
	cargo fmt --manifest-path tests/Cargo.toml -- --check
	local unformatted
	unformatted=$(gofmt -l tests)
	if [[ -n $unformatted ]]; then
		printf 'gofmt would change:\n%s\n' "$unformatted"
		return 1
	fi
}

section_lint() {
	cargo clippy --workspace --all-targets --locked -- --deny warnings
}

# The folder tests/ needs a running server; the section `blackbox` starts one.
# Without doc tests, for which rustdoc would go through every crate and find none, and without
# examples, which `lint` checks.
section_unit() {
	cargo test --workspace --locked --tests
}

# What a section returns that could not run.
readonly SKIPPED=77

# Advisories come from a database that not every machine may fetch, so they are not checked here.
section_supply() {
	if ! cargo deny --version >/dev/null 2>&1; then
		echo "cargo-deny is not installed (cargo install --locked cargo-deny)"
		return "$SKIPPED"
	fi
	cargo deny --workspace check --hide-inclusion-graph bans licenses sources
}

section_fuzz() {
	fuzz/run.sh
}

# In one go: what both share is built once, and their last steps, which take one processor each, run
# side by side.
build_release() {
	cargo build --release --locked --package braid --package braid-perf
}

section_blackbox() {
	local prepared
	tests/run.sh --prepare &
	prepared=$!
	build_release
	wait "$prepared"
	tests/run.sh
}

section_hot() {
	build_release
	"${CARGO_TARGET_DIR:-target}/release/braid-perf" instructions
}

declare -a failed=() skipped=() times=()

# In a subshell of its own: `set -e` is off inside an `if`, and a section must stop at its first error.
run() {
	local start=$SECONDS status=0
	printf '\n== %s\n' "$1"
	set +e
	(set -e; "section_$1")
	status=$?
	set -e
	times+=("$(printf '%-10s %5d s' "$1" $((SECONDS - start)))")
	case $status in
	0) ;;
	"$SKIPPED") skipped+=("$1") ;;
	*) failed+=("$1") ;;
	esac
}

sections=("$@")
if ((${#sections[@]} == 0)); then sections=(format lint unit supply fuzz blackbox hot); fi
for section in "${sections[@]}"; do
	if ! declare -F "section_$section" >/dev/null; then
		sed -n '2,/^set /p' "$0" | sed '/^set /d; s/^# \?//'
		exit 2
	fi
done
for section in "${sections[@]}"; do run "$section"; done

printf '\n== time\n'
printf '%s\n' "${times[@]}"
if ((${#failed[@]} > 0)); then
	printf '\nfailed: %s\n' "${failed[*]}"
	exit 1
fi
if ((${#skipped[@]} > 0)); then
	printf '\npassed, but skipped: %s\n' "${skipped[*]}"
	exit
fi
printf '\nall passed\n'
