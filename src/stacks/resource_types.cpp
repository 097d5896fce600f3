#include "stacks/resource_types.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

namespace tocsin::stacks {
namespace {

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(std::string_view(value.get_string())) : to_json(value);
}

std::string name_of(const Resource& r, std::string_view property) {
  return std::string(string_at(r.properties, property, r.default_name));
}

// The named properties as SNS and SQS take attributes: text, documents as JSON text, booleans as "true".
json::object attributes_of(const json::object& properties, std::initializer_list<std::string_view> names) {
  json::object attributes;
  for (const auto name : names)
    if (const auto* value = properties.if_contains(name)) attributes.emplace(name, text_of(*value));
  return attributes;
}

// The named properties as they are, where the template has them.
json::object pick(const json::object& properties, std::initializer_list<std::string_view> names) {
  json::object picked;
  for (const auto name : names)
    if (const auto* value = properties.if_contains(name)) picked.emplace(name, *value);
  return picked;
}

Result<void> done(Result<json::object> answer) {
  if (!answer) return pass_on(answer);
  return {};
}

// What is gone already needs no removing.
Result<void> removed(Result<json::object> answer) {
  if (!answer && answer.error().code != ErrorCode::not_found) return pass_on(answer);
  return {};
}

// ---- SNS

const std::initializer_list<std::string_view> topic_attributes = {
    "DisplayName",      "FifoTopic",    "ContentBasedDeduplication", "KmsMasterKeyId", "DeliveryPolicy",
    "SignatureVersion", "TracingConfig"};

// Ways of delivery that a template may have for AWS, and that there are none of here.
bool is_undelivered(std::string_view protocol) {
  return protocol == "email" || protocol == "email-json" || protocol == "sms" || protocol == "application" ||
         protocol == "firehose";
}

Result<void> subscribe(Resource& r, const json::object& subscription) {
  if (const auto protocol = string_at(subscription, "Protocol"); is_undelivered(protocol)) {
    r.physical_id = fmt::format("{}:{}", string_at(subscription, "TopicArn"), r.default_name);
    r.attributes["Arn"] = r.physical_id;
    r.notes.push_back(
        fmt::format("a subscription by {} is recorded only: Tocsin does not deliver by {} yet", protocol, protocol));
    return {};
  }
  json::object input = pick(subscription, {"TopicArn", "Protocol", "Endpoint"});
  input["Attributes"] = attributes_of(
      subscription, {"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy"});
  input["ReturnSubscriptionArn"] = true;
  auto answer = r.call("sns", "Subscribe", input);
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "SubscriptionArn");
  r.attributes["Arn"] = r.physical_id;
  return {};
}

// Those that stand in the topic itself. They have no ids of their own, so they go with the topic only.
Result<void> subscribe_inline(Resource& r, const std::string& arn) {
  const auto* list = find(r.properties, "Subscription");
  if (!list || !list->is_array()) return {};
  for (const auto& item : list->get_array()) {
    json::object subscription = item.is_object() ? item.get_object() : json::object{};
    subscription["TopicArn"] = arn;
    if (auto subscribed = subscribe(r, subscription); !subscribed) return subscribed;
  }
  return {};
}

Result<void> create_topic(Resource& r) {
  const std::string name = name_of(r, "TopicName");
  auto answer =
      r.call("sns", "CreateTopic", {{"Name", name}, {"Attributes", attributes_of(r.properties, topic_attributes)}});
  if (!answer) return pass_on(answer);
  const std::string arn{string_at(*answer, "TopicArn")};
  if (auto subscribed = subscribe_inline(r, arn); !subscribed) return subscribed;
  r.physical_id = arn;
  r.attributes = {{"TopicArn", arn}, {"TopicName", name}};
  return {};
}

Result<void> update_topic(Resource& r) {
  for (const auto& name : r.dropped) {
    if (std::ranges::find(topic_attributes, name) == topic_attributes.end()) continue;
    auto answer = r.call("sns", "SetTopicAttributes",
                         {{"TopicArn", r.physical_id},
                          {"AttributeName", name},
                          {"AttributeValue", name == "ContentBasedDeduplication" ? "false" : ""}});
    if (!answer) return pass_on(answer);
  }
  for (const auto& [name, value] : attributes_of(r.properties, topic_attributes)) {
    if (name == "FifoTopic") continue;
    auto answer = r.call("sns", "SetTopicAttributes",
                         {{"TopicArn", r.physical_id}, {"AttributeName", name}, {"AttributeValue", value}});
    if (!answer) return pass_on(answer);
  }
  const std::string arn = r.physical_id;
  const json::object attributes = r.attributes;
  auto subscribed = subscribe_inline(r, arn);
  r.physical_id = arn;
  r.attributes = attributes;
  return subscribed;
}

Result<void> remove_topic(Resource& r) {
  return removed(r.call("sns", "DeleteTopic", {{"TopicArn", r.physical_id}}));
}

Result<void> create_subscription(Resource& r) {
  return subscribe(r, r.properties);
}

Result<void> remove_subscription(Resource& r) {
  if (r.physical_id.ends_with(":" + r.default_name)) return {};  // recorded only
  return removed(r.call("sns", "Unsubscribe", {{"SubscriptionArn", r.physical_id}}));
}

Result<void> update_subscription(Resource& r) {
  if (auto gone = remove_subscription(r); !gone) return gone;
  return create_subscription(r);
}

// ---- SQS

const std::initializer_list<std::string_view> queue_attributes = {"VisibilityTimeout",
                                                                  "MessageRetentionPeriod",
                                                                  "ReceiveMessageWaitTimeSeconds",
                                                                  "DelaySeconds",
                                                                  "MaximumMessageSize",
                                                                  "RedrivePolicy",
                                                                  "RedriveAllowPolicy",
                                                                  "FifoQueue",
                                                                  "ContentBasedDeduplication",
                                                                  "DeduplicationScope",
                                                                  "FifoThroughputLimit",
                                                                  "KmsMasterKeyId",
                                                                  "SqsManagedSseEnabled"};

// What a queue has that nobody said anything of. Source: SQS API Reference, "SetQueueAttributes".
const std::map<std::string_view, std::string_view> queue_defaults = {
    {"VisibilityTimeout", "30"}, {"MessageRetentionPeriod", "345600"},   {"ReceiveMessageWaitTimeSeconds", "0"},
    {"DelaySeconds", "0"},       {"MaximumMessageSize", "262144"},       {"RedrivePolicy", ""},
    {"RedriveAllowPolicy", ""},  {"ContentBasedDeduplication", "false"}, {"KmsMasterKeyId", ""}};

Result<void> create_queue(Resource& r) {
  const std::string name = name_of(r, "QueueName");
  auto answer = r.call("sqs", "CreateQueue",
                       {{"QueueName", name}, {"Attributes", attributes_of(r.properties, queue_attributes)}});
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "QueueUrl");
  r.attributes = {{"Arn", r.identity.arn("sqs", name)}, {"QueueName", name}, {"QueueUrl", r.physical_id}};
  return {};
}

Result<void> update_queue(Resource& r) {
  json::object attributes = attributes_of(r.properties, queue_attributes);
  attributes.erase("FifoQueue");
  for (const auto& name : r.dropped)
    if (const auto found = queue_defaults.find(name); found != queue_defaults.end())
      attributes.emplace(found->first, found->second);
  if (attributes.empty()) return {};
  return done(r.call("sqs", "SetQueueAttributes", {{"QueueUrl", r.physical_id}, {"Attributes", attributes}}));
}

Result<void> remove_queue(Resource& r) {
  return removed(r.call("sqs", "DeleteQueue", {{"QueueUrl", r.physical_id}}));
}

// ---- EventBridge

// PutTargets reports each target that it refuses in its answer; here one of them fails the resource.
Result<void> all_taken(const Result<json::object>& answer) {
  if (!answer) return std::unexpected(answer.error());
  if (integer_at(*answer, "FailedEntryCount") == 0) return {};
  const auto* failed = find(*answer, "FailedEntries");
  return fail(ErrorCode::validation, fmt::format("targets were refused: {}", failed ? to_json(*failed) : ""),
              "ValidationException");
}

// Makes the rule's tags those of the template: PutRule sets them on new rules only.
Result<void> tag_rule(Resource& r) {
  const json::value arn = r.attributes.at("Arn");
  auto listed = r.call("events", "ListTagsForResource", {{"ResourceARN", arn}});
  if (!listed) return pass_on(listed);
  json::array keys;
  if (const auto* tags = find(*listed, "Tags"); tags && tags->is_array())
    for (const auto& tag : tags->get_array()) keys.push_back(json::value(tag.get_object().at("Key")));
  if (!keys.empty())
    if (auto untagged = r.call("events", "UntagResource", {{"ResourceARN", arn}, {"TagKeys", keys}}); !untagged)
      return pass_on(untagged);
  const auto* tags = find(r.properties, "Tags");
  if (!tags || !tags->is_array() || tags->get_array().empty()) return {};
  return done(r.call("events", "TagResource", {{"ResourceARN", arn}, {"Tags", *tags}}));
}

// The request with the bus that the rule is on; requests that name none mean the default one.
json::object on_bus(std::string_view bus, json::object input) {
  if (!bus.empty()) input["EventBusName"] = bus;
  return input;
}

// While there is a rule, its bus stands in its attributes: to remove it there are no properties any more.
std::string bus_of(const Resource& r) {
  return std::string(string_at(r.attributes, "EventBusName"));
}

Result<void> put_rule(Resource& r) {
  const std::string name = r.physical_id.empty() ? name_of(r, "Name") : r.physical_id;
  const std::string bus{string_at(r.properties, "EventBusName")};
  json::object input = pick(r.properties, {"ScheduleExpression", "State", "Description", "RoleArn", "EventBusName"});
  input["Name"] = name;
  if (const auto* pattern = find(r.properties, "EventPattern")) input["EventPattern"] = text_of(*pattern);
  auto answer = r.call("events", "PutRule", input);
  if (!answer) return pass_on(answer);
  r.physical_id = name;
  r.attributes = on_bus(bus, {{"Arn", string_at(*answer, "RuleArn")}});
  if (auto tagged = tag_rule(r); !tagged) return tagged;
  const auto* targets = find(r.properties, "Targets");
  if (!targets || !targets->is_array() || targets->get_array().empty()) return {};
  return all_taken(r.call("events", "PutTargets", on_bus(bus, {{"Rule", name}, {"Targets", *targets}})));
}

Result<void> drop_targets(Resource& r) {
  auto listed = r.call("events", "ListTargetsByRule", on_bus(bus_of(r), {{"Rule", r.physical_id}}));
  if (!listed) return removed(std::move(listed));
  json::array ids;
  if (const auto* targets = find(*listed, "Targets"); targets && targets->is_array())
    for (const auto& target : targets->get_array()) ids.push_back(json::value(target.get_object().at("Id")));
  if (ids.empty()) return {};
  return all_taken(r.call("events", "RemoveTargets", on_bus(bus_of(r), {{"Rule", r.physical_id}, {"Ids", ids}})));
}

Result<void> remove_rule(Resource& r) {
  if (auto dropped = drop_targets(r); !dropped) return dropped;
  return removed(r.call("events", "DeleteRule", on_bus(bus_of(r), {{"Name", r.physical_id}})));
}

Result<void> update_rule(Resource& r) {
  const bool moves = bus_of(r) != string_at(r.properties, "EventBusName");
  if (auto gone = moves ? remove_rule(r) : drop_targets(r); !gone) return gone;
  return put_rule(r);
}

Result<void> create_bus(Resource& r) {
  json::object input = pick(r.properties, {"Description", "DeadLetterConfig"});
  input["Name"] = name_of(r, "Name");
  auto answer = r.call("events", "CreateEventBus", input);
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(input, "Name");
  r.attributes = {{"Arn", string_at(*answer, "EventBusArn")}, {"Name", r.physical_id}};
  return {};
}

Result<void> remove_bus(Resource& r) {
  return removed(r.call("events", "DeleteEventBus", {{"Name", r.physical_id}}));
}

// ---- Lambda

Result<void> create_function(Resource& r) {
  const std::string name = name_of(r, "FunctionName");
  json::object input = pick(r.properties, {"Runtime", "Role", "Handler", "Code", "Description", "Timeout", "MemorySize",
                                           "Environment", "Architectures"});
  input["FunctionName"] = name;
  auto answer = r.call("lambda", "CreateFunction", input);
  if (!answer) return pass_on(answer);
  r.physical_id = name;
  r.attributes = {{"Arn", string_at(*answer, "FunctionArn")}};
  return {};
}

Result<void> update_function(Resource& r) {
  json::object input =
      pick(r.properties, {"Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "Environment"});
  input["FunctionName"] = r.physical_id;
  for (const auto& name : r.dropped) {
    if (name == "Environment") input["Environment"] = json::object{{"Variables", json::object{}}};
    if (name == "Description") input["Description"] = "";
    if (name == "Timeout") input["Timeout"] = 3;
    if (name == "MemorySize") input["MemorySize"] = 128;
  }
  return done(r.call("lambda", "UpdateFunctionConfiguration", input));
}

Result<void> remove_function(Resource& r) {
  return removed(r.call("lambda", "DeleteFunction", {{"FunctionName", r.physical_id}}));
}

// ---- Step Functions

// The definition with its "${Name}" replaced (DefinitionSubstitutions).
std::string definition_of(const Resource& r) {
  std::string text;
  if (const auto* object = find(r.properties, "Definition"))
    text = to_json(*object);
  else
    text = string_at(r.properties, "DefinitionString");
  const auto* substitutions = find(r.properties, "DefinitionSubstitutions");
  if (!substitutions || !substitutions->is_object()) return text;
  for (const auto& [name, value] : substitutions->get_object()) {
    const std::string placeholder = fmt::format("${{{}}}", std::string_view(name));
    const std::string replacement = text_of(value);
    for (auto at = text.find(placeholder); at != text.npos; at = text.find(placeholder, at + replacement.size()))
      text.replace(at, placeholder.size(), replacement);
  }
  return text;
}

Result<void> create_machine(Resource& r) {
  const std::string name = name_of(r, "StateMachineName");
  json::object input{{"name", name}, {"definition", definition_of(r)}, {"roleArn", string_at(r.properties, "RoleArn")}};
  if (const auto type = string_at(r.properties, "StateMachineType"); !type.empty()) input["type"] = type;
  auto answer = r.call("states", "CreateStateMachine", input);
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "stateMachineArn");
  r.attributes = {{"Arn", r.physical_id}, {"Name", name}};
  return {};
}

Result<void> update_machine(Resource& r) {
  return done(r.call("states", "UpdateStateMachine",
                     {{"stateMachineArn", r.physical_id},
                      {"definition", definition_of(r)},
                      {"roleArn", string_at(r.properties, "RoleArn")}}));
}

Result<void> remove_machine(Resource& r) {
  return removed(r.call("states", "DeleteStateMachine", {{"stateMachineArn", r.physical_id}}));
}

// ---- DynamoDB, Network Firewall, Security Hub

Result<void> create_table(Resource& r) {
  const std::string name = name_of(r, "TableName");
  json::object input =
      pick(r.properties, {"AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput"});
  input["TableName"] = name;
  if (auto answer = r.call("dynamodb", "CreateTable", input); !answer) return pass_on(answer);
  r.physical_id = name;
  r.attributes = {{"Arn", r.identity.arn("dynamodb", "table/" + name)}};
  return {};
}

Result<void> remove_table(Resource& r) {
  return removed(r.call("dynamodb", "DeleteTable", {{"TableName", r.physical_id}}));
}

// Parameters are texts in CloudFormation, which turns them into what the property wants.
std::int64_t number_of(const json::object& properties, std::string_view name) {
  const auto* value = properties.if_contains(name);
  if (value && value->is_string()) return std::strtoll(value->get_string().c_str(), nullptr, 10);
  return integer_at(properties, name);
}

Result<void> create_rule_group(Resource& r) {
  json::object input = pick(r.properties, {"Type", "Capacity", "Description", "RuleGroup"});
  input["Capacity"] = number_of(r.properties, "Capacity");
  input["RuleGroupName"] = name_of(r, "RuleGroupName");
  auto answer = r.call("network-firewall", "CreateRuleGroup", input);
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "RuleGroupResponse.RuleGroupArn");
  r.attributes = {{"RuleGroupArn", r.physical_id},
                  {"RuleGroupId", string_at(*answer, "RuleGroupResponse.RuleGroupId")}};
  return {};
}

Result<void> remove_rule_group(Resource& r) {
  return removed(r.call("network-firewall", "DeleteRuleGroup", {{"RuleGroupArn", r.physical_id}}));
}

// The responders own the rules inside the group, so an update of the stack leaves them: it must not un-block anybody.
// A capacity is fixed at creation; as the group is made again in the same transaction, nobody sees it gone.
Result<void> update_rule_group(Resource& r) {
  auto there = r.call("network-firewall", "DescribeRuleGroup", {{"RuleGroupArn", r.physical_id}});
  if (!there) return pass_on(there);
  if (integer_at(*there, "RuleGroupResponse.Capacity") == number_of(r.properties, "Capacity")) return {};
  if (auto gone = remove_rule_group(r); !gone) return gone;
  json::object input = pick(r.properties, {"Type", "Description"});
  input["Capacity"] = number_of(r.properties, "Capacity");
  input["RuleGroupName"] = string_at(*there, "RuleGroupResponse.RuleGroupName");
  input["RuleGroup"] = there->at("RuleGroup");
  return done(r.call("network-firewall", "CreateRuleGroup", input));
}

// A hub that is enabled already is taken over as it is.
Result<void> create_hub(Resource& r) {
  auto described = r.call("securityhub", "DescribeHub", {});
  if (!described) {
    json::object input = pick(r.properties, {"Tags"});
    auto& tags = input["Tags"].is_object() ? input["Tags"].get_object() : input["Tags"].emplace_object();
    tags["tocsin:enabled-by"] = "stack";  // EnableSecurityHub by hand takes it over (findings/hub.h)
    input["EnableDefaultStandards"] = bool_at(r.properties, "EnableDefaultStandards", true);
    if (auto enabled = r.call("securityhub", "EnableSecurityHub", input); !enabled) return pass_on(enabled);
    described = r.call("securityhub", "DescribeHub", {});
    if (!described) return pass_on(described);
  }
  r.physical_id = string_at(*described, "HubArn");
  r.attributes = {{"ARN", r.physical_id}, {"SubscribedAt", string_at(*described, "SubscribedAt")}};
  return {};
}

Result<void> create_action_target(Resource& r) {
  auto answer = r.call("securityhub", "CreateActionTarget", pick(r.properties, {"Name", "Description", "Id"}));
  if (!answer) return pass_on(answer);
  r.physical_id = string_at(*answer, "ActionTargetArn");
  r.attributes = {{"ActionTargetArn", r.physical_id}};
  return {};
}

Result<void> update_action_target(Resource& r) {
  json::object input = pick(r.properties, {"Name", "Description"});
  input["ActionTargetArn"] = r.physical_id;
  return done(r.call("securityhub", "UpdateActionTarget", input));
}

Result<void> remove_action_target(Resource& r) {
  return removed(r.call("securityhub", "DeleteActionTarget", {{"ActionTargetArn", r.physical_id}}));
}

// ---- what is kept as declared

Result<void> record(Resource& r) {
  if (r.physical_id.empty()) r.physical_id = r.default_name;
  return {};
}

Result<void> record_role(Resource& r) {
  r.physical_id = name_of(r, "RoleName");
  r.attributes["Arn"] = fmt::format("arn:{}:iam::{}:role/{}", r.identity.partition, r.identity.account, r.physical_id);
  return {};
}

Result<void> record_log_group(Resource& r) {
  r.physical_id = name_of(r, "LogGroupName");
  r.attributes["Arn"] = r.identity.arn("logs", fmt::format("log-group:{}:*", r.physical_id));
  return {};
}

Result<void> record_alarm(Resource& r) {
  r.physical_id = name_of(r, "AlarmName");
  r.attributes["Arn"] = r.identity.arn("cloudwatch", "alarm:" + r.physical_id);
  return {};
}

Result<void> record_dashboard(Resource& r) {
  r.physical_id = name_of(r, "DashboardName");
  return {};
}

Result<void> leave(Resource&) {
  return {};
}

}  // namespace

Result<json::object> Resource::call(std::string_view service, std::string_view operation,
                                    const json::object& input) const {
  const auto* found = directory.find(service, operation);
  if (!found)
    return fail(ErrorCode::unavailable, fmt::format("the operation {} of {} is not served here", operation, service),
                "InternalFailure");
  return service::run_within(*found, transaction,
                             {.caller = caller, .input = input, .request_id = "stack", .endpoint = directory.url()});
}

const ResourceType* find_type(std::string_view type) {
  static const std::map<std::string_view, ResourceType> types = {
      {"AWS::SNS::Topic", {create_topic, update_topic, remove_topic, false, "TopicName", {"FifoTopic"}}},
      {"AWS::SNS::Subscription", {create_subscription, update_subscription, remove_subscription}},
      {"AWS::SQS::Queue", {create_queue, update_queue, remove_queue, false, "QueueName", {"FifoQueue"}}},
      {"AWS::Events::EventBus", {create_bus, leave, remove_bus, false, "Name"}},
      {"AWS::Events::Rule", {put_rule, update_rule, remove_rule, false, "Name"}},
      {"AWS::Lambda::Function", {create_function, update_function, remove_function, false, "FunctionName"}},
      {"AWS::StepFunctions::StateMachine",
       {create_machine, update_machine, remove_machine, false, "StateMachineName", {"StateMachineType"}}},
      {"AWS::DynamoDB::Table",
       {create_table, leave, remove_table, false, "TableName", {"KeySchema", "AttributeDefinitions"}}},
      {"AWS::NetworkFirewall::RuleGroup",
       {create_rule_group, update_rule_group, remove_rule_group, false, "RuleGroupName", {"Type"}}},
      // A hub holds the findings: it is never disabled with a stack.
      {"AWS::SecurityHub::Hub", {create_hub, leave, leave}},
      {"AWS::SecurityHub::ActionTarget",
       {create_action_target, update_action_target, remove_action_target, false, "Id"}},
      {"AWS::SQS::QueuePolicy", {record, record, leave, true}},
      {"AWS::SNS::TopicPolicy", {record, record, leave, true}},
      {"AWS::Lambda::Permission", {record, record, leave, true}},
      {"AWS::IAM::Role", {record_role, record_role, leave, true}},
      {"AWS::IAM::Policy", {record, record, leave, true}},
      {"AWS::Logs::LogGroup", {record_log_group, record_log_group, leave, true}},
      {"AWS::CloudWatch::Alarm", {record_alarm, record_alarm, leave, true}},
      {"AWS::CloudWatch::Dashboard", {record_dashboard, record_dashboard, leave, true}},
  };
  const auto found = types.find(type);
  return found == types.end() ? nullptr : &found->second;
}

}  // namespace tocsin::stacks
