#!/usr/bin/python3
"""What people are told when much happens at once: after a burst of findings the notice of a new block is there at once,
each block is told exactly once by whatever kind of receiver, and Slack is not flooded: what is not urgent comes as a
digest past a rate, and every notice is in one post. NOTICES_FINDINGS=40000 makes the burst bigger."""

import json
import os
import re
import time
import unittest

import harness
from second_writeup_test import event_for

REGION = "us-west-2"
BURST = int(os.environ.get("NOTICES_FINDINGS", "3000"))


def finding(number, severity="HIGH", account="111122223333"):
    return {
        "SchemaVersion": "2018-10-08", "Id": f"burst-{severity}-{number}",
        "ProductArn": f"arn:aws:securityhub:{REGION}:{account}:product/{account}/default",
        "GeneratorId": "burst", "AwsAccountId": account, "Types": ["Software and Configuration Checks/Burst"],
        "CreatedAt": "2026-01-05T10:00:00.000Z", "UpdatedAt": "2026-01-05T10:05:00.000Z",
        "Severity": {"Label": severity}, "Title": f"Number {number} of a burst", "Description": "One of very many.",
        "Resources": [{"Type": "Other", "Id": f"resource-{number}"}]}


def title_of(post):
    return json.loads(post["body"])["text"]


class Notices(unittest.TestCase):
    def setUp(self):
        harness.require_clients()

    def serve(self, decide=None, **more):
        self.slack = harness.Receiver(decide)
        self.addCleanup(self.slack.close)
        self.server = harness.Server(region=REGION, env={"TOCSIN_SLACK_WEBHOOK_URL": self.slack.url}, **more)
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

    def test_a_block_is_told_at_once_behind_a_burst(self):
        self.serve()
        begun = time.monotonic()
        self.burst(BURST)
        taken = time.monotonic()
        before = len(self.slack.taken())
        self.block("198.51.100.7")
        put = time.monotonic()
        told = harness.eventually(
            lambda: [p for p in self.slack.taken() if title_of(p) == "Blocked 198.51.100.7"], patience=300)[0]
        behind = [p["at"] for p in self.slack.taken() if put <= p["at"] < told["at"]]
        print(f"\n{BURST} findings in {taken - begun:.1f} s, {before} posts by then; the block told after "
              f"{told['at'] - put:.3f} s behind {len(behind)} posts", flush=True)

    def blocks_are_each_told_once(self, decide, patience):
        """Blocks among a burst, at a receiver that is slow or says no now and then. What it says no to, or does not
        answer, comes again with the same Idempotency-Key; what it took does not."""
        self.serve(decide)
        addresses = [f"198.51.{100 + n // 200}.{n % 200 + 1}" for n in range(40)]
        self.burst(200)
        self.block(*addresses[:20])
        self.burst(200, first=200)
        self.block(*addresses[20:])

        def told():
            return [a for post in self.delivered() for a in re.findall(r"198\.51\.\d+\.\d+", title_of(post))
                    if title_of(post).startswith("Blocked ")]

        harness.eventually(lambda: len(told()) >= len(addresses), patience=patience,
                           message=f"only {len(told())} of {len(addresses)} blocks were told")
        time.sleep(1.0)  # a second one is what must not come
        self.assertEqual(sorted(told()), sorted(addresses))
        keys = [post["headers"]["idempotency-key"] for post in self.delivered()]
        self.assertEqual(len(keys), len(set(keys)))

    def test_each_block_is_told_once_by_a_slow_receiver(self):
        def slow(_):
            time.sleep(0.1)
            return 200
        self.blocks_are_each_told_once(slow, patience=60)

    def test_each_block_is_told_once_by_one_that_says_too_many(self):
        self.blocks_are_each_told_once(lambda n: (429, {"Retry-After": "1"}) if n % 9 == 0 else 200, patience=120)


if __name__ == "__main__":
    harness.main()
