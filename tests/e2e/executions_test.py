#!/usr/bin/python3
"""Executions of every kind through the AWS CLI: express, nested, redriven, Map runs, and what tasks may call."""

import json
import os
import shutil
import signal
import subprocess
import unittest
import urllib.request

import harness
from machines_test import Refused, signed

ROLE = "arn:aws:iam::111122223333:role/workflow"


def machine(**states):
    return {"StartAt": next(iter(states)), "States": states}


def task(resource, parameters, **more):
    return {"Type": "Task", "Resource": "arn:aws:states:::" + resource, "Parameters": parameters, **({"End": True} | more)}


class Executions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require_clients()
        cls.server = harness.Server("--no-stacks").start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def sfn(self, operation, **parameters):
        return self.server.aws("stepfunctions", operation, "--cli-input-json", json.dumps(parameters))

    def create(self, name, definition, kind="STANDARD"):
        return self.sfn("create-state-machine", name=name, definition=json.dumps(definition), roleArn=ROLE,
                        type=kind)["stateMachineArn"]

    def run_machine(self, name, definition, payload=None):
        """Starts a machine made of `definition` and waits for its end."""
        arn = self.create(name, definition)
        started = self.sfn("start-execution", stateMachineArn=arn, input=json.dumps(payload or {}))["executionArn"]
        return self.wait(started)

    def wait(self, execution):
        client = self.server.client("stepfunctions")

        def ended():
            shown = client.describe_execution(executionArn=execution)
            return shown if shown["status"] != "RUNNING" else None

        return harness.eventually(ended)

    def refused(self, error, operation, **parameters):
        with self.assertRaises(harness.AwsError) as raised:
            self.sfn(operation, **parameters)
        self.assertIn(f"({error})", str(raised.exception))
        return str(raised.exception)

    def test_express_answers_at_once_and_after_a_wait(self):
        quick = self.create("quick", machine(P={"Type": "Pass", "End": True}), "EXPRESS")
        answer = self.sync(quick, {"x": 1})
        self.assertEqual((answer["status"], json.loads(answer["output"])), ("SUCCEEDED", {"x": 1}))
        self.assertEqual(answer["billingDetails"], {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100})
        self.assertIn(":express:quick:", answer["executionArn"])
        waits = self.create("waits", machine(W={"Type": "Wait", "Seconds": 2, "Next": "F"},
                                             F={"Type": "Fail", "Error": "E", "Cause": "c"}), "EXPRESS")
        answer = self.sync(waits, {})
        self.assertEqual((answer["status"], answer["error"], answer["cause"]), ("FAILED", "E", "c"))
        self.assertGreaterEqual(answer["billingDetails"]["billedDurationInMilliseconds"], 2000)

        execution = self.sfn("start-execution", stateMachineArn=quick)["executionArn"]
        text = self.refused("InvalidArn", "describe-execution", executionArn=execution)
        self.assertIn("Resource type not valid in this context: express", text)
        self.refused("StateMachineTypeNotSupported", "list-executions", stateMachineArn=quick)
        standard = self.create("standard", machine(P={"Type": "Pass", "End": True}))
        with self.assertRaises(Exception) as raised:
            self.sync(standard, {})
        self.assertIn("StateMachineTypeNotSupported", str(raised.exception))
        text = self.refused("InvalidDefinition", "create-state-machine", name="bad", roleArn=ROLE, type="EXPRESS",
                            definition=json.dumps(machine(S=task("states:startExecution.sync", {"StateMachineArn": quick}))))
        self.assertIn("Express state machine does not support '.sync' service integration at /States/S/Resource", text)

    def sync(self, arn, payload):
        # botocore would put "sync-" before the host; the endpoint here is an address.
        keys = self.server.credentials()
        session = harness.botocore.session.Session()
        client = session.create_client("stepfunctions", region_name=self.server.region, endpoint_url=self.server.url,
                                       aws_access_key_id=keys["aws_access_key_id"],
                                       aws_secret_access_key=keys["aws_secret_access_key"],
                                       config=harness.botocore.config.Config(inject_host_prefix=False, read_timeout=330,
                                                                             retries={"max_attempts": 0}))
        return client.start_sync_execution(stateMachineArn=arn, input=json.dumps(payload))

    def test_nested_executions_wait_and_are_stopped_with_their_parent(self):
        child = self.create("child", machine(P={"Type": "Pass", "Result": {"n": 1}, "End": True}))
        for suffix, output in (("", None), (".sync", '{"n":1}'), (".sync:2", {"n": 1})):
            end = self.run_machine("parent" + suffix.replace(".", "-").replace(":", "-"),
                                   machine(N=task("states:startExecution" + suffix,
                                                  {"StateMachineArn": child, "Input": {"from.$": "$$.Execution.Id"}})))
            self.assertEqual(end["status"], "SUCCEEDED", end)
            result = json.loads(end["output"])
            self.assertIn(":execution:child:", result["ExecutionArn"])
            self.assertEqual(result.get("Output"), output)
        sleeper = self.create("sleeper", machine(W={"Type": "Wait", "Seconds": 3600, "End": True}))
        parent = self.create("sleeps", machine(N=task("states:startExecution.sync", {"StateMachineArn": sleeper, "Name": "deep"})))
        execution = self.sfn("start-execution", stateMachineArn=parent)["executionArn"]
        deep = sleeper.replace(":stateMachine:", ":execution:") + ":deep"
        client = self.server.client("stepfunctions")
        harness.eventually(lambda: client.list_executions(stateMachineArn=sleeper)["executions"])
        # The link outlives the process.
        self.server.stop(signal.SIGKILL)
        self.server.start()
        self.sfn("stop-execution", executionArn=execution, error="Own.Stop", cause="enough")
        end = self.wait(execution)
        self.assertEqual((end["status"], end["error"], end["cause"]), ("ABORTED", "Own.Stop", "enough"))
        self.assertEqual(self.wait(deep)["status"], "ABORTED")
        # A name in use is the child's error, in the words of the integration's SDK.
        end = self.run_machine("again", machine(N=task("states:startExecution", {"StateMachineArn": sleeper, "Name": "deep"})))
        self.assertEqual(end["error"], "StepFunctions.ExecutionAlreadyExistsException")
        self.assertIn("(Service: AWSStepFunctions; Status Code: 400; Error Code: ExecutionAlreadyExists; Request ID: ", end["cause"])

    def test_names_start_once(self):
        arn = self.create("once", machine(W={"Type": "Wait", "Seconds": 600, "End": True}))
        first = self.sfn("start-execution", stateMachineArn=arn, name="n", input='{"a":1}')
        self.assertEqual(self.sfn("start-execution", stateMachineArn=arn, name="n", input='{"a":1}')["executionArn"], first["executionArn"])
        self.refused("ExecutionAlreadyExists", "start-execution", stateMachineArn=arn, name="n", input='{"a":2}')
        self.sfn("stop-execution", executionArn=first["executionArn"])
        self.refused("ExecutionAlreadyExists", "start-execution", stateMachineArn=arn, name="n", input='{"a":1}')
        self.refused("InvalidName", "start-execution", stateMachineArn=arn, name="a b")
        self.refused("InvalidExecutionInput", "start-execution", stateMachineArn=arn, input="{")
        self.refused("InvalidArn", "start-execution", stateMachineArn="nonsense")
        self.refused("StateMachineDoesNotExist", "start-execution", stateMachineArn=arn + "x")
        self.refused("ExecutionDoesNotExist", "describe-execution", executionArn=first["executionArn"] + "x")
        with self.assertRaises(Exception) as raised:
            self.server.client("stepfunctions").start_execution(stateMachineArn=arn, input=json.dumps("x" * 262144))
        self.assertRegex(str(raised.exception), "InvalidExecutionInput|ValidationException")

    def test_redrive_goes_on_where_it_failed(self):
        definition = machine(P={"Type": "Pass", "Next": "S"},
                             S=task("sqs:sendMessage", {"QueueUrl.$": "$.queue", "MessageBody": {"k": 1}}))
        url = f"{self.server.url}/{self.server.account}/late-queue"
        end = self.run_machine("redriven", definition, {"queue": url})
        self.assertEqual(end["error"], "SQS.QueueDoesNotExistException", end)
        shown = self.sfn("describe-execution", executionArn=end["executionArn"])
        self.server.aws("sqs", "create-queue", "--queue-name", "late-queue")
        # Debian's clients do not know this operation yet.
        redrive = lambda: signed(self.server, "AWSStepFunctions.RedriveExecution", {"executionArn": end["executionArn"]})
        self.assertIn("redriveDate", redrive())
        self.assertEqual(self.wait(end["executionArn"])["status"], "SUCCEEDED")
        with self.assertRaises(Refused) as refusal:
            redrive()
        self.assertEqual(refusal.exception.code, "ExecutionNotRedrivable")
        history = self.sfn("get-execution-history", executionArn=end["executionArn"], reverseOrder=True, maxResults=3)["events"]
        self.assertEqual(history[0]["type"], "ExecutionSucceeded")
        types = [e["type"] for e in self.sfn("get-execution-history", executionArn=end["executionArn"], includeExecutionData=False)["events"]]
        self.assertEqual((types.count("ExecutionRedriven"), types.count("PassStateEntered")), (1, 1))
        self.assertEqual(shown["status"], "FAILED")

    def test_map_runs(self):
        inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                 **machine(P={"Type": "Pass", "End": True})}
        end = self.run_machine("mapped", machine(M={"Type": "Map", "ItemsPath": "$.items", "Label": "L", "End": True,
                                                   "ItemProcessor": inner}), {"items": [1, 2, 3]})
        self.assertEqual(json.loads(end["output"]), [1, 2, 3])
        run = self.sfn("list-map-runs", executionArn=end["executionArn"])["mapRuns"][0]["mapRunArn"]
        shown = self.sfn("describe-map-run", mapRunArn=run)
        self.assertEqual((shown["status"], shown["itemCounts"]["succeeded"]), ("SUCCEEDED", 3))
        children = self.sfn("list-executions", mapRunArn=run)["executions"]
        self.assertEqual(len(children), 3)
        child = self.sfn("describe-execution", executionArn=children[0]["executionArn"])
        self.assertEqual((child["status"], child["output"], child["mapRunArn"]), ("SUCCEEDED", "3", run))
        self.assertEqual(self.sfn("get-execution-history", executionArn=children[0]["executionArn"])["events"][0]["type"], "ExecutionStarted")

    def test_tasks_call_every_service(self):
        server = self.server
        topic = server.aws("sns", "create-topic", "--name", "told")["TopicArn"]
        queue = server.aws("sqs", "create-queue", "--queue-name", "asked")["QueueUrl"]
        server.aws("securityhub", "enable-security-hub")
        cases = {
            "sns:publish": ({"TopicArn": topic, "Message": {"k": [1]}}, "MessageId"),
            "aws-sdk:sns:publish": ({"TopicArn": topic, "Message": "x"}, "MessageId"),
            "sqs:sendMessage": ({"QueueUrl": queue, "MessageBody": {"k": 1}}, "MessageId"),
            "aws-sdk:sqs:receiveMessage": ({"QueueUrl": queue}, None),
            "events:putEvents": ({"Entries": [{"Detail": {"k": 1}, "DetailType": "t", "Source": "own"}]}, "Entries"),
            "aws-sdk:eventbridge:listRules": ({}, "Rules"),
            "aws-sdk:securityhub:getFindings": ({"MaxResults": 1}, "Findings"),
            "securityhub:batchUpdateFindings": ({"FindingIdentifiers": [{"Id": "no", "ProductArn": f"arn:aws:securityhub:us-east-1:{server.account}:product/{server.account}/default"}],
                                                 "Workflow": {"Status": "NOTIFIED"}}, "UnprocessedFindings"),
            "aws-sdk:sfn:listStateMachines": ({"MaxResults": 1}, "StateMachines"),
            "aws-sdk:sts:getCallerIdentity": ({}, "Account"),
            "aws-sdk:lambda:listFunctions": ({}, "Functions"),
            "aws-sdk:networkfirewall:listRuleGroups": ({}, "RuleGroups"),
        }
        for number, (resource, (parameters, member)) in enumerate(cases.items()):
            end = self.run_machine(f"call-{number}", machine(T=task(resource, parameters)))
            self.assertEqual(end["status"], "SUCCEEDED", (resource, end))
            if member:
                self.assertIn(member, json.loads(end["output"]), resource)

    def test_errors_bear_the_names_of_the_sdks(self):
        cases = {
            "aws-sdk:dynamodb:getItem": ({"TableName": "nothing", "Key": {"k": {"S": "x"}}}, "DynamoDb.ResourceNotFoundException", "(Service: DynamoDb, Status Code: 400, Request ID: "),
            "dynamodb:getItem": ({"TableName": "nothing", "Key": {"k": {"S": "x"}}}, "DynamoDB.ResourceNotFoundException", "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: "),
            "dynamodb:putItem": ({"TableName": "nothing", "Item": {"k": {"S": "x"}}}, "DynamoDB.ResourceNotFoundException", ""),
            "dynamodb:updateItem": ({"TableName": "nothing", "Key": {"k": {"S": "x"}}}, "DynamoDB.ResourceNotFoundException", ""),
            "dynamodb:deleteItem": ({"TableName": "nothing", "Key": {"k": {"S": "x"}}}, "DynamoDB.ResourceNotFoundException", ""),
            "aws-sdk:securityhub:batchUpdateFindings": ({}, "SecurityHub.InvalidInputException", "(Service: SecurityHub, Status Code: 400, Request ID: "),
            "sns:publish": ({"TopicArn": f"arn:aws:sns:us-east-1:{self.server.account}:nothing", "Message": "x"}, "SNS.NotFoundException", "Status Code: 404; Error Code: NotFound"),
            "lambda:invoke": ({"FunctionName": "nothing"}, "Lambda.ResourceNotFoundException", "(Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException"),
            "aws-sdk:sfn:describeExecution": ({"ExecutionArn": "nonsense"}, "Sfn.InvalidArnException", "(Service: Sfn, Status Code: 400"),
            "sqs:sendMessage": ({"QueueUrl": f"{self.server.url}/{self.server.account}/nothing", "MessageBody": "x"}, "SQS.QueueDoesNotExistException", ""),
            "events:putEvents": ({"Entries": [{"Detail": "no JSON", "DetailType": "t", "Source": "own"}]}, "EventBridge.FailedEntry", "FailedEntryCount"),
            "aws-sdk:sns:publish": ({"topicArn": "x"}, "States.Runtime", "not supported by Step Functions"),
        }
        for number, (resource, (parameters, error, cause)) in enumerate(cases.items()):
            end = self.run_machine(f"fails-{number}", machine(T=task(resource, parameters)))
            self.assertEqual((end["status"], end.get("error")), ("FAILED", error), (resource, end))
            self.assertIn(cause, end["cause"])
        text = self.refused("InvalidDefinition", "create-state-machine", name="unknown", roleArn=ROLE,
                            definition=json.dumps(machine(T=task("aws-sdk:sqs:nonsense", {}))))
        self.assertIn("The resource provided arn:aws:states:::aws-sdk:sqs:nonsense is not recognized.", text)

    def test_javascript_sdk(self):
        packages = harness.ROOT / "build/e2e-node"
        if not shutil.which("node") or not (packages / "node_modules/@aws-sdk").exists():
            self.skipTest("Node.js or the JavaScript SDK is not installed (tools/setup.sh test)")
        keys = self.server.credentials()
        done = subprocess.run(["node", str(harness.ROOT / "tests/e2e/executions_sdk_test.mjs"), self.server.url, self.server.region],
                              capture_output=True, text=True, timeout=120, check=False,
                              env={**os.environ, "NODE_PATH_ROOT": str(packages), "AWS_CONFIG_FILE": "/dev/null",
                                   "AWS_ACCESS_KEY_ID": keys["aws_access_key_id"],
                                   "AWS_SECRET_ACCESS_KEY": keys["aws_secret_access_key"]})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_metrics_and_deadlines_are_shown(self):
        with urllib.request.urlopen(self.server.url + "/metrics", timeout=10) as answer:
            text = answer.read().decode()
        self.assertIn("# TYPE tocsin_workflow_executions_stuck gauge\ntocsin_workflow_executions_stuck 0\n", text)
        arn = self.create("shown", machine(P={"Type": "Pass", "End": True}))
        self.assertEqual(signed(self.server, "AWSStepFunctions.DescribeStateMachine", {"stateMachineArn": arn})["taskDeadlineSeconds"], 30 * 86400)


if __name__ == "__main__":
    harness.main()
