#!/usr/bin/env bash
# The figures of README: findings a second, latencies, memory, of the release binary. About three minutes.
#   BENCH_FINDINGS=1000000 bench/run.sh        the full volume
#   BENCH_ARGS="--only latency" bench/run.sh   a part (build/release/bench/ingest/bench_ingest --help)
# The stores are made under BENCH_FOLDER (default build/bench, the checkout's own disk) and removed afterwards; the
# figures are appended to build/bench/ingest.jsonl.
set -euo pipefail
cd "$(dirname "$0")/.."

program=build/release/tocsin
measure=build/release/bench/ingest/bench_ingest
for binary in "$program" "$measure"; do
  [ -x "$binary" ] || { echo "bench: $binary is not there; run 'make build' first" >&2; exit 1; }
done
results=${BENCH_FOLDER:-build/bench}
mkdir -p "$results"
folder=$(mktemp -d "$results/stores.XXXXXX")
trap 'rm -rf "$folder"' EXIT

version="tocsin $(git describe --always --dirty 2>/dev/null || cat VERSION)"
# shellcheck disable=SC2086  # BENCH_ARGS holds words
"$measure" --program "$program" --folder "$folder" --json "$results/ingest.jsonl" --version-text "$version" \
  --findings "${BENCH_FINDINGS:-100000}" ${BENCH_ARGS:-}
