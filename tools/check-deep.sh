#!/usr/bin/env bash
# The long checks: sanitizers, fuzzing, many crashes and kills. FUZZ_SECONDS (default 1800) a target, CRASH_RUNS (default
# 10000) random machines, KILLS (default 500) of the program,
# PROPERTY_PAIRS (default 1000000) of rule sets and events.
set -euo pipefail
cd "$(dirname "$0")/.."

for sanitizer in asan tsan; do
  cmake --preset "$sanitizer"
  cmake --build --preset "$sanitizer"
  ctest --preset "$sanitizer" --label-exclude e2e
done

cmake --preset fuzz
cmake --build --preset fuzz
for target in build/fuzz/fuzz/fuzz_*; do
  [ -x "$target" ] || continue
  corpus=build/fuzz/corpus/$(basename "$target")
  mkdir -p "$corpus"
  echo "fuzzing $(basename "$target") for ${FUZZ_SECONDS:-1800} s"
  "$target" -max_total_time="${FUZZ_SECONDS:-1800}" -print_final_stats=1 "$corpus"
done

cmake --preset release
cmake --build --preset release
# A million pairs of a rule set and an event against the reference matcher (make test: a hundred thousand).
TOCSIN_PROPERTY_PAIRS="${PROPERTY_PAIRS:-1000000}" build/release/src/pattern/pattern_test --gtest_filter='Property.*'
TOCSIN_CRASH_RUNS="${CRASH_RUNS:-10000}" build/release/src/workflows/workflows_test --gtest_filter='Crashes.*'
KILLS="${KILLS:-500}" /usr/bin/python3 tests/e2e/kill_test.py
