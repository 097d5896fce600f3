#!/usr/bin/python3
"""The story of the first write-up, with Debian's AWS CLI: enable Security Hub and a standard, import the finding of its
Usage chapter, and see the incident in the queue and the finding notified."""

import json
import os
import unittest

import harness


def usage_finding(account, region, **changes):
    return {
        "AwsAccountId": account, "CreatedAt": "2024-01-01T00:00:00.000Z", "Description": "Test high severity finding",
        "FindingProviderFields": {"Severity": {"Label": "HIGH", "Original": "8.0"},
                                  "Types": ["Software and Configuration Checks"]},
        "GeneratorId": "test-generator", "Id": "test-finding-001",
        "ProductArn": f"arn:aws:securityhub:{region}:{account}:product/{account}/default",
        "Resources": [{"Id": "test-resource", "Type": "Other"}], "SchemaVersion": "2018-10-08",
        "Title": "Test Security Finding", "UpdatedAt": "2024-01-01T00:00:00.000Z", "Workflow": {"Status": "NEW"}, **changes}


class FirstWriteUp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require_clients()
        cls.server = harness.Server().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_1_credentials_are_private_and_work_at_once(self):
        path = os.path.join(self.server.folder, "credentials")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        who = self.server.aws("sts", "get-caller-identity")
        self.assertEqual(who["Account"], self.server.account)

    def test_2_hub_and_standards(self):
        try:
            self.server.aws("securityhub", "enable-security-hub", "--enable-default-standards")
        except harness.AwsError as error:  # the stack has a hub already
            self.assertIn("ResourceConflictException", str(error))
        arn = f"arn:aws:securityhub:{self.server.region}::standards/cis-aws-foundations-benchmark/v/1.4.0"
        answer = self.server.aws("securityhub", "batch-enable-standards", "--standards-subscription-requests",
                                 json.dumps([{"StandardsArn": arn}]))
        self.assertEqual(answer["StandardsSubscriptions"][0]["StandardsArn"], arn)
        enabled = self.server.aws("securityhub", "get-enabled-standards")["StandardsSubscriptions"]
        self.assertIn(arn, [one["StandardsArn"] for one in enabled])

    def test_3_the_finding_becomes_an_incident(self):
        server = self.server
        answer = server.aws("securityhub", "batch-import-findings", "--findings",
                            json.dumps([usage_finding(server.account, server.region)]))
        self.assertEqual((answer["SuccessCount"], answer["FailedCount"]), (1, 0))

        url = server.aws("sqs", "get-queue-url", "--queue-name", "security-incident-queue")["QueueUrl"]
        message = server.aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "10")["Messages"][0]
        envelope = json.loads(message["Body"])
        self.assertEqual(envelope["Subject"], "Security Incident: HIGH - Test Security Finding")
        incident = json.loads(envelope["Message"])
        self.assertEqual(incident["incident_details"]["id"], "test-finding-001")
        self.assertEqual(incident["response_plan"], {"action": "escalated_response", "priority": "P2", "sla_minutes": 60})
        server.aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
        self.assertNotIn("Messages", server.aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "1"))

        def notified():
            filters = json.dumps({"Id": [{"Value": "test-finding-001", "Comparison": "EQUALS"}]})
            finding = server.aws("securityhub", "get-findings", "--filters", filters)["Findings"][0]
            return finding if finding["Workflow"]["Status"] == "NOTIFIED" else None

        finding = harness.eventually(notified)
        self.assertEqual(finding["Note"]["Text"], "Automated incident response initiated: escalated_response")
        self.assertEqual(finding["Note"]["UpdatedBy"], "SecurityHubAutomation")
        self.assertIn("ThreatScore", finding["UserDefinedFields"])

    def test_4_the_same_finding_again_is_no_second_incident(self):
        server = self.server
        server.aws("securityhub", "batch-import-findings", "--findings",
                   json.dumps([usage_finding(server.account, server.region, UpdatedAt="2024-01-02T00:00:00.000Z")]))
        url = server.aws("sqs", "get-queue-url", "--queue-name", "security-incident-queue")["QueueUrl"]
        self.assertNotIn("Messages", server.aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "2"))

    def test_5_all_findings_of_a_batch_count(self):
        server = self.server
        batch = [usage_finding(server.account, server.region, Id=f"batch-{i}") for i in range(10)]
        batch.append({**usage_finding(server.account, server.region, Id="bad"), "Title": ""})
        answer = server.aws("securityhub", "batch-import-findings", "--findings", json.dumps(batch))
        self.assertEqual((answer["SuccessCount"], answer["FailedCount"]), (10, 1))
        self.assertEqual(answer["FailedFindings"][0]["Id"], "bad")
        url = server.aws("sqs", "get-queue-url", "--queue-name", "security-incident-queue")["QueueUrl"]
        seen = set()

        def all_there():
            answer = server.aws("sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10",
                                "--wait-time-seconds", "2")
            for message in answer.get("Messages", []):
                seen.add(json.loads(json.loads(message["Body"])["Message"])["incident_details"]["id"])
            return len(seen) >= 10

        harness.eventually(all_there)
        self.assertEqual(seen, {f"batch-{i}" for i in range(10)})

    def test_6_it_stops_cleanly(self):
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    harness.main()
