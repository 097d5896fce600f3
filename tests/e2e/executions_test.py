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

    def command(self, *words):
        done = subprocess.run([harness.PROGRAM, "executions", *words, "--endpoint", self.server.url, "--data", self.server.folder],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def test_show_tells_what_failed(self):
        inner = machine(D={"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 2, "Next": "Bad"}], "Default": "Fine"},
                        Bad={"Type": "Fail", "Error": "Own.TooBig", "Cause": "over 2"}, Fine={"Type": "Succeed"})
        distributed = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}} | inner
        items = {"list": [{"n": n} for n in (1, 3, 2, 7)]}
        self.run_machine("fails-inline", machine(M={"Type": "Map", "ItemsPath": "$.list", "ItemProcessor": inner, "End": True}), items)
        self.run_machine("fails-apart", machine(M={"Type": "Map", "ItemsPath": "$.list", "ItemProcessor": distributed,
                                                    "ToleratedFailureCount": 1, "End": True}), items)
        end = self.run_machine("fails-below", machine(N=task("states:startExecution.sync:2", {
            "StateMachineArn": self.server.aws("stepfunctions", "list-state-machines", "--query",
                                               "stateMachines[?name=='fails-inline'].stateMachineArn | [0]"),
            "Input": items})))
        name = lambda machine_name: json.loads(self.command("list", "--machine", machine_name, "--json")[1])[-1]["executionArn"]
        self.assertIn("failed at: M [1] › Bad  Own.TooBig: over 2\n", self.command("show", name("fails-inline"))[1])
        shown = self.command("show", name("fails-apart"))[1]
        self.assertIn("  2 child executions failed:\n  - arn:aws:states:us-east-1:111122223333:execution:fails-apart/M:", shown)
        self.assertIn("    Bad  Own.TooBig: over 2\n", shown)
        failure = json.loads(self.command("show", end["executionArn"], "--json")[1])["failure"]
        self.assertEqual((failure["path"], failure["child"]["path"], failure["child"]["error"]), ("N", "M [1] › Bad", "Own.TooBig"))

    def test_executions_are_found_by_what_people_write(self):
        arn = self.create("finder", machine(P={"Type": "Pass", "End": True}))
        for name in ("one-a", "one-b", "two"):
            self.wait(self.sfn("start-execution", stateMachineArn=arn, name=name)["executionArn"])
        for words in ("finder:two", "finder:tw", "tw"):
            self.assertIn("SUCCEEDED two  finder\n", self.command("show", words)[1])
        for words, message in (("finder:", "name an execution of the state machine 'finder'; the newest are:\n  finder:two  SUCCEEDED\n"),
                               ("finder", "name an execution of the state machine 'finder'"),
                               ("finder:one", "2 executions of the state machine 'finder' fit 'one'; name one of them"),
                               ("finder:three", "there is no execution 'three' of the state machine 'finder'; the newest there are:"),
                               ("nobody:x", "there is no state machine 'nobody'; there are:")):
            code, _, err = self.command("show", words)
            self.assertEqual(code, 1, err)
            self.assertIn(message, err)
        code, out, _ = self.command("list", "--machine", "finder", "--limit", "2")
        self.assertEqual((code, out.splitlines()[-1]), (0, "2 of 3; --limit shows more"))
        self.assertEqual(self.command("list", "--machine", "finder", "--status", "failed")[1], "no executions of this status\n")

    def test_tail_tells_each_change_once_and_ends(self):
        quick = self.create("tail-quick", machine(P={"Type": "Pass", "End": True}))
        slow = self.create("tail-slow", machine(W={"Type": "Wait", "Seconds": 8, "End": True}))
        tail = subprocess.Popen([harness.PROGRAM, "executions", "tail", "--endpoint", self.server.url, "--data", self.server.folder],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        client = self.server.client("stepfunctions")
        waiting = client.start_execution(stateMachineArn=slow, name="waiting")["executionArn"]
        self.assertIn("RUNNING    tail-slow:waiting\n", tail.stdout.readline())
        # More than a page, while the other one runs.
        for number in range(250):
            client.start_execution(stateMachineArn=quick, name=f"q{number}")
        one = subprocess.run([harness.PROGRAM, "executions", "tail", waiting, "--json", "--endpoint", self.server.url, "--data", self.server.folder],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual((one.returncode, [json.loads(line)["id"] for line in one.stdout.splitlines()]), (0, [1, 2, 3, 4]))
        harness.time.sleep(1.5)
        tail.send_signal(signal.SIGINT)
        out, err = tail.communicate(timeout=20)
        self.assertEqual((tail.returncode, err), (0, ""))
        lines = [line.split() for line in out.splitlines()]
        self.assertEqual(sorted(line[2] for line in lines if "tail-quick" in line[2] and line[1] == "SUCCEEDED"),
                         sorted(f"tail-quick:q{number}" for number in range(250)))
        self.assertEqual([line[1] for line in lines if line[2] == "tail-slow:waiting"], ["SUCCEEDED"])
        ends = [line[0] for line in lines if line[1] == "SUCCEEDED"]
        self.assertEqual(len(set(map(tuple, lines))), len(lines))
        self.assertEqual(ends[-1], max(ends))

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
