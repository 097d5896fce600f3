#!/usr/bin/python3
"""State machines over the API: validation, versions and aliases, tags, tests of single states, activities, calls to HTTP
endpoints. With the AWS CLI where Debian's knows the operation, else with signed requests."""

import json
import threading
import time
import unittest
import urllib.error
import urllib.request

import harness

ROLE = "arn:aws:iam::111122223333:role/states"
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


def signed(server, target, document, service="states", timeout=90):
    """One signed request of the JSON protocol, for operations that Debian's clients do not know yet."""
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
    keys = server.credentials()
    request = botocore.awsrequest.AWSRequest("POST", server.url + "/", data=json.dumps(document).encode(), headers={
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target})
    credentials = botocore.credentials.Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"])
    botocore.auth.SigV4Auth(credentials, service, server.region).add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(server.url + "/", request.data, dict(request.headers)),
                                    timeout=timeout) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        body = json.loads(refused.read())
        raise Refused(body["__type"].split("#")[-1], body.get("message", "")) from None


class Machines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require_clients()
        cls.server = harness.Server().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def states(self, *words):
        return self.server.aws("stepfunctions", *words)

    def call(self, operation, **document):
        return signed(self.server, "AWSStepFunctions." + operation, document)

    def refused(self, operation, **document):
        with self.assertRaises(Refused) as refusal:
            self.call(operation, **document)
        return refusal.exception.code

    def create(self, name, definition=None, *more):
        return self.states("create-state-machine", "--name", name, "--role-arn", ROLE, "--definition",
                           json.dumps(definition or PASS), *more)["stateMachineArn"]

    def finished(self, execution, patience=20):
        def ended():
            described = self.states("describe-execution", "--execution-arn", execution)
            return described if described["status"] != "RUNNING" else None
        return harness.eventually(ended, patience)

    def start(self, machine, document=None):
        return self.states("start-execution", "--state-machine-arn", machine, "--input",
                           json.dumps(document or {}))["executionArn"]

    def types(self, execution):
        return [event["type"] for event in self.states("get-execution-history", "--execution-arn", execution)["events"]]

    # ---- machines

    def test_creation_is_checked_and_idempotent(self):
        arn = self.create("idempotent")
        self.assertEqual(self.create("idempotent"), arn)
        with self.assertRaisesRegex(harness.AwsError, "StateMachineAlreadyExists"):
            self.create("idempotent", {**PASS, "Comment": "another"})
        with self.assertRaisesRegex(harness.AwsError, "InvalidName"):
            self.create("no spaces")
        bad = {"StartAt": "P", "States": {"P": {"Type": "Choice", "Default": "Nowhere", "Choices": [
            {"Variable": "$.x", "IsNull": True, "Next": "E"}]}, "E": {"Type": "Succeed"}}}
        with self.assertRaisesRegex(harness.AwsError, r"InvalidDefinition.*Invalid State Machine Definition: "
                                    r"'MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/P/Default'"):
            self.create("bad", bad)
        with self.assertRaisesRegex(harness.AwsError, "InvalidArn"):
            self.states("describe-state-machine", "--state-machine-arn", "arn:aws:sqs:us-east-1:111122223333:q")
        answer = self.call("ValidateStateMachineDefinition", definition=json.dumps(bad))
        self.assertEqual(answer["result"], "FAIL")
        self.assertEqual(answer["diagnostics"][0], {"severity": "ERROR", "code": "MISSING_TRANSITION_TARGET",
                                                    "message": "Missing 'Next' target: Nowhere",
                                                    "location": "/States/P/Default"})
        self.assertEqual(self.call("ValidateStateMachineDefinition", definition=json.dumps(PASS))["result"], "OK")
        self.assertEqual(self.call("ValidateStateMachineDefinition", definition="{", type="EXPRESS")["result"], "FAIL")

    def test_tags(self):
        arn = self.create("tagged", None, "--tags", "key=team,value=soc")
        self.states("tag-resource", "--resource-arn", arn, "--tags", "key=stage,value=test")
        self.states("untag-resource", "--resource-arn", arn, "--tag-keys", "team")
        self.assertEqual(self.states("list-tags-for-resource", "--resource-arn", arn)["tags"],
                         [{"key": "stage", "value": "test"}])
        with self.assertRaisesRegex(harness.AwsError, "ResourceNotFound"):
            self.states("list-tags-for-resource", "--resource-arn", arn + "x")

    def test_versions_and_aliases(self):
        made = self.call("CreateStateMachine", name="versioned", definition=json.dumps(PASS), roleArn=ROLE, publish=True,
                         versionDescription="the first")
        arn = made["stateMachineArn"]
        self.assertEqual(made["stateMachineVersionArn"], arn + ":1")
        wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
        updated = self.call("UpdateStateMachine", stateMachineArn=arn, definition=json.dumps(wait), publish=True)
        self.assertEqual(updated["stateMachineVersionArn"], arn + ":2")
        self.assertEqual(self.refused("PublishStateMachineVersion", stateMachineArn=arn, revisionId="INITIAL"),
                         "ConflictException")
        alias = self.call("CreateStateMachineAlias", name="live", routingConfiguration=[
            {"stateMachineVersionArn": arn + ":1", "weight": 50}, {"stateMachineVersionArn": arn + ":2", "weight": 50}])
        self.assertEqual(alias["stateMachineAliasArn"], arn + ":live")
        started = [self.call("StartExecution", stateMachineArn=arn + ":live")["executionArn"] for _ in range(12)]
        self.assertTrue(all(":execution:versioned:" in execution for execution in started))
        by_version = [len(self.states("list-executions", "--state-machine-arn", f"{arn}:{n}")["executions"]) for n in (1, 2)]
        self.assertEqual(sum(by_version), 12)
        self.assertEqual(len(self.states("list-executions", "--state-machine-arn", arn + ":live")["executions"]), 12)
        self.call("UpdateStateMachineAlias", stateMachineAliasArn=arn + ":live", routingConfiguration=[
            {"stateMachineVersionArn": arn + ":1", "weight": 100}])
        described = self.call("DescribeExecution", executionArn=self.start(arn + ":live"))
        self.assertEqual((described["stateMachineArn"], described["stateMachineVersionArn"], described["stateMachineAliasArn"]),
                         (arn, arn + ":1", arn + ":live"))
        self.assertEqual(self.refused("DeleteStateMachineVersion", stateMachineVersionArn=arn + ":1"), "ConflictException")
        self.assertEqual([v["stateMachineVersionArn"] for v in
                          self.call("ListStateMachineVersions", stateMachineArn=arn)["stateMachineVersions"]],
                         [arn + ":2", arn + ":1"])
        # Versions and aliases survive a crash.
        self.server.kill()
        self.server.start()
        shown = self.call("DescribeStateMachineAlias", stateMachineAliasArn=arn + ":live")
        self.assertEqual(shown["routingConfiguration"], [{"stateMachineVersionArn": arn + ":1", "weight": 100}])
        version = self.call("DescribeStateMachine", stateMachineArn=arn + ":1")
        self.assertEqual((json.loads(version["definition"]), version["description"]), (PASS, "the first"))
        self.call("DeleteStateMachineAlias", stateMachineAliasArn=arn + ":live")
        self.call("DeleteStateMachineVersion", stateMachineVersionArn=arn + ":1")
        self.states("delete-state-machine", "--state-machine-arn", arn)

    # ---- activities

    def activity_machine(self, name, **fields):
        activity = self.states("create-activity", "--name", name, "--tags", "key=team,value=soc")["activityArn"]
        definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": activity, "End": True, **fields}}}
        return activity, self.create(name, definition)

    def test_many_workers_get_each_task_once(self):
        activity, machine = self.activity_machine("shared-work")
        got, tasks, pollers = [], 12, 5

        def work(number):
            while True:
                task = self.call("GetActivityTask", activityArn=activity, workerName=f"w{number}")
                if "taskToken" not in task:
                    continue
                document = json.loads(task["input"])
                if document == "stop":
                    self.call("SendTaskSuccess", taskToken=task["taskToken"], output="0")
                    return
                got.append(document)
                self.call("SendTaskSuccess", taskToken=task["taskToken"], output=json.dumps({"done": document}))
        workers = [threading.Thread(target=work, args=(n,)) for n in range(pollers)]
        for worker in workers:
            worker.start()
        executions = [self.call("StartExecution", stateMachineArn=machine, input=str(n))["executionArn"] for n in range(tasks)]
        ends = [self.call("DescribeExecution", executionArn=e) for e in executions
                if harness.eventually(lambda e=e: self.call("DescribeExecution", executionArn=e)["status"] != "RUNNING")]
        for _ in workers:
            self.call("StartExecution", stateMachineArn=machine, input='"stop"')
        for worker in workers:
            worker.join(30)
        self.assertEqual(sorted(got), list(range(tasks)))
        self.assertEqual([json.loads(end["output"]) for end in ends], [{"done": n} for n in range(tasks)])

    def test_activity_tasks_survive_crashes_and_time_out(self):
        activity, machine = self.activity_machine("slow-work", HeartbeatSeconds=2, TimeoutSeconds=60)
        execution = self.start(machine, {"n": 1})
        task = self.states("get-activity-task", "--activity-arn", activity, "--worker-name", "one")
        self.assertEqual(json.loads(task["input"]), {"n": 1})
        self.server.kill()
        self.server.start()
        self.call("SendTaskHeartbeat", taskToken=task["taskToken"])
        self.call("SendTaskSuccess", taskToken=task["taskToken"], output='{"ok":true}')
        self.assertEqual(self.finished(execution)["output"], '{"ok":true}')
        self.assertEqual(self.types(execution)[2:5], ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"])
        # This worker dies: its heartbeat stays out.
        execution = self.start(machine)
        task = self.call("GetActivityTask", activityArn=activity)
        ended = self.finished(execution)
        self.assertEqual((ended["status"], self.types(execution)[-2:]), ("FAILED", ["ActivityTimedOut", "ExecutionFailed"]))
        with self.assertRaisesRegex(harness.AwsError, "TaskTimedOut"):
            self.states("send-task-success", "--task-token", task["taskToken"], "--task-output", "{}")
        with self.assertRaisesRegex(harness.AwsError, "InvalidToken"):
            self.states("send-task-heartbeat", "--task-token", "nonsense")
        self.assertIn(activity, [a["activityArn"] for a in self.states("list-activities")["activities"]])
        self.assertEqual(self.states("list-tags-for-resource", "--resource-arn", activity)["tags"][0]["value"], "soc")
        self.states("delete-activity", "--activity-arn", activity)
        with self.assertRaisesRegex(harness.AwsError, "ActivityDoesNotExist"):
            self.states("get-activity-task", "--activity-arn", activity)


if __name__ == "__main__":
    harness.main()
