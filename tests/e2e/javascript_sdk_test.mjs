// The first write-up's story with the official JavaScript SDK v3. Usage: node javascript_sdk_test.mjs URL REGION ACCOUNT,
// with the credentials in the environment; run by javascript_sdk_test.py. Packages are found below NODE_PATH_ROOT.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const load = createRequire(process.env.NODE_PATH_ROOT + "/");
const [url, region, account] = process.argv.slice(2);
const options = { endpoint: url, region, maxAttempts: 1 };

const { STSClient, GetCallerIdentityCommand } = load("@aws-sdk/client-sts");
const hub = load("@aws-sdk/client-securityhub");
const queues = load("@aws-sdk/client-sqs");
const topics = load("@aws-sdk/client-sns");
const bus = load("@aws-sdk/client-eventbridge");
const states = load("@aws-sdk/client-sfn");
const tables = load("@aws-sdk/client-dynamodb");

const who = await new STSClient(options).send(new GetCallerIdentityCommand({}));
assert.equal(who.Account, account);

const securityHub = new hub.SecurityHubClient(options);
const imported = await securityHub.send(new hub.BatchImportFindingsCommand({
  Findings: [{
    AwsAccountId: account, CreatedAt: "2024-01-01T00:00:00.000Z", Description: "From JavaScript",
    FindingProviderFields: { Severity: { Label: "CRITICAL", Original: "9.5" }, Types: ["Software and Configuration Checks"] },
    GeneratorId: "js", Id: "js-finding-1", ProductArn: `arn:aws:securityhub:${region}:${account}:product/${account}/default`,
    Resources: [{ Id: "test-resource", Type: "Other" }], SchemaVersion: "2018-10-08", Title: "Prüfung: ein Fund – kritisch",
    UpdatedAt: "2024-01-01T00:00:00.000Z",
  }],
}));
assert.equal(imported.SuccessCount, 1);

// SQS checks the MD5 of what it receives.
const sqs = new queues.SQSClient(options);
const { QueueUrl } = await sqs.send(new queues.GetQueueUrlCommand({ QueueName: "security-incident-queue" }));
const received = await sqs.send(new queues.ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10, MessageAttributeNames: ["All"] }));
const incident = JSON.parse(JSON.parse(received.Messages[0].Body).Message);
assert.equal(incident.response_plan.priority, "P1");
assert.equal(incident.response_plan.sla_minutes, 15);
await sqs.send(new queues.DeleteMessageCommand({ QueueUrl, ReceiptHandle: received.Messages[0].ReceiptHandle }));
await assert.rejects(sqs.send(new queues.GetQueueUrlCommand({ QueueName: "no-such-queue" })), { name: "QueueDoesNotExist" });

let finding;
for (let i = 0; i < 100 && finding?.Workflow.Status !== "NOTIFIED"; i++) {
  const found = await securityHub.send(new hub.GetFindingsCommand({ Filters: { Id: [{ Value: "js-finding-1", Comparison: "EQUALS" }] } }));
  finding = found.Findings[0];
}
assert.equal(finding.Workflow.Status, "NOTIFIED");
assert.equal(finding.Note.Text, "Automated incident response initiated: immediate_response");

const sns = new topics.SNSClient(options);
const topic = await sns.send(new topics.CreateTopicCommand({ Name: "from-javascript" }));
const own = await sqs.send(new queues.CreateQueueCommand({ QueueName: "from-javascript", Attributes: { VisibilityTimeout: "5" } }));
const { Attributes } = await sqs.send(new queues.GetQueueAttributesCommand({ QueueUrl: own.QueueUrl, AttributeNames: ["QueueArn"] }));
await sns.send(new topics.SubscribeCommand({ TopicArn: topic.TopicArn, Protocol: "sqs", Endpoint: Attributes.QueueArn, Attributes: { RawMessageDelivery: "true" } }));
await sns.send(new topics.PublishCommand({ TopicArn: topic.TopicArn, Message: "grüße", MessageAttributes: { severity: { DataType: "String", StringValue: "HIGH" } } }));
const raw = await sqs.send(new queues.ReceiveMessageCommand({ QueueUrl: own.QueueUrl, WaitTimeSeconds: 5, MessageAttributeNames: ["All"] }));
assert.equal(raw.Messages[0].Body, "grüße");
assert.equal(raw.Messages[0].MessageAttributes.severity.StringValue, "HIGH");

const events = new bus.EventBridgeClient(options);
const put = await events.send(new bus.PutEventsCommand({ Entries: [{ Source: "test", DetailType: "t", Detail: "{}" }, { Source: "test", DetailType: "t", Detail: "broken" }] }));
assert.equal(put.FailedEntryCount, 1);
const machines = await new states.SFNClient(options).send(new states.ListStateMachinesCommand({}));
const named = machines.stateMachines.map((machine) => machine.name);
for (const name of ["sechub-record-ip", "sechub-prune-ip", "sechub-send-findings"]) assert.ok(named.includes(`${region}-${name}`), `${name} in ${named}`);
assert.ok(machines.stateMachines[0].creationDate instanceof Date);
const scanned = await new tables.DynamoDBClient(options).send(new tables.ScanCommand({ TableName: `${region}-gd-firewall` }));
assert.equal(scanned.Count, 0);
console.log("javascript sdk: ok");
