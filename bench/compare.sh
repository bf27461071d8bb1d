#!/usr/bin/env bash
# Throughput of Braid and of etcd with the same load on the same two processors.
#
#   bench/compare.sh [--tool h2load|benchmark] [--rounds N] [--requests N] [--braid PATH] [--etcd PATH]
#
# The server is pinned to processor 0 and the load to processor 1: 10 connections with 100 requests
# in flight each, values of 256 bytes. `benchmark` (etcd's own) puts random keys and costs more than
# the server that it measures; `h2load` (Debian: nghttp2-client) is lean and puts one key again and
# again. Each round runs A B B A, so that a machine that gets slower hurts both; only ratios of one
# run say anything.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
tool=h2load rounds=3 requests=200000
braid=$target/release/braid etcd=$target/reference/etcd
while (($# > 0)); do
	case $1 in
	--tool) tool=$2 ;;
	--rounds) rounds=$2 ;;
	--requests) requests=$2 ;;
	--braid) braid=$(realpath "$2") ;;
	--etcd) etcd=$(realpath "$2") ;;
	*) sed -n '2,11s/^# \?//p' "$0"; exit 2 ;;
	esac
	shift 2
done

readonly connections=10 streams=100 port=23790 peer_port=23800
work=$(mktemp -d "$target/compare-XXXXXX")
server=

# The reference is built by the tests' runner.
[[ -x $etcd && -x $target/reference/benchmark ]] || "$root/tests/run.sh" --build

stop_server() {
	[[ -n $server ]] || return 0
	kill -9 "$server" 2>/dev/null || true
	wait "$server" 2>/dev/null || true
	server=
}
trap 'stop_server; rm -rf "$work"' EXIT

start_server() {
	local binary=$1 url=http://127.0.0.1:$port peer=http://127.0.0.1:$peer_port
	rm -rf "$work/data"
	taskset -c 0 "$binary" --data-dir="$work/data" --listen-client-urls=$url \
		--advertise-client-urls=$url --listen-peer-urls=$peer --initial-advertise-peer-urls=$peer \
		--initial-cluster=default=$peer --log-level=error >"$work/log" 2>&1 &
	server=$!
	for _ in {1..300}; do
		if curl -sf "http://127.0.0.1:$port/health" >/dev/null; then return; fi
		sleep 0.1
	done
	cat "$work/log" >&2
	return 1
}

# Processor time of the server so far, in microseconds.
server_cpu_us() {
	awk -v tick="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); print ($12 + $13) * 1000000 / tick }' "/proc/$server/stat"
}

# gRPC frames with PutRequest{key "k", value of 256 bytes} and RangeRequest{key "k"}.
printf '\x00\x00\x00\x01\x06\x0a\x01k\x12\x80\x02%0256d' 0 >"$work/put"
printf '\x00\x00\x00\x00\x03\x0a\x01k' >"$work/range"

# Requests per second of one load.
h2load_rate() {
	local operation=$1 method=Put
	[[ $operation == range ]] && method=Range
	taskset -c 1 h2load -n "$requests" -c $connections -m $streams -t 1 -d "$work/$operation" \
		-H 'content-type: application/grpc' -H 'te: trailers' \
		"http://127.0.0.1:$port/etcdserverpb.KV/$method" >"$work/out"
	if ! grep -q " $requests succeeded, 0 failed, 0 errored" "$work/out"; then cat "$work/out" >&2; return 1; fi
	sed -n 's/^finished in .*, \([0-9.]*\) req\/s.*/\1/p' "$work/out"
}

benchmark_rate() {
	local arguments=(put --val-size=256 --key-size=16 --key-space-size=100000)
	[[ $1 == range ]] && arguments=(range k)
	taskset -c 1 "$target/reference/benchmark" --endpoints="127.0.0.1:$port" --conns=$connections \
		--clients=$((connections * streams)) "${arguments[@]}" --total="$requests" >"$work/out" 2>&1
	sed -n 's/.*Requests\/sec:[[:space:]]*\([0-9.]*\).*/\1/p' "$work/out"
}

# One line: name, operation, requests per second, microseconds of server CPU per request.
measure() {
	local name=$1 binary=$2 operation before rate
	start_server "$binary"
	for operation in put range; do
		"${tool}_rate" "$operation" >/dev/null # warms up
		before=$(server_cpu_us)
		rate=$("${tool}_rate" "$operation")
		awk -v n="$name" -v o="$operation" -v r="$rate" -v us="$(server_cpu_us)" -v b="$before" -v c="$requests" \
			'BEGIN { printf "%-6s %-6s %10.0f /s %8.2f us CPU\n", n, o, r, (us - b) / c }' | tee -a "$work/results"
	done
	stop_server
}

for ((round = 0; round < rounds; round++)); do
	measure etcd "$etcd"
	measure braid "$braid"
	measure braid "$braid"
	measure etcd "$etcd"
done

# Each Braid run is set against the etcd run beside it.
for operation in put range; do
	for column in 3:rate 5:cpu; do
		awk -v o=$operation -v c="${column%%:*}" '$2 == o { print $1, $c }' "$work/results" |
			awk 'NR % 2 { name = $1; first = $2; next } { print (name == "braid") ? first / $2 : $2 / first }' |
			sort -n | awk -v o=$operation -v w="${column##*:}" \
				'{ v[NR] = $1 } END { printf "%s %s: Braid / etcd = %.2f (median of %d, %.2f to %.2f)\n", o, w, (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, NR, v[1], v[NR] }'
	done
done
