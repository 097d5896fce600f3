#!/usr/bin/env python3
"""Makes models/asff.json, the table that findings are checked against.

  tools/asff_model.py build                      model of Debian's python3-botocore + models/asff-overlay.json -> models/asff.json
  tools/asff_model.py newer --newer FILE[.gz]    rewrites the overlay's "newer" part: what FILE's model has and Debian's lacks

Facts only (names, types, required, enums, lengths) are taken from the service model; no documentation text. The limits that AWS states
in prose are in the overlay's "limits", each written by hand from the API reference.
"""
import argparse
import gzip
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASE = pathlib.Path("/usr/lib/python3/dist-packages/botocore/data/securityhub/2018-10-26/service-2.json")
OVERLAY = ROOT / "models" / "asff-overlay.json"
OUT = ROOT / "models" / "asff.json"
FINDING = "AwsSecurityFinding"
KINDS = {"structure", "list", "map", "string", "integer", "number", "boolean"}
NUMBERS = {"integer": "integer", "long": "integer", "double": "number", "float": "number"}


def load(path):
    with (gzip.open(path, "rt") if str(path).endswith(".gz") else open(path)) as file:
        return json.load(file)


def compact(shape):
    """One shape of a service model, reduced to what a check needs."""
    kind = shape["type"]
    if kind == "structure":
        out = {"kind": "structure", "members": {n: m["shape"] for n, m in shape["members"].items()}}
        if shape.get("required"):
            out["required"] = shape["required"]
        return out
    if kind == "list":
        out = {"kind": "list", "of": shape["member"]["shape"]}
    elif kind == "map":
        out = {"kind": "map", "key": shape["key"]["shape"], "of": shape["value"]["shape"]}
    elif kind == "string":
        out = {"kind": "string"}
        if "enum" in shape:
            out["enum"] = shape["enum"]
        if shape.get("pattern") == ".*\\S.*":
            out["format"] = "non_blank"
    elif kind in NUMBERS:
        out = {"kind": NUMBERS[kind]}
    elif kind == "boolean":
        out = {"kind": "boolean"}
    else:
        out = {"kind": kind}  # nothing in a finding is of it; build checks that
    for bound in ("min", "max"):
        if bound in shape:
            out[bound] = shape[bound]
    return out


def below(shapes, root):
    """Names of the shapes that `root` leads to, itself first."""
    seen, todo = [], [root]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.append(name)
        shape = shapes[name]
        todo += list(shape.get("members", {}).values()) + [shape[k] for k in ("of", "key") if k in shape]
    return seen


def timestamps(model):
    """Members that the model documents as RFC 3339 times."""
    for name, shape in model["shapes"].items():
        for member, detail in shape.get("members", {}).items():
            if "RFC 3339" in detail.get("documentation", ""):
                yield f"{name}.{member}"


def constrain(shapes, path, limits):
    """Gives the member at 'Shape.Member' a shape of its own with `limits` added. A '[]' at the end means the list's elements,
    '{key}' and '{value}' a map's."""
    match = re.fullmatch(r"(\w+)\.(\w+)(\[\]|\{key\}|\{value\})?", path)
    owner, member, part = match.groups()
    if owner not in shapes or member not in shapes[owner].get("members", {}):
        sys.exit(f"limit for {path}: no such member")
    holder, field = shapes[owner]["members"], member
    if part:
        own = f"{owner}.{member}"
        if holder[member] != own:
            shapes[own] = dict(shapes[holder[member]])
            holder[member] = own
        holder, field = shapes[own], "key" if part == "{key}" else "of"
    name = holder[field] + "".join(f" {k}={v}" for k, v in sorted(limits.items()))
    shapes.setdefault(name, {**shapes[holder[field]], **limits})
    holder[field] = name


def build(arguments):
    model = load(arguments.base)
    overlay = load(OVERLAY)
    shapes = {name: compact(shape) for name, shape in model["shapes"].items()}
    for part in (overlay["newer"], overlay["latest"]):
        for name, shape in part["shapes"].items():
            shapes.setdefault(name, shape)
        for name, members in part["members"].items():
            for member, shape in members.items():
                shapes[name]["members"].setdefault(member, shape)
        for name, values in part["enums"].items():
            shapes[name]["enum"] = shapes[name]["enum"] + [v for v in values if v not in shapes[name]["enum"]]
    reachable = set(below(shapes, FINDING))
    for path in sorted({*timestamps(model), *overlay["timestamps"]}):
        if path.split(".")[0] in reachable:
            constrain(shapes, path, {"format": "timestamp"})
    for path, limits in overlay["limits"].items():
        constrain(shapes, path, limits)
    kept = {name: shapes[name] for name in sorted(below(shapes, FINDING))}
    if unknown := [n for n, s in kept.items() if s["kind"] not in KINDS]:
        sys.exit(f"unknown kind of shape: {unknown}")
    out = {"source": f"botocore securityhub {model['metadata']['apiVersion']} and models/asff-overlay.json",
           "root": FINDING, "shapes": kept}
    lines = ",\n".join(f"{json.dumps(n)}:{json.dumps(s, separators=(',', ':'))}" for n, s in kept.items())
    text = f'{{"source":{json.dumps(out["source"])},\n"root":{json.dumps(FINDING)},\n"shapes":{{\n{lines}\n}}}}\n'
    json.loads(text)
    OUT.write_text(text)
    print(f"{OUT.relative_to(ROOT)}: {len(kept)} shapes, {len(text)} bytes")


def newer(arguments):
    base = {n: compact(s) for n, s in load(arguments.base)["shapes"].items()}
    new = {n: compact(s) for n, s in load(arguments.newer)["shapes"].items()}
    part = {"members": {}, "enums": {}, "shapes": {}}
    for name in sorted(below(new, FINDING)):
        if name not in base:
            part["shapes"][name] = new[name]
            continue
        added = {m: s for m, s in new[name].get("members", {}).items() if m not in base[name]["members"]}
        if added:
            part["members"][name] = added
        values = [v for v in new[name].get("enum", []) if v not in base[name].get("enum", [])]
        if values:
            part["enums"][name] = values
    overlay = load(OVERLAY)
    overlay["newer"] = part
    write_overlay(overlay)
    print(f"{sum(map(len, part['members'].values()))} members, {len(part['shapes'])} shapes that {arguments.base} lacks")


def write_overlay(overlay):
    """One fact a line, so that a change shows as such."""
    def table(entries, indent):
        pad = " " * indent
        rows = (f"{pad} {json.dumps(k)}: {json.dumps(v)}" for k, v in entries.items())
        return "{\n" + ",\n".join(rows) + f"\n{pad}}}"
    def part(name):
        return ",\n".join(f'  "{k}": {table(overlay[name][k], 2)}' for k in ("members", "enums", "shapes"))
    OVERLAY.write_text(
        "{\n" f' "note": {json.dumps(overlay["note"])},\n'
        f' "limits": {table(overlay["limits"], 1)},\n'
        f' "timestamps": {json.dumps(overlay["timestamps"])},\n'
        f' "latest": {{\n{part("latest")}\n }},\n'
        f' "newer": {{\n{part("newer")}\n }}\n' "}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["build", "newer"])
    parser.add_argument("--base", type=pathlib.Path, default=BASE, help="service model to start from")
    parser.add_argument("--newer", type=pathlib.Path, help="a later service-2.json")
    arguments = parser.parse_args()
    if arguments.command == "newer" and not arguments.newer:
        parser.error("newer needs --newer FILE")
    {"build": build, "newer": newer}[arguments.command](arguments)


main()
