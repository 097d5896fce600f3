// Executions with the official JavaScript SDK v3. Usage: node executions_sdk_test.mjs URL REGION, with the credentials in
// the environment; run by executions_test.py. Packages are found below NODE_PATH_ROOT.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const load = createRequire(process.env.NODE_PATH_ROOT + "/");
const [url, region] = process.argv.slice(2);
const states = load("@aws-sdk/client-sfn");
// disableHostPrefix: the SDK would put "sync-" before the host.
const client = new states.SFNClient({ endpoint: url, region, maxAttempts: 1, disableHostPrefix: true });
const roleArn = "arn:aws:iam::111122223333:role/workflow";
const make = async (name, type, definition) =>
  (await client.send(new states.CreateStateMachineCommand({ name, type, roleArn, definition: JSON.stringify(definition) }))).stateMachineArn;
const ended = async (executionArn) => {
  for (;;) {
    const shown = await client.send(new states.DescribeExecutionCommand({ executionArn }));
    if (shown.status !== "RUNNING") return shown;
    await new Promise((done) => setTimeout(done, 50));
  }
};

const express = await make("js-express", "EXPRESS", { StartAt: "W", States: { W: { Type: "Wait", Seconds: 1, End: true } } });
const run = await client.send(new states.StartSyncExecutionCommand({ stateMachineArn: express, input: '{"x":1}', name: "js" }));
assert.equal(run.status, "SUCCEEDED");
assert.equal(run.output, '{"x":1}');
assert.ok(run.startDate instanceof Date && run.stopDate - run.startDate >= 1000);
assert.equal(run.billingDetails.billedMemoryUsedInMB, 64);
const started = await client.send(new states.StartExecutionCommand({ stateMachineArn: express }));
await assert.rejects(client.send(new states.DescribeExecutionCommand({ executionArn: started.executionArn })), { name: "InvalidArn" });

const failing = await make("js-failing", "STANDARD", { StartAt: "F", States: { F: { Type: "Fail", Error: "E" } } });
const { executionArn } = await client.send(new states.StartExecutionCommand({ stateMachineArn: failing }));
assert.equal((await ended(executionArn)).redriveStatus, "REDRIVABLE");
const redriven = await client.send(new states.RedriveExecutionCommand({ executionArn }));
assert.ok(redriven.redriveDate instanceof Date);
const again = await ended(executionArn);
assert.deepEqual([again.status, again.redriveCount], ["FAILED", 1]);
const history = await client.send(new states.GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 2 }));
assert.equal(history.events[0].type, "ExecutionFailed");
assert.ok(history.nextToken);

const parent = await make("js-parent", "STANDARD", { StartAt: "N", States: { N: { Type: "Task", End: true,
  Resource: "arn:aws:states:::states:startExecution.sync:2", Parameters: { StateMachineArn: failing } } } });
const child = await client.send(new states.StartExecutionCommand({ stateMachineArn: parent }));
const end = await ended(child.executionArn);
assert.equal(end.error, "States.TaskFailed");
assert.equal(JSON.parse(end.cause).Error, "E");
client.destroy();
