#!/usr/bin/python3
"""The story of the second write-up: a GuardDuty finding through Security Hub names a hostile address; it is recorded,
blocked in the rule group and in the feed, and announced at a web hook; the same event again changes nothing."""

import json
import time
import unittest
import urllib.request

import harness

REGION = "us-west-2"


def event_for(address, finding_id, region=REGION, account="111122223333"):
    key = "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4"
    finding = {
        "SchemaVersion": "2018-10-08", "Id": finding_id,
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/guardduty",
        "GeneratorId": f"arn:aws:guardduty:{region}:{account}:detector/1", "AwsAccountId": account,
        "Types": ["TTPs/Command and Control/Backdoor:EC2-C&CActivity.B"], "CreatedAt": "2026-01-05T10:00:00.000Z",
        "UpdatedAt": "2026-01-05T10:05:00.000Z", "Severity": {"Product": 8, "Label": "HIGH", "Normalized": 70},
        "Title": "An instance talks to a command and control server",
        "Description": f"The instance i-0123456789abcdef0 talks to {address}.",
        "ProductFields": {key: address, "aws/securityhub/ProductName": "GuardDuty", "aws/securityhub/CompanyName": "Amazon"},
        "Resources": [{"Type": "AwsEc2Instance", "Id": f"arn:aws:ec2:{region}:{account}:instance/i-0123456789abcdef0",
                       "Partition": "aws", "Region": region}],
        "WorkflowState": "NEW", "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE"}
    return {"Source": "aws.securityhub", "DetailType": "Security Hub Findings - Imported", "Resources": [finding_id],
            "Detail": json.dumps({"findings": [finding]})}


class SecondWriteUp(unittest.TestCase):
    def setUp(self):
        harness.require_clients()
        self.slack = harness.Receiver()
        self.server = harness.Server(region=REGION, env={"TOCSIN_SLACK_WEBHOOK_URL": self.slack.url}).start()

    def tearDown(self):
        self.server.__exit__()
        self.slack.close()

    def put(self, event):
        answer = self.server.client("events").put_events(Entries=[event])
        self.assertEqual(answer["FailedEntryCount"], 0, answer)

    def executions(self, status=None, machine="sechub-record-ip"):
        states = self.server.client("stepfunctions")
        arn = f"arn:aws:states:{REGION}:{self.server.account}:stateMachine:{REGION}-{machine}"
        extra = {"statusFilter": status} if status else {}
        return states.list_executions(stateMachineArn=arn, **extra)["executions"]

    def feed(self):
        with urllib.request.urlopen(self.server.url + "/feeds/blocklist.txt", timeout=10) as answer:
            return answer.read().decode().split()

    def rules(self):
        group = self.server.client("network-firewall").describe_rule_group(
            RuleGroupName=f"{REGION}-guardduty-nf-rg", Type="STATELESS")["RuleGroup"]
        sources = []
        for rule in group["RulesSource"]["StatelessRulesAndCustomActions"]["StatelessRules"]:
            if rule["Priority"] == 30000:
                sources += [s["AddressDefinition"] for s in rule["RuleDefinition"]["MatchAttributes"]["Sources"]]
        return sources

    def test_a_hostile_address_is_blocked_everywhere_and_announced_once(self):
        address = "185.220.101.34"
        self.put(event_for(address, "finding-1"))
        execution = harness.eventually(lambda: self.executions("SUCCEEDED"))[0]
        described = self.server.aws("stepfunctions", "describe-execution", "--execution-arn", execution["executionArn"])
        self.assertEqual(described["status"], "SUCCEEDED")

        row = self.server.aws("dynamodb", "get-item", "--table-name", f"{REGION}-gd-firewall", "--key",
                              json.dumps({"HostIp": {"S": address}}))["Item"]
        self.assertEqual(row["FindingId"]["S"], "finding-1")
        self.assertEqual(self.rules(), [address + "/32"])
        self.assertEqual(self.feed(), [address + "/32"])
        harness.eventually(lambda: [m for m in self.slack.taken() if address in m["body"]])

        before = len(self.slack.taken())
        self.put(event_for(address, "finding-1"))
        time.sleep(1.0)  # nothing is what must happen; give it the time to happen
        self.assertEqual(self.rules(), [address + "/32"])
        self.assertEqual(len(self.slack.taken()), before, [m["body"] for m in self.slack.taken()])
        items = self.server.aws("dynamodb", "scan", "--table-name", f"{REGION}-gd-firewall")
        self.assertEqual(items["Count"], 1)

    def test_private_and_reserved_addresses_are_never_blocked(self):
        for number, address in enumerate(["10.1.2.3", "192.168.0.9", "127.0.0.1", "100.64.0.1", "169.254.169.254"]):
            self.put(event_for(address, f"private-{number}"))
        harness.eventually(lambda: len([e for e in self.executions() if e["status"] != "RUNNING"]) >= 5)
        self.assertEqual(self.feed(), [])
        self.assertFalse([a for a in self.rules() if not a.startswith("127.0.0.1")])

    def test_a_bridged_finding_is_in_the_hub_and_is_updated(self):
        self.put(event_for("185.220.101.35", "finding-2"))

        def notified():
            findings = self.server.client("securityhub").get_findings(
                Filters={"Id": [{"Value": "finding-2", "Comparison": "EQUALS"}]})["Findings"]
            return findings and findings[0]["Workflow"]["Status"] == "NOTIFIED"

        harness.eventually(notified)

    def test_many_addresses_after_a_slow_start(self):
        for first in range(0, 40, 10):
            entries = [event_for(f"185.220.102.{n}", f"many-{n}") for n in range(first, first + 10)]
            self.assertEqual(self.server.client("events").put_events(Entries=entries)["FailedEntryCount"], 0)
        harness.eventually(lambda: len(self.executions("SUCCEEDED")) == 40)
        wanted = sorted(f"185.220.102.{n}/32" for n in range(40))
        harness.eventually(lambda: sorted(self.rules()) == wanted)


if __name__ == "__main__":
    harness.main()
