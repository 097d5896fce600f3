#!/usr/bin/python3
"""What people are told when much happens at once: after a burst of findings the notice of a new block is there at once,
each block is told exactly once by whatever kind of receiver, Slack is not flooded and every notice is in one post, and
what was under way when the program died comes again at once. NOTICES_FINDINGS=40000 makes the burst bigger."""

import json
import os
import re
import signal
import subprocess
import time
import unittest
import urllib.request

import harness
from second_writeup_test import event_for

REGION = "us-west-2"
BURST = int(os.environ.get("NOTICES_FINDINGS", "1500"))


def finding(number, severity="HIGH", account="111122223333"):
    return {
        "SchemaVersion": "2018-10-08", "Id": f"burst-{severity}-{number}",
        "ProductArn": f"arn:aws:securityhub:{REGION}:{account}:product/{account}/default",
        "GeneratorId": "burst", "AwsAccountId": account, "Types": ["Software and Configuration Checks/Burst"],
        "CreatedAt": "2026-01-05T10:00:00.000Z", "UpdatedAt": "2026-01-05T10:05:00.000Z",
        "Severity": {"Label": severity}, "Title": f"{severity} number {number} of a burst",
        "Description": "One of very many.", "Resources": [{"Type": "Other", "Id": f"resource-{number}"}]}


def title_of(post):
    return json.loads(post["body"])["text"]


def told_by(post):
    """How many notices a post stands for."""
    digest = re.match(r"(\d+) (?:urgent )?messages in one", title_of(post))
    return int(digest.group(1)) if digest else 1


def addresses_in(post):
    return re.findall(r"198\.51\.\d+\.\d+", title_of(post)) if title_of(post).startswith("Blocked ") else []


class Notices(unittest.TestCase):
    def setUp(self):
        harness.require_clients()

    def serve(self, decide=None, flags=()):
        self.slack = harness.Receiver(decide)
        self.addCleanup(self.slack.close)
        self.server = harness.Server(*flags, region=REGION, env={"TOCSIN_SLACK_WEBHOOK_URL": self.slack.url})
        self.addCleanup(self.server.__exit__)
        self.server.start()

    def burst(self, count, severity="HIGH", first=0):
        hub = self.server.client("securityhub")
        for begin in range(first, first + count, 100):
            batch = [finding(n, severity) for n in range(begin, min(begin + 100, first + count))]
            answer = hub.batch_import_findings(Findings=batch)
            self.assertEqual(answer["FailedCount"], 0, answer)

    def block(self, *addresses):
        events = self.server.client("events")
        for begin in range(0, len(addresses), 10):
            entries = [event_for(address, f"hostile-{address}") for address in addresses[begin:begin + 10]]
            self.assertEqual(events.put_events(Entries=entries)["FailedEntryCount"], 0)

    def delivered(self):
        return [post for post in self.slack.taken() if post.get("status") == 200]

    def metrics(self):
        with urllib.request.urlopen(self.server.url + "/metrics", timeout=10) as answer:
            lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def deliveries(self, *words):
        done = subprocess.run([harness.PROGRAM, "deliveries", words[0], "--data", self.server.folder, "--endpoint",
                               self.server.url, *words[1:]], capture_output=True, text=True, timeout=30)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stdout

    def test_a_block_is_told_at_once_behind_a_burst(self):
        self.serve()
        begun = time.monotonic()
        self.burst(BURST)
        taken = time.monotonic()
        self.block("198.51.100.7")
        put = time.monotonic()
        told = harness.eventually(lambda: [p for p in self.slack.taken() if addresses_in(p)])[0]
        behind = [p for p in self.slack.taken() if put <= p["at"] < told["at"]]
        print(f"\n{BURST} findings in {taken - begun:.1f} s; the block told after {told['at'] - put:.3f} s behind "
              f"{len(behind)} posts", flush=True)
        self.assertLess(told["at"] - put, 2.0)
        self.assertLessEqual(len(behind), 4)

        # And nobody is flooded: some as they are, the others in digests, each in one.
        burst = BURST + 1  # the hostile finding is HIGH too
        posts = harness.eventually(
            lambda: (lambda all: sum(map(told_by, all)) >= burst and all)([p for p in self.delivered()
                                                                            if not addresses_in(p)]), patience=100)
        self.assertEqual(sum(map(told_by, posts)), burst)
        singles = [p for p in posts if told_by(p) == 1]
        self.assertLessEqual(len(singles), 21)
        digests = [p for p in posts if told_by(p) > 1]
        print(f"{len(singles)} as they are, {len(digests)} digests", flush=True)
        self.assertLessEqual(len(digests), 1 + BURST // 5000)
        digest = json.loads(digests[0]["body"])["attachments"][0]
        self.assertIn("HIGH number", digest["text"])
        self.assertIn("tocsin findings --limit 500 --severity HIGH", json.dumps(digest["fields"]))
        metrics = self.metrics()
        self.assertEqual(metrics["tocsin_notices_digested_total"], sum(map(told_by, digests)))
        self.assertEqual(metrics["tocsin_notice_digests_total"], len(digests))
        harness.eventually(lambda: not any(value for name, value in self.metrics().items()
                                           if name.startswith("tocsin_notices_waiting")))

    def blocks_are_each_told_once(self, decide):
        """Blocks among a burst, at a receiver that is slow or says no now and then. What it says no to comes again with
        the same Idempotency-Key; what it took does not."""
        self.serve(decide)
        addresses = [f"198.51.{100 + n // 20}.{n % 20 + 1}" for n in range(40)]
        self.burst(200)
        self.block(*addresses[:20])
        self.burst(200, first=200)
        self.block(*addresses[20:])

        def told():
            return [address for post in self.delivered() for address in addresses_in(post)]

        harness.eventually(lambda: len(told()) >= len(addresses), patience=60, message="not all blocks were told")
        time.sleep(1.0)  # a second one is what must not come
        self.assertEqual(sorted(told()), sorted(addresses))
        keys = [post["headers"]["idempotency-key"] for post in self.delivered()]
        self.assertEqual(len(keys), len(set(keys)))

    def test_each_block_is_told_once_by_a_slow_receiver(self):
        def slow(_):
            time.sleep(0.1)
            return 200
        self.blocks_are_each_told_once(slow)

    def test_each_block_is_told_once_by_one_that_says_too_many(self):
        self.blocks_are_each_told_once(lambda n: (429, {"Retry-After": "1"}) if n % 11 == 5 else 200)

    def test_what_was_under_way_comes_again_right_after_the_start(self):
        def first_is_silent(number):
            if number == 1:
                time.sleep(8)
            return 200
        self.serve(first_is_silent)
        self.block("198.51.100.9")
        harness.eventually(lambda: self.slack.taken())
        self.server.stop(signal.SIGKILL)
        self.server.start()
        started = time.monotonic()
        first = self.slack.taken()[0]
        again = harness.eventually(lambda: [p for p in self.slack.taken()[1:]
                                            if p["headers"]["idempotency-key"] == first["headers"]["idempotency-key"]])
        self.assertLess(again[0]["at"] - started, 2.0)
        self.assertEqual(again[0]["body"], first["body"])

    def test_what_was_given_up_is_listed_and_sent_again(self):
        self.gone = True
        self.serve(lambda _: 410 if self.gone else 200)
        self.block("198.51.100.10")
        listed = harness.eventually(
            lambda: (lambda found: len(found["GivenUp"]) >= 2 and found)(json.loads(self.deliveries("list", "--json"))))
        one = listed["GivenUp"][0]
        self.assertEqual((one["Kind"], one["State"], one["Attempts"]), ("webhook", "given up", 1))
        self.assertIn("answered 410", one["LastError"])
        for words in (("list",), ("list", "--json"), ("show", one["Id"]), ("show", one["Id"], "--json")):
            shown = self.deliveries(*words)
            self.assertNotIn("secretpart", shown)
            self.assertIn("…part", shown)
        self.assertIn("text", json.loads(self.deliveries("show", one["Id"], "--json"))["Delivery"]["Payload"])
        self.assertEqual(json.loads(self.deliveries("resend", "g999", "--json"))["Left"][0]["Id"], "g999")

        keys = {post["headers"]["idempotency-key"] for post in self.slack.taken()}
        self.gone = False
        first = json.loads(self.deliveries("resend", one["Id"], "--json"))
        self.assertEqual(first["Changed"], [one["Id"]])
        rest = json.loads(self.deliveries("resend", "--all", "--json"))
        self.assertEqual(len(rest["Changed"]), len(listed["GivenUp"]) - 1)
        harness.eventually(lambda: {p["headers"]["idempotency-key"] for p in self.delivered()} == keys)
        harness.eventually(lambda: json.loads(self.deliveries("list", "--json"))["Destinations"] == [])
        self.assertIn("nothing waits", self.deliveries("list"))


if __name__ == "__main__":
    harness.main()
