#!/usr/bin/env python3
"""Reduces AWS's service models to the compact ones under models/aws/ that the program embeds.

    tools/models.py [--from FOLDER]

FOLDER holds botocore's models (<service>/<version>/service-2.json); Debian's python3-botocore installs them at the
default. Only facts are taken: names, types, constraints, routes and error codes; no documentation text. What
Debian's models lack is added from models/aws/overlays/<service>.json, written by hand from AWS's API reference.

Each model lists every operation of its service with its route, so that one that is not served can be named in
the refusal; shapes are there only for the operations that SERVICES asks for.
"""
import argparse
import gzip
import json
import pathlib

DEBIAN = "/usr/lib/python3/dist-packages/botocore/data"
ALL = None

# Signing name: (botocore's folder, operations with shapes). Adding a service is one line here.
SERVICES = {
    "securityhub": ("securityhub", [
        "BatchDisableStandards", "BatchEnableStandards", "BatchImportFindings", "BatchUpdateFindings",
        "CreateActionTarget", "CreateInsight", "DeleteActionTarget", "DeleteInsight", "DescribeActionTargets",
        "DescribeHub", "DescribeProducts", "DescribeStandards", "DescribeStandardsControls", "DisableSecurityHub",
        "EnableSecurityHub", "GetEnabledStandards", "GetFindingHistory", "GetFindings", "GetInsightResults",
        "GetInsights", "InvokeActionTarget", "ListEnabledProductsForImport", "ListTagsForResource", "TagResource",
        "UntagResource", "UpdateActionTarget", "UpdateFindings", "UpdateInsight", "UpdateSecurityHubConfiguration"]),
    "events": ("events", ALL),
    "sns": ("sns", ALL),
    "sqs": ("sqs", ALL),
    "states": ("stepfunctions", ALL),
    "lambda": ("lambda", [
        "AddPermission", "CreateFunction", "DeleteFunction", "GetAccountSettings", "GetFunction",
        "GetFunctionConfiguration", "GetPolicy", "Invoke", "InvokeAsync", "ListFunctions", "ListTags",
        "ListVersionsByFunction", "RemovePermission", "TagResource", "UntagResource", "UpdateFunctionCode",
        "UpdateFunctionConfiguration"]),
    "dynamodb": ("dynamodb", [
        "BatchGetItem", "BatchWriteItem", "CreateTable", "DeleteItem", "DeleteTable", "DescribeEndpoints",
        "DescribeLimits", "DescribeTable", "DescribeTimeToLive", "GetItem", "ListTables", "ListTagsOfResource",
        "PutItem", "Query", "Scan", "TagResource", "TransactGetItems", "TransactWriteItems", "UntagResource",
        "UpdateItem", "UpdateTable", "UpdateTimeToLive"]),
    "network-firewall": ("network-firewall", [
        "CreateRuleGroup", "DeleteRuleGroup", "DescribeRuleGroup", "DescribeRuleGroupMetadata", "ListRuleGroups",
        "ListTagsForResource", "TagResource", "UntagResource", "UpdateRuleGroup"]),
    "sts": ("sts", ["GetAccessKeyInfo", "GetCallerIdentity", "GetSessionToken"]),
}

METADATA = ("apiVersion", "jsonVersion", "targetPrefix", "xmlNamespace")
SHAPE = ("type", "required", "enum", "min", "max", "pattern", "flattened", "locationName", "timestampFormat",
         "payload", "sensitive", "wrapper", "union")
REFERENCE = ("shape", "location", "locationName", "flattened", "timestampFormat", "xmlNamespace", "xmlAttribute",
             "queryName", "jsonvalue")


def load(folder, name):
    versions = sorted((folder / name).iterdir())
    if not versions:
        raise SystemExit(f"no model of {name} in {folder}")
    plain = versions[-1] / "service-2.json"
    if plain.exists():
        return json.loads(plain.read_text(encoding="utf-8"))
    return json.loads(gzip.decompress((versions[-1] / "service-2.json.gz").read_bytes()))


def pick(source, names):
    return {name: source[name] for name in names if source.get(name) not in (None, False, [], "")}


def reference(member):
    return pick(member, REFERENCE)


def reduced_shape(shape):
    out = pick(shape, SHAPE)
    for bound in ("min", "max"):
        if bound in shape:
            out[bound] = shape[bound]  # also where it is 0
    if shape.get("error") or shape.get("exception"):
        out["error"] = pick(shape.get("error", {}), ("code", "httpStatusCode", "senderFault"))
        if shape.get("fault"):
            out["fault"] = True
    for part in ("member", "key", "value"):
        if part in shape:
            out[part] = reference(shape[part])
    if "members" in shape:
        out["members"] = {name: reference(member) for name, member in shape["members"].items()}
    return out


def reduced_operation(operation, with_shapes):
    http = operation.get("http", {})
    out = {"http": [http.get("method", "POST"), http.get("requestUri", "/")]}
    if http.get("responseCode", 200) != 200:
        out["responseCode"] = http["responseCode"]
    if not with_shapes:
        out["namedOnly"] = True
        return out
    for side in ("input", "output"):
        if side in operation:
            out[side] = pick(operation[side], ("shape", "resultWrapper", "payload"))
    errors = [error["shape"] for error in operation.get("errors", [])]
    if errors:
        out["errors"] = errors
    return out


def reachable(shapes, operations):
    """Names of the shapes that the operations use, and of all errors: those are named where no operation lists them."""
    waiting = [name for name, shape in shapes.items() if "error" in shape]
    for operation in operations.values():
        waiting += [operation[side]["shape"] for side in ("input", "output") if side in operation]
        waiting += operation.get("errors", [])
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        waiting += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
        waiting += [member["shape"] for member in shape.get("members", {}).values()]
    return seen


def merge(base, overlay):
    """Objects are merged member by member; null removes; anything else replaces."""
    for key, value in overlay.items():
        if value is None:
            base.pop(key, None)
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
    return base


def model(signing_name, source, wanted, overlay):
    metadata = source["metadata"]
    out = {"service": signing_name, "protocols": [metadata["protocol"]], **pick(metadata, METADATA)}
    if isinstance(out.get("xmlNamespace"), dict):
        out["xmlNamespace"] = out["xmlNamespace"]["uri"]
    out["operations"] = {name: reduced_operation(operation, wanted is ALL or name in wanted)
                         for name, operation in sorted(source["operations"].items())}
    out["shapes"] = {name: reduced_shape(shape) for name, shape in source["shapes"].items()}
    merge(out, overlay)
    missing = set(wanted or ()) - set(out["operations"])
    if missing:
        raise SystemExit(f"{signing_name} has no operation {sorted(missing)}")
    out["shapes"] = {name: out["shapes"][name] for name in sorted(reachable(out["shapes"], out["operations"]))}
    return out


def text(document):
    """One operation and one shape a line, so that a change of a model is readable."""
    parts = []
    for key, value in document.items():
        if key in ("operations", "shapes"):
            lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(entry, separators=(',', ':'), ensure_ascii=False)}"
                               for name, entry in value.items())
            parts.append(f"{json.dumps(key)}:{{\n{lines}\n}}")
        else:
            parts.append(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", default=DEBIAN, type=pathlib.Path, metavar="FOLDER")
    source = parser.parse_args().source
    models = pathlib.Path(__file__).resolve().parent.parent / "models" / "aws"
    for signing_name, (folder, wanted) in SERVICES.items():
        overlay_file = models / "overlays" / f"{signing_name}.json"
        overlay = json.loads(overlay_file.read_text(encoding="utf-8")) if overlay_file.exists() else {}
        document = model(signing_name, load(source, folder), wanted, overlay)
        file = models / f"{signing_name}.json"
        file.write_text(text(document), encoding="utf-8")
        served = sum("namedOnly" not in operation for operation in document["operations"].values())
        print(f"{file.name}: {len(document['operations'])} operations, {served} with shapes, "
              f"{len(document['shapes'])} shapes, {file.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
