#!/usr/bin/python3
"""kill -9 in the middle of an import under load, many times: every acknowledged finding is there, every due action
happens, and none twice at the receiver: as messages of their own, and, with fewer kills, in digests. KILLS (default 50)
and SEED can be set."""

import json
import os
import random
import re
import tempfile
import threading
import time
import unittest

import harness

KILLS = int(os.environ.get("KILLS", "50"))
SEED = int(os.environ.get("SEED", "20260101"))
REGION = "us-west-2"
ACCOUNT = "111122223333"
KEY = "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4"


def finding(number):
    return {
        "SchemaVersion": "2018-10-08", "Id": f"kill-{number}",
        "ProductArn": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default", "GeneratorId": "kill-test",
        "AwsAccountId": ACCOUNT, "CreatedAt": "2026-01-01T00:00:00Z", "UpdatedAt": "2026-01-01T00:00:00Z",
        "Title": f"Finding {number}", "Description": "Made by the kill test",
        "FindingProviderFields": {"Severity": {"Label": "HIGH"}, "Types": ["TTPs/Command and Control"]},
        "ProductFields": {KEY: address(number)},
        "Resources": [{"Type": "Other", "Id": f"resource-{number}"}]}


def address(number):
    return f"185.{(number >> 16) & 255}.{(number >> 8) & 255}.{number & 255}"


def title(body):
    return json.loads(body)["text"]


def told_by(text):
    """How many notices a post stands for."""
    digest = re.match(r"(\d+) (?:urgent )?messages in one", text)
    return int(digest.group(1)) if digest else 1


class Load(threading.Thread):
    """Imports batches until the server goes away; keeps what was acknowledged."""

    def __init__(self, server, numbers):
        super().__init__(daemon=True)
        self.client, self.numbers, self.acknowledged = server.client("securityhub"), numbers, set()

    def run(self):
        while True:
            batch = [next(self.numbers) for _ in range(5)]
            try:
                answer = self.client.batch_import_findings(Findings=[finding(n) for n in batch])
            except Exception:  # the server was killed under the request
                return
            if answer["FailedCount"] == 0:
                self.acknowledged.update(batch)


class Kill(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(self):
        self.kill_again_and_again(KILLS, "[notices]\ndigest_after = 0\nurgent_digest_after = 0\n", self.every_message_once)

    def test_each_notice_is_in_one_post_when_they_come_in_digests(self):
        self.kill_again_and_again(KILLS // 6, "", self.all_in_posts)

    def kill_again_and_again(self, kills, configuration, check_messages):
        harness.require_clients()
        with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False) as file:
            file.write(configuration)
        self.addCleanup(os.unlink, file.name)
        chance = random.Random(SEED)
        slack = harness.Receiver()
        server = harness.Server("--config", file.name, region=REGION, env={"TOCSIN_SLACK_WEBHOOK_URL": slack.url})
        self.addCleanup(server.__exit__)
        self.addCleanup(slack.close)
        numbers = iter(range(1, 1 << 30))
        acknowledged = set()
        for _ in range(kills):
            server.start()
            load = [Load(server, numbers)]
            for thread in load:
                thread.start()
            time.sleep(chance.uniform(0.02, 0.25))
            server.kill()
            for thread in load:
                thread.join()
                acknowledged |= thread.acknowledged
        server.start()
        self.assertGreater(len(acknowledged), kills)

        def settled():
            stored = self.stored(server)
            missing = acknowledged - set(stored)
            self.assertFalse(missing, f"seed {SEED}: acknowledged, but not there: {sorted(missing)[:5]}")
            return all(status == "NOTIFIED" for status in stored.values()) and stored

        stored = harness.eventually(settled, patience=120, message="not every finding was worked off")
        incidents = self.incidents(server, len(stored))
        self.assertEqual(sorted(incidents), sorted(f"kill-{n}" for n in stored), f"seed {SEED}")

        feed = self.blocked(server, len(stored))
        self.assertEqual(len(feed), len(stored))
        check_messages(slack, stored)

    def stored(self, server):
        """Number → workflow status of every finding in the hub."""
        client, found, token = server.client("securityhub"), {}, {}
        while True:
            page = client.get_findings(MaxResults=100, **token)
            for one in page["Findings"]:
                found[int(one["Id"].split("-")[1])] = one["Workflow"]["Status"]
            if not page.get("NextToken"):
                return found
            token = {"NextToken": page["NextToken"]}

    def incidents(self, server, wanted):
        """The finding ids in the incident queue, as often as they are there."""
        queues = server.client("sqs")
        url = queues.get_queue_url(QueueName="security-incident-queue")["QueueUrl"]
        ids = []
        while True:
            messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                              WaitTimeSeconds=0 if len(ids) < wanted else 1).get("Messages", [])
            if not messages:
                return ids
            for message in messages:
                ids.append(json.loads(json.loads(message["Body"])["Message"])["incident_details"]["id"])
            queues.delete_message_batch(QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)])

    def blocked(self, server, wanted):
        table = server.client("dynamodb")

        def all_there():
            rows, start = [], {}
            while True:
                page = table.scan(TableName=f"{REGION}-gd-firewall", **start)
                rows += [row["HostIp"]["S"] for row in page["Items"]]
                if "LastEvaluatedKey" not in page:
                    return rows if len(rows) >= wanted else None
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

        return harness.eventually(all_there, patience=60)

    def every_message_once(self, slack, stored):
        """Each block and each finding is told. A message that was under way when the process died may be posted again,
        but with the same key."""
        due = {f"Blocked {address(n)}" for n in stored} | {f"Finding {n}" for n in stored}

        def all_told():
            missing = due - {title(message["body"]) for message in slack.taken()}
            return not missing

        harness.eventually(all_told, patience=120 + 2 * len(stored), message=f"seed {SEED}: not every notice arrived")
        body_of = {}
        for message in slack.taken():
            key = message["headers"]["idempotency-key"]
            self.assertEqual(body_of.setdefault(key, message["body"]), message["body"], f"seed {SEED}")
        titles = [title(body) for body in body_of.values()]
        self.assertEqual(len(titles), len(set(titles)), f"seed {SEED}: one message under two keys")

    def all_in_posts(self, slack, stored):
        """Each block and each finding is in one post: posts of one key are one."""
        def told():
            body_of = {m["headers"]["idempotency-key"]: m["body"] for m in slack.taken()}
            return sum(told_by(title(body)) for body in body_of.values())

        harness.eventually(lambda: told() >= 2 * len(stored), patience=150,
                           message=f"seed {SEED}: {told()} of {2 * len(stored)} notices arrived")
        time.sleep(1.0)  # more is what must not come
        self.assertEqual(told(), 2 * len(stored), f"seed {SEED}")
        self.assertLess(len(slack.taken()), len(stored))


if __name__ == "__main__":
    harness.main()
