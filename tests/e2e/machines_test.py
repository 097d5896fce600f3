#!/usr/bin/python3
"""State machines over the API: validation, versions and aliases, tags, tests of single states, activities, calls to HTTP
endpoints. With the AWS CLI where Debian's knows the operation, else with signed requests."""

import base64
import http.server
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


class Endpoint:
    """An HTTP endpoint that says what it was sent; /status/NNN answers with that status, /token with a token."""

    def __init__(self):
        self.requests = []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                endpoint.requests.append({"method": self.command, "path": self.path, "body": body,
                                          "headers": {k.lower(): v for k, v in self.headers.items()}})
                status, text = 200, json.dumps({"path": self.path.split("?")[0]})
                if self.path.startswith("/status/"):
                    status, text = int(self.path.split("/")[2]), "as you wished"
                if self.path.startswith("/token"):
                    text = json.dumps({"access_token": "token-of-the-day", "token_type": "Bearer"})
                self.send_response(status)
                self.send_header("content-type", "application/json" if status == 200 else "text/plain")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())
            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


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

    # ---- tests of single states

    def test_recorded_tests_of_states(self):
        """What AWS answered to TestState, over the wire (JSONata is refused here for now)."""
        path = harness.SHARED / "conformance/asl/aws-teststate.jsonl"
        if not path.exists():
            self.skipTest("the recorded state tests are not here")
        wrong, cases = [], 0
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if "JSONata" in line:
                continue
            document = {"definition": json.dumps(case["definition"]), "input": json.dumps(case.get("input", {}))}
            for member in ("stateName", "mock", "stateConfiguration", "inspectionLevel"):
                if member in case:
                    document[member] = case[member]
            for member in ("context", "variables"):
                if member in case:
                    document[member] = json.dumps(case[member])
            cases += 1
            try:
                answer = self.call("TestState", **document)
            except Refused as refusal:
                wrong.append((case["name"], str(refusal)))
                continue
            expected = case["expect"]
            same = all(answer.get(member) == expected.get(member) for member in ("status", "error", "cause", "nextState"))
            if "output" in expected and "ignore" not in case:
                same = same and json.loads(answer["output"]) == expected["output"]
            same = same and sorted(answer.get("inspectionData", {})) == sorted(expected.get("inspectionData", {}))
            if not same:
                wrong.append((case["name"], answer))
        self.assertGreater(cases, 30)
        self.assertEqual(wrong, [])

    def test_a_state_is_tested_for_real(self):
        queue = self.server.aws("sqs", "create-queue", "--queue-name", "tested")["QueueUrl"]
        state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True,
                 "Parameters": {"QueueUrl": queue, "MessageBody.$": "$.text"}, "ResultSelector": {"Id.$": "$.MessageId"}}
        answer = self.call("TestState", definition=json.dumps(state), input='{"text":"hello"}', inspectionLevel="DEBUG")
        self.assertEqual(answer["status"], "SUCCEEDED")
        message = self.server.aws("sqs", "receive-message", "--queue-url", queue)["Messages"][0]
        self.assertEqual((message["Body"], message["MessageId"]), ("hello", json.loads(answer["output"])["Id"]))
        self.assertIn('"MessageBody":"hello"', answer["inspectionData"]["afterParameters"])
        bad = {"result": "{}", "fieldValidationMode": "STRICT"}
        with self.assertRaisesRegex(Refused, "ValidationException: Mock result schema validation error: Required field"):
            self.call("TestState", definition=json.dumps(
                {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True,
                 "Parameters": {"StateMachineArn": "a"}}), mock=bad)

    # ---- calls of HTTP endpoints

    def connect(self, name, kind, auth):
        return self.server.aws("events", "create-connection", "--name", name, "--authorization-type", kind,
                               "--auth-parameters", json.dumps(auth))["ConnectionArn"]

    def http_state(self, arn, url, **more):
        return {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True,
                "Parameters": {"ApiEndpoint": url, "Method": "GET", "Authentication": {"ConnectionArn": arn}, **more}}

    def test_http_endpoints_are_called_with_connections(self):
        endpoint = Endpoint()
        self.addCleanup(endpoint.close)
        secret = "s3cr3t-key-of-the-e2e-story"
        arn = self.connect("api", "API_KEY", {
            "ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key", "ApiKeyValue": secret},
            "InvocationHttpParameters": {"QueryStringParameters": [{"Key": "hidden", "Value": secret + "-q", "IsValueSecret": True}]}})
        state = self.http_state(arn, endpoint.url + "/v1/items", Method="POST", Headers={"X-Mine": "m"},
                                QueryParameters={"page": 2}, RequestBody={"a": [1, 2]})
        execution = self.start(self.create("caller", {"StartAt": "C", "States": {"C": state}}))
        ended = self.finished(execution)
        result = json.loads(ended["output"])
        self.assertEqual((result["StatusCode"], result["StatusText"], result["ResponseBody"]), (200, "OK", {"path": "/v1/items"}))
        self.assertEqual(result["Headers"]["content-type"], ["application/json"])
        seen = endpoint.requests[-1]
        self.assertEqual((seen["method"], seen["path"], seen["body"]), ("POST", f"/v1/items?page=2&hidden={secret}-q", '{"a":[1,2]}'))
        self.assertEqual((seen["headers"]["x-api-key"], seen["headers"]["x-mine"]), (secret, "m"))
        # The secret is in nothing that the program shows.
        shown = json.dumps(self.states("get-execution-history", "--execution-arn", execution)) + json.dumps(ended)
        shown += json.dumps(self.server.aws("events", "describe-connection", "--name", "api"))
        self.assertNotIn(secret, shown + self.server.log_text())
        traced = self.call("TestState", definition=json.dumps(state), inspectionLevel="TRACE")
        self.assertEqual(traced["inspectionData"]["response"]["statusCode"], "200")
        self.assertNotIn(secret, json.dumps(traced))
        revealed = self.call("TestState", definition=json.dumps(state), inspectionLevel="TRACE", revealSecrets=True)
        self.assertIn(secret, revealed["inspectionData"]["request"]["headers"])

    def test_http_failures_are_the_tasks(self):
        endpoint = Endpoint()
        self.addCleanup(endpoint.close)
        arn = self.connect("failing", "BASIC", {"BasicAuthParameters": {"Username": "me", "Password": "pass-word"}})

        def tested(url):
            answer = self.call("TestState", definition=json.dumps(self.http_state(arn, url)))
            return answer["status"], answer["error"], answer.get("cause", "")
        self.assertEqual(tested(endpoint.url + "/status/503"), ("FAILED", "States.Http.StatusCode.503", "as you wished"))
        self.assertEqual(endpoint.requests[-1]["headers"]["authorization"],
                         "Basic " + base64.b64encode(b"me:pass-word").decode())
        self.assertEqual(tested("http://127.0.0.1:1/")[1], "States.Http.Socket")
        self.assertEqual(tested("http://169.254.169.254/latest/meta-data/")[1], "States.Runtime")
        self.server.aws("events", "delete-connection", "--name", "failing")
        self.assertEqual(tested(endpoint.url)[1], "Events.ConnectionResource.NotFound")

    def test_http_with_client_credentials(self):
        endpoint = Endpoint()
        self.addCleanup(endpoint.close)
        arn = signed(self.server, "AWSEvents.CreateConnection", {
            "Name": "oauth", "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {"OAuthParameters": {
                "AuthorizationEndpoint": endpoint.url + "/token", "HttpMethod": "POST",
                "ClientParameters": {"ClientID": "me", "ClientSecret": "client-secret"}}}}, "events")["ConnectionArn"]
        answer = self.call("TestState", definition=json.dumps(self.http_state(arn, endpoint.url + "/v2")))
        self.assertEqual(answer["status"], "SUCCEEDED")
        self.assertIn("grant_type=client_credentials", endpoint.requests[-2]["body"])
        self.assertEqual(endpoint.requests[-1]["headers"]["authorization"], "Bearer token-of-the-day")


if __name__ == "__main__":
    harness.main()
