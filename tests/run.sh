#!/usr/bin/env bash
# Black-box tests: a real server process, real clients, and a released etcd to compare with.
#
#   tests/run.sh [--braid PATH] [--long] [SUITE [FLAG ...]]
#   tests/run.sh --build      builds the reference programs and no more
#   tests/run.sh --prepare    builds all that the suites need beside the server
#
# Without a suite all of them run in their short form, at the same time, since most of theirs is
# waiting; one line for each says how it went.
# Flags after a suite's name go to that suite (Go's test flags with `-test.`).
# PATH defaults to the release build; naming a released etcd there checks the tests themselves.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
reference=$target/reference
harness=$target/harness
# Data directories need a file system that knows O_DIRECT: not /tmp, which may be in memory.
work=$target/member-data

# The released programs are built once; the module file pins their version.
build_reference() {
	if [[ $reference/etcd -nt $root/tests/reference/go.sum ]]; then return; fi
	mkdir -p "$reference"
	(cd "$root/tests/reference" && go build -o "$reference/" ./etcd ./etcdctl tool)
	touch "$reference/etcd"
}

braid=$target/release/braid
long=no
prepare=no
while [[ ${1-} == --* ]]; do
	case $1 in
	--braid) braid=$(realpath "$2"); shift 2 ;;
	--long) long=yes; shift ;;
	--build) build_reference; exit ;;
	--prepare) prepare=yes; shift ;;
	*) sed -n '2,12s/^# \?//p' "$0"; exit 2 ;;
	esac
done

# Says which files are not.
formatted() {
	local files
	files=$(gofmt -l .)
	if [[ -n $files ]]; then
		echo "gofmt would change: $files" >&2
		return 1
	fi
}

build_harness() {
	mkdir -p "$harness" "$work"
	CARGO_TARGET_DIR=$target cargo build --quiet --locked --manifest-path "$root/Cargo.toml" --package braid-judge
	(cd "$root/tests/go" && formatted && go vet ./... && go test -c -o "$harness/" ./differential ./clients ./crash ./badinput)
}

go_suite() {
	local suite=$1; shift
	(cd "$root/tests/go/$suite" && "$harness/$suite.test" -server "$braid" \
		-reference "$reference/etcd" -etcdctl "$reference/etcdctl" -judge "$target/debug/judge" \
		-work "$work" "$@")
}

# The Rust client needs protoc to be built; Python's package has one for machines without.
provide_protoc() {
	if command -v protoc >/dev/null || [[ -n ${PROTOC-} ]]; then return; fi
	export PROTOC=$target/protoc/protoc
	if [[ -x $PROTOC ]]; then return; fi
	python3 -m venv "$target/protoc"
	"$target/protoc/bin/pip" install --quiet --disable-pip-version-check grpcio-tools==1.76.0
	printf '#!/bin/sh\nexec "%s" -m grpc_tools.protoc "$@"\n' "$target/protoc/bin/python" >"$PROTOC"
	chmod +x "$PROTOC"
}

rust_suite() {
	provide_protoc
	BRAID_TEST_SERVER=$braid BRAID_TEST_WORK=$work BRAID_TEST_JUDGE=$target/debug/judge \
		CARGO_TARGET_DIR=$target \
		cargo test --locked --manifest-path "$root/tests/Cargo.toml" -- "$@"
}

python_suite() {
	"$root/tests/python/run.sh" "$target/python-client" "$braid" "$work" "$@"
}

run_suite() {
	local suite=$1; shift
	case $suite in
	rust) rust_suite "$@" ;;
	python) python_suite "$@" ;;
	*) go_suite "$suite" "$@" ;;
	esac
}

# The long form repeats with other seeds and more kills; hours rather than minutes.
form() {
	case $1-$long in
	differential-no) echo -seeds 4 ;;
	differential-yes) echo -seeds 100 -ops 10000 -test.timeout 24h ;;
	crash-no) echo -kills 2 ;;
	crash-yes) echo -kills 100 -test.timeout 24h ;;
	clients-yes | badinput-yes) echo -long ;;
	esac
}

# What one suite says goes to a file, how it went to another. In a subshell of its own: `set -e` is off
# where a status is asked for, and a suite must stop at its first error.
timed_suite() {
	local suite=$1 began=$SECONDS status verdict=FAILED
	set +e
	# shellcheck disable=SC2046 # the form is a list of words
	(set -e; run_suite "$suite" $(form "$suite")) >"$logs/$suite" 2>&1
	status=$?
	if ((status == 0)); then verdict=ok; fi
	printf '%-13s %-7s %4d s\n' "$suite" "$verdict" $((SECONDS - began)) >"$logs/$suite.verdict"
	return "$status"
}

# Each suite is a process group of its own, so that an interruption ends all that it started.
stop_suites() {
	local group
	for group in $(jobs -p); do kill -- "-$group" 2>/dev/null || true; done
}

if [[ $prepare = no && ! -x $braid ]]; then
	echo "no server at $braid: cargo build --release, or --braid PATH" >&2
	exit 2
fi
build_reference
build_harness
if [[ $prepare = yes ]]; then exit; fi

if [[ $# -gt 0 ]]; then
	run_suite "$@"
	exit
fi

logs=$(mktemp -d "$target/suites.XXXXXX")
trap 'stop_suites; rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM
set -m
suites=(differential clients crash badinput rust python)
running=() failed=0
for suite in "${suites[@]}"; do
	timed_suite "$suite" </dev/null &
	running+=($!)
done
for index in "${!suites[@]}"; do
	wait "${running[index]}" || failed=1
	printf '== %s\n' "${suites[index]}"
	cat "$logs/${suites[index]}"
done
echo "== black-box tests of $braid"
cat "$logs"/*.verdict
exit $failed
