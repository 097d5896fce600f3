#!/usr/bin/env bash
# Makes the dictionary that stored findings are compressed with, from samples of our own:
#   tools/finding_dictionary.sh models/finding.dict
# A dictionary is part of the form of what is stored: one that was released is never changed, a new one gets a new mark
# (src/findings/body.cpp). Needs build/release/tocsin, python3 and the zstd command line.
set -euo pipefail
out=$(realpath "$1")
cd "$(dirname "$0")/.."
tocsin=$PWD/build/release/tocsin
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
"$tocsin" serve --data "$work/data" --listen 127.0.0.1:0 >"$work/ready" 2>"$work/log" &
server=$!
until grep -qs http "$work/ready"; do sleep 0.1; done
endpoint=$(grep -o 'http://[0-9.:]*' "$work/ready" | head -1)
"$tocsin" samples --seed 20261122 --count 4000 | "$tocsin" import --endpoint "$endpoint" --data "$work/data" - >&2
"$tocsin" findings --endpoint "$endpoint" --data "$work/data" --limit 4000 --json >"$work/findings.json"
mkdir "$work/bodies"
python3 - "$work" <<'PYTHON'
import json, sys
work = sys.argv[1]
found = json.load(open(f"{work}/findings.json"))
for number, finding in enumerate(found if isinstance(found, list) else found["Findings"]):
    with open(f"{work}/bodies/{number:05}", "w") as body:
        json.dump(finding, body, separators=(",", ":"), ensure_ascii=False)
PYTHON
zstd -q --train -r "$work/bodies" --maxdict=32768 --dictID=1 -o "$out" >&2
