#!/usr/bin/python3
"""Playbooks at the command line and in a running server: an approval is given with the AWS CLI, another times out;
executions are listed, shown, followed, stopped; definitions are checked, run, tested and drawn."""

import json
import os
import subprocess
import threading
import unittest
import xml.etree.ElementTree

import harness

STACKS = harness.ROOT / "stacks"
CASES = harness.ROOT / "tests/playbooks"


def event(address, severity="HIGH", finding_id="finding-1"):
    key = "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4"
    finding = {"Id": finding_id, "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/guardduty",
               "Title": "An instance talks to a command and control server", "Severity": {"Label": severity},
               "AwsAccountId": "111122223333", "Region": "us-east-1",
               "Resources": [{"Id": "i-0123456789abcdef0"}], "ProductFields": {key: address}}
    return {"detail": {"findings": [finding]}, "time": "2026-01-05T10:00:00Z", "account": "111122223333",
            "region": "us-east-1"}


def run_program(*words, stdin=None):
    done = subprocess.run([harness.PROGRAM, *words], input=stdin, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class Running(unittest.TestCase):
    def serve(self, timeout_seconds):
        harness.require_clients()
        self.slack = harness.Receiver()
        self.server = harness.Server()
        config = os.path.join(self.server.folder, "config.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"[stacks.playbooks.parameters]\nApprovalTimeoutSeconds = {timeout_seconds}\n")
        self.server.flags += ["--config", config]
        self.server.start()
        topic = f"arn:aws:sns:us-east-1:{self.server.account}:us-east-1-playbook-approvals"
        self.server.aws("sns", "subscribe", "--topic-arn", topic, "--protocol", "http", "--notification-endpoint",
                        self.slack.url, "--attributes", "DeliveryFormat=slack")
        self.addCleanup(self.slack.close)
        self.addCleanup(self.server.__exit__)

    def ask(self, *words):
        return run_program("executions", *words, "--data", self.server.folder, "--endpoint", self.server.url)

    def start(self, machine, document, name):
        arn = f"arn:aws:states:us-east-1:{self.server.account}:stateMachine:us-east-1-{machine}"
        return self.server.aws("stepfunctions", "start-execution", "--state-machine-arn", arn, "--name", name, "--input",
                               json.dumps(document))["executionArn"]

    def message(self, wanted):
        """The next message to those who approve, whose subject holds `wanted`."""
        def receive():
            url = f"{self.server.url}/{self.server.account}/us-east-1-playbook-approvals"
            for message in self.server.aws("sqs", "receive-message", "--queue-url", url).get("Messages", []):
                body = json.loads(message["Body"])
                if wanted in body["Subject"]:
                    return body
            return None
        return harness.eventually(receive)

    def ended(self, arn):
        def over():
            described = self.server.aws("stepfunctions", "describe-execution", "--execution-arn", arn)
            return described if described["status"] != "RUNNING" else None
        return harness.eventually(over)

    def blocked(self):
        report = run_program("blocks", "--json", "--data", self.server.folder, "--endpoint", self.server.url)
        return [block["HostIp"] for block in json.loads(report[1])["Blocks"]]

    def test_an_address_is_blocked_after_somebody_approved_it(self):
        self.serve(3600)
        arn = self.start("approve-then-block", event("185.220.101.34"), "approved")
        tail = []
        follower = threading.Thread(target=lambda: tail.append(self.ask("tail", "approved")))
        follower.start()
        body = self.message("Approval wanted")
        token = body["MessageAttributes"]["taskToken"]["Value"]
        self.assertIn(f"send-task-success --task-token {token} --task-output '{{\"approved\":true", body["Message"])
        harness.eventually(lambda: [m for m in self.slack.taken() if token in m["body"]], message="Slack was not asked")
        self.assertEqual(self.blocked(), [])
        code, out, _ = self.ask("list", "--status", "running", "--json")
        self.assertEqual((code, [e["name"] for e in json.loads(out)]), (0, ["approved"]))

        self.server.aws("stepfunctions", "send-task-success", "--task-token", token, "--task-output",
                        '{"approved":true,"by":"Ada"}')
        described = self.ended(arn)
        self.assertEqual(described["status"], "SUCCEEDED")
        output = json.loads(described["output"])
        self.assertEqual((output["decision"], output["approval"]["by"]), ("blocked", "Ada"))
        self.assertEqual(self.blocked(), ["185.220.101.34"])
        self.message("Blocked, as approved")
        # The answer counts once.
        with self.assertRaises(harness.AwsError):
            self.server.aws("stepfunctions", "send-task-success", "--task-token", token, "--task-output", "{}")

        follower.join(30)
        code, out, err = tail[0]
        self.assertEqual(code, 0, err)
        for piece in ("Ask  Task", '{"approved":true,"by":"Ada"}', "Update Firewall  Task", "SUCCEEDED after"):
            self.assertIn(piece, out)
        code, out, _ = self.ask("show", "approved", "--json")
        self.assertEqual((code, json.loads(out)["history"][0]["type"]), (0, "ExecutionStarted"))
        code, out, _ = self.ask("show", "us-east-1-approve-then-block:approved")
        self.assertIn('"decision": "blocked"', out)

    def test_without_an_answer_nothing_is_blocked(self):
        self.serve(1)
        arn = self.start("approve-then-block", event("185.220.101.35"), "unanswered")
        self.message("Approval wanted")
        described = self.ended(arn)
        self.assertEqual(described["status"], "SUCCEEDED")
        self.assertEqual(json.loads(described["output"])["decision"], "not-blocked")
        self.message("Not blocked")
        self.assertEqual(self.blocked(), [])
        self.assertIn("States.Timeout", self.ask("show", "unanswered")[1])

    def test_a_finding_is_enriched_and_the_right_playbook_started(self):
        self.serve(3600)
        critical = self.ended(self.start("enrich-then-decide", event("185.220.101.36", "CRITICAL"), "critical"))
        self.assertEqual(json.loads(critical["output"])["decision"]["decision"], "block")
        harness.eventually(lambda: self.blocked() == ["185.220.101.36"])
        again = self.ended(self.start("enrich-then-decide", event("185.220.101.36", "CRITICAL"), "again"))
        self.assertEqual(json.loads(again["output"])["decision"]["decision"], "already-blocked")
        high = self.ended(self.start("enrich-then-decide", event("185.220.101.37", "HIGH"), "high"))
        self.assertEqual(json.loads(high["output"])["decision"]["decision"], "ask")
        self.message("Approval wanted")
        waiting = json.loads(high["output"])["decision"]["execution"]
        code, out, err = self.ask("stop", waiting, "--error", "Operator", "--cause", "not now")
        self.assertEqual(code, 0, err)
        self.assertIn("stopped: " + waiting, out)
        self.assertEqual(self.ended(waiting)["status"], "ABORTED")
        self.assertEqual(self.ask("stop", waiting)[0], 1)
        code, out, _ = self.ask("list", "--status", "aborted")
        self.assertEqual(len(out.splitlines()), 2, out)

    def test_a_custom_action_starts_a_playbook(self):
        self.serve(3600)
        action = f"arn:aws:securityhub:us-east-1:{self.server.account}:action/custom/block-after-approval"
        entry = {"Source": "aws.securityhub", "DetailType": "Security Hub Findings - Custom Action", "Resources": [action],
                 "Detail": json.dumps({"actionName": "Block after approval", **event("185.220.101.38")["detail"]})}
        self.assertEqual(self.server.client("events").put_events(Entries=[entry])["FailedEntryCount"], 0)
        self.assertIn("An instance talks to", self.message("Approval wanted")["Message"])

    def test_mistakes(self):
        self.serve(3600)
        for words, code, text in ((("show", "nobody"), 1, "there is no execution 'nobody'"),
                                  (("list", "--status", "busy"), 2, "--status must be"),
                                  (("list", "--machine", "none"), 1, "StateMachineDoesNotExist"),
                                  (("stop",), 2, "required")):
            got, _, err = self.ask(*words)
            self.assertEqual(got, code, (words, err))
            self.assertIn(text, err)
        self.assertEqual(run_program("executions", "list", "--endpoint", "http://127.0.0.1:9", "--data", self.server.folder)[0], 3)


class Files(unittest.TestCase):
    def test_own_playbooks_are_valid_and_pass_their_tests(self):
        code, out, err = run_program("workflow", "validate", *map(str, sorted(STACKS.glob("*.yaml"))))
        self.assertEqual((code, out.count(": good")), (0, 5), out + err)
        code, out, err = run_program("workflow", "test", *map(str, sorted(CASES.glob("*.jsonl"))))
        self.assertEqual(code, 0, out + err)
        code, out, _ = run_program("workflow", "test", "--junit", *map(str, sorted(CASES.glob("*.jsonl"))))
        suites = xml.etree.ElementTree.fromstring(out)
        self.assertEqual((code, suites.get("failures")), (0, "0"))

    def test_standard_input_and_output(self):
        definition = '{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":2592000,"End":true}}}'
        code, out, _ = run_program("workflow", "run", "-", "--json", stdin=definition)
        self.assertEqual((code, json.loads(out)["elapsed"]), (0, 2592000))
        code, out, _ = run_program("workflow", "validate", "-", "--sarif", stdin="{\n}")
        self.assertEqual((code, json.loads(out)["version"]), (1, "2.1.0"))
        code, out, _ = run_program("workflow", "graph", "-", "--svg", stdin=definition)
        self.assertEqual((code, xml.etree.ElementTree.fromstring(out).tag), (0, "{http://www.w3.org/2000/svg}svg"))
        for flag, start in (("--mermaid", "flowchart"), ("--dot", "digraph")):
            code, out, _ = run_program("workflow", "graph", "-", flag, stdin=definition)
            self.assertEqual((code, out.split()[0]), (0, start))
        self.assertEqual(run_program("workflow")[0], 2)
        self.assertEqual(run_program("workflow", "graph", "x.json", "--svg", "--dot")[0], 2)
        self.assertEqual(run_program("workflow", "validate", "--json", "--sarif", "x.json")[0], 2)

    def test_a_closed_pipe_ends_the_program_quietly(self):
        loop = ('{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Choices":'
                '[{"Variable":"$.x","IsPresent":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}}}')
        reader = subprocess.Popen([harness.PROGRAM, "workflow", "run", "-", "--json"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        reader.stdout.close()
        reader.stdin.write(loop)
        reader.stdin.close()
        with reader.stderr as err:
            self.assertEqual(err.read(), "")
        reader.wait(60)


if __name__ == "__main__":
    harness.main()
