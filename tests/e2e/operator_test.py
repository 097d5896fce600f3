#!/usr/bin/python3
"""What a person does at the command line: look, block, un-block, protect, escalate, and make mistakes."""

import json
import os
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import harness


class Operator(unittest.TestCase):
    def setUp(self):
        harness.require_clients()
        self.server = harness.Server().start()

    def tearDown(self):
        self.server.__exit__()

    def run_program(self, *words, stdin=None):
        done = subprocess.run([harness.PROGRAM, *words], input=stdin, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def ask(self, command, *words):
        server = self.server
        code, out, err = self.run_program(command, "--data", server.folder, "--endpoint", server.url, "--region", server.region,
                                          "--account", server.account, "--json", *words)
        self.assertIn(code, (0, 1), err)
        return code, json.loads(out)

    def feed(self):
        with urllib.request.urlopen(self.server.url + "/feeds/blocklist.txt", timeout=10) as answer:
            return answer.read().decode().split(), answer.headers["ETag"]

    def test_block_unblock_protect(self):
        code, answer = self.ask("blocks", "--add", "84.205.67.9", "--reason", "seen in the proxy's log")
        self.assertEqual((code, answer["Block"]["State"]), (0, "confirmed"))
        self.assertEqual(self.feed()[0], ["84.205.67.9/32"])
        tag = self.feed()[1]
        request = urllib.request.Request(self.server.url + "/feeds/blocklist.txt", headers={"If-None-Match": tag})
        with self.assertRaises(urllib.error.HTTPError) as unchanged:
            urllib.request.urlopen(request, timeout=10)
        self.assertEqual(unchanged.exception.code, 304)

        code, answer = self.ask("blocks", "--add", "10.1.2.3")
        self.assertEqual((code, answer["Refused"]["Code"]), (1, "SpecialPurpose"))
        self.assertEqual(self.ask("blocks", "--remove", "84.205.67.9")[1]["Released"][0]["HostIp"], "84.205.67.9")
        self.assertEqual(self.feed()[0], [])

        self.ask("blocks", "--add", "84.205.68.9")
        self.assertEqual(self.ask("blocks", "--protect", "84.205.68.0/24", "--reason", "a partner")[1]["Released"][0]["HostIp"], "84.205.68.9")
        self.assertEqual(self.ask("blocks", "--add", "84.205.68.10")[1]["Refused"]["Code"], "NeverBlock")
        report = self.ask("blocks")[1]
        self.assertEqual(report["Blocks"], [])
        self.assertEqual(report["NeverBlock"][0]["Prefix"], "84.205.68.0/24")

    def test_samples_are_repeatable_and_can_be_escalated(self):
        first = self.run_program("samples", "--seed", "7", "--count", "5", "--account", self.server.account)[1]
        self.assertEqual(first, self.run_program("samples", "--seed", "7", "--count", "5", "--account", self.server.account)[1])
        self.assertEqual(self.run_program("import", "-", "--data", self.server.folder, "--endpoint", self.server.url, stdin=first)[0], 0)
        findings = self.ask("findings", "--limit", "5")[1]
        self.assertEqual(len(findings), 5)
        before = self.depth()
        self.ask("findings", "--escalate", findings[0]["Id"])
        harness.eventually(lambda: self.depth() == before + 1)

    def depth(self):
        queues = self.server.client("sqs")
        url = queues.get_queue_url(QueueName="security-incident-queue")["QueueUrl"]
        return int(queues.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]["ApproximateNumberOfMessages"])

    def test_mistakes_are_explained(self):
        code, _, err = self.run_program("serve", "--data", self.server.folder, "--listen", "127.0.0.1:0")
        self.assertEqual(code, 3)
        self.assertIn("in use by another process", err)
        with tempfile.TemporaryDirectory() as folder:
            code, _, err = self.run_program("serve", "--data", folder, "--listen", self.server.url.removeprefix("http://"))
            self.assertEqual(code, 3, err)
            code, _, err = self.run_program("findings", "--data", os.path.join(folder, "nothing"))
            self.assertEqual(code, 3)
            self.assertIn("no credentials", err)
            path = os.path.join(folder, "bad.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write("[identity]\naccount = 12\nregoin = \"x\"\n")
            code, _, err = self.run_program("config", "check", path)
            self.assertEqual(code, 2)
            self.assertIn("line 2: identity.account", err)
            self.assertIn("line 3: identity.regoin", err)
        self.assertEqual(self.run_program("serve", "--account", "12")[0], 2)
        self.assertEqual(self.run_program("nonsense")[0], 2)
        self.assertEqual(self.run_program("version")[0], 0)

    def test_health(self):
        for path in ("/healthz", "/readyz"):
            with urllib.request.urlopen(self.server.url + path, timeout=10) as answer:
                self.assertEqual(answer.status, 200)

    def test_stacks_are_left_alone_when_nothing_changed_and_updated_when_it_did(self):
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertIn("name=ip-blocking created=0 updated=0", self.server.log_text())
        self.assertEqual(self.server.stop(), 0)
        self.server.env["TOCSIN_SLACK_WEBHOOK_URL"] = "http://127.0.0.1:9/changed"
        self.server.start()
        self.assertIn("name=ip-blocking created=0 updated=1", self.server.log_text())
        self.assertNotIn("127.0.0.1:9/changed", self.server.log_text())


if __name__ == "__main__":
    harness.main()
