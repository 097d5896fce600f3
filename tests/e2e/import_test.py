#!/usr/bin/python3
"""Real exports through `tocsin import`: the shared findings in every shape, counted, with a reason for each refusal."""

import gzip
import json
import os
import subprocess
import tempfile
import unittest

import harness


class Import(unittest.TestCase):
    def setUp(self):
        harness.require_clients()
        self.server = harness.Server().start()
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.server.__exit__()
        self.folder.cleanup()

    def run_import(self, path, stdin=None):
        done = subprocess.run([harness.PROGRAM, "import", "--endpoint", self.server.url, "--data", self.server.folder,
                               "--region", self.server.region, "--json", path], input=stdin, capture_output=True, timeout=300)
        self.assertIn(done.returncode, (0, 1), done.stderr.decode())
        return json.loads(done.stdout), done.returncode

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def made(self, count):
        account, region = self.server.account, self.server.region
        return [{"SchemaVersion": "2018-10-08", "Id": f"made-{i}", "AwsAccountId": account, "GeneratorId": "g", "Title": "t",
                 "ProductArn": f"arn:aws:securityhub:{region}:{account}:product/{account}/default", "Description": "d",
                 "CreatedAt": "2026-01-01T00:00:00Z", "UpdatedAt": "2026-01-01T00:00:00Z",
                 "FindingProviderFields": {"Severity": {"Label": "LOW"}, "Types": ["Software and Configuration Checks"]},
                 "Resources": [{"Type": "Other", "Id": "r"}]} for i in range(count)]

    def test_every_shape_of_file(self):
        findings = self.made(250)
        lines = "\n".join(json.dumps(f) for f in findings)
        shapes = {"array.json": json.dumps(findings), "document.json": json.dumps({"Findings": findings}, indent=2), "lines.jsonl": lines}
        for name, text in shapes.items():
            report, code = self.run_import(self.write(name, text))
            self.assertEqual((report["taken"], report["refused"], code), (250, 0, 0), name)
        packed = os.path.join(self.folder.name, "lines.jsonl.gz")
        with gzip.open(packed, "wt", encoding="utf-8") as file:
            file.write(lines)
        self.assertEqual(self.run_import(packed)[0]["taken"], 250)
        self.assertEqual(self.run_import("-", stdin=lines.encode())[0]["taken"], 250)
        listed = self.server.client("securityhub").get_findings(MaxResults=100)
        self.assertEqual(len(listed["Findings"]), 100)

    def test_bad_ones_are_refused_one_by_one_with_a_reason(self):
        findings = self.made(3)
        findings[1]["CreatedAt"] = "yesterday"
        report, code = self.run_import(self.write("bad.jsonl", "\n".join([*(json.dumps(f) for f in findings), '{"broken": '])))
        self.assertEqual((report["taken"], report["refused"], code), (2, 2, 1))
        self.assertTrue(all(one["reason"] for one in report["refusals"]))

    def test_each_refusal_names_its_line(self):
        findings = self.made(4)
        findings[2]["Id"] = findings[3]["Id"] = findings[1]["Id"]
        findings[2]["Title"] = findings[3]["Title"] = 7
        del findings[0]["Id"]
        report, _ = self.run_import(self.write("same.jsonl", "\n".join(json.dumps(f) for f in findings)))
        self.assertEqual((report["taken"], sorted(one["line"] for one in report["refusals"])), (1, [1, 3, 4]))

    def test_an_export_of_other_accounts_is_taken_by_import_and_demo_alike(self):
        findings = self.made(3)
        for finding in findings[1:]:
            finding["AwsAccountId"] = "999988887777"
            finding["ProductArn"] = "arn:aws:securityhub:eu-west-1:999988887777:product/999988887777/default"
        findings[2]["CreatedAt"] = "yesterday"
        findings[0]["RecordState"] = "ARCHIVED"
        path = self.write("others.jsonl", "\n".join(json.dumps(f) for f in findings))
        report, _ = self.run_import(path)
        self.assertEqual((report["taken"], report["refused"]), (2, 1))
        command = [harness.PROGRAM, "demo", "--once", "--data", os.path.join(self.folder.name, "demo"), "--listen", "127.0.0.1:0",
                   "--account", self.server.account, "--findings", path]
        shown = json.loads(subprocess.run([*command, "--json"], capture_output=True, timeout=60, check=True).stdout)
        self.assertEqual({name: shown["import"][name] for name in ("taken", "refused", "forms")},
                         {name: report[name] for name in ("taken", "refused", "forms")})
        text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertIn("in the hub: 2, 1 of them archived, 1 active (CRITICAL 0, HIGH 0, MEDIUM 0, LOW 1", text)
        # The API itself is as strict as AWS's.
        answer = self.server.client("securityhub").batch_import_findings(Findings=findings[1:2])
        self.assertEqual(answer["FailedFindings"][0]["ErrorCode"], "InvalidAccess")

    def test_the_shared_findings(self):
        findings = harness.shared_lines("findings.jsonl")
        report, _ = self.run_import(self.write("findings.jsonl", "\n".join(json.dumps(f) for f in findings)))
        self.assertEqual(report["taken"] + report["refused"], len(findings))
        self.assertGreater(report["taken"], len(findings) * 0.9, report["refusals"][:5])

    def test_the_shared_guardduty_findings_are_converted(self):
        findings = harness.shared_lines("guardduty.jsonl")
        report, _ = self.run_import(self.write("guardduty.jsonl", "\n".join(json.dumps(f) for f in findings)))
        self.assertEqual(report["taken"] + report["refused"], len(findings))
        self.assertGreater(report["taken"], 0)


if __name__ == "__main__":
    harness.main()
