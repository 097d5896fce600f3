#include "playbook/stand_ins.h"

#include <algorithm>

#include <fmt/format.h>

namespace tocsin::playbook {
namespace {

constexpr int depth_max = 8;

enum class Reference { name, arn, queue_url };

// How a resource type names its resources. Source: CloudFormation's resource reference, "Return values".
struct Naming {
  std::string_view type, name_property, arn_service, arn_prefix;
  Reference reference;
};
constexpr Naming namings[] = {
    {"AWS::Lambda::Function", "FunctionName", "lambda", "function:", Reference::name},
    {"AWS::Serverless::Function", "FunctionName", "lambda", "function:", Reference::name},
    {"AWS::SNS::Topic", "TopicName", "sns", "", Reference::arn},
    {"AWS::SQS::Queue", "QueueName", "sqs", "", Reference::queue_url},
    {"AWS::DynamoDB::Table", "TableName", "dynamodb", "table/", Reference::name},
    {"AWS::IAM::Role", "RoleName", "iam", "role/", Reference::name},
    {"AWS::StepFunctions::StateMachine", "StateMachineName", "states", "stateMachine:", Reference::arn},
    {"AWS::Serverless::StateMachine", "Name", "states", "stateMachine:", Reference::arn},
    {"AWS::StepFunctions::Activity", "Name", "states", "activity:", Reference::arn},
    {"AWS::Events::EventBus", "Name", "events", "event-bus/", Reference::name},
    {"AWS::Events::Connection", "Name", "events", "connection/", Reference::name},
};

json::object section(const json::object& document, std::string_view name) {
  const auto* value = document.if_contains(name);
  return value && value->is_object() ? value->get_object() : json::object();
}

// The value of a parameter that nobody gave.
json::value default_of(std::string_view name, const json::value& declared) {
  if (const auto* value = find(declared, "Default")) return *value;
  if (const auto* allowed = find(declared, "AllowedValues");
      allowed && allowed->is_array() && !allowed->get_array().empty())
    return allowed->get_array().front();
  const auto type = declared.is_object() ? string_at(declared.get_object(), "Type") : std::string_view();
  if (type == "Number") return 1;
  return json::value(name);
}

}  // namespace

StandIns::StandIns(const json::object& document, const std::map<std::string, std::string>& given) {
  source_.parameters = section(document, "Parameters");
  source_.mappings = section(document, "Mappings");
  source_.conditions = section(document, "Conditions");
  source_.resources = section(document, "Resources");
  pseudo_ = {.account = std::string(account),
             .region = std::string(region),
             .stack_name = "stack",
             .stack_id = fmt::format("arn:aws:cloudformation:{}:{}:stack/stack/1", region, account)};
  for (const auto& [name, declared] : source_.parameters) {
    const auto found = given.find(std::string(name));
    parameters_[name] = found != given.end() ? json::value(found->second) : default_of(name, declared);
  }
  if (auto held = templates::conditions(scope())) conditions_ = std::move(*held);
}

templates::Scope StandIns::scope() const {
  return {.source = source_,
          .pseudo = pseudo_,
          .parameters = parameters_,
          .conditions = conditions_,
          .reference = [this](std::string_view id) { return reference(id); },
          .attribute = [this](std::string_view id, std::string_view name) { return attribute(id, name); }};
}

Result<json::value> StandIns::resolve(const json::value& value, const std::string& path) const {
  return templates::resolve(value, scope(), path);
}

StandIns::Names StandIns::names_of(std::string_view id) const {
  const auto& resource = source_.resources.at(id);
  const auto type = resource.is_object() ? string_at(resource.get_object(), "Type") : std::string_view();
  const auto* naming =
      std::find_if(std::begin(namings), std::end(namings), [&](const Naming& n) { return n.type == type; });
  if (naming == std::end(namings))
    return {std::string(id), fmt::format("arn:aws:service:{}:{}:{}", region, account, id)};
  std::string name(id);
  const auto* given = find(resource, fmt::format("Properties.{}", naming->name_property));
  if (given && depth_ < depth_max) {
    ++depth_;
    const auto resolved = resolve(*given, std::string(id));
    --depth_;
    if (resolved && resolved->is_string()) name = std::string_view(resolved->get_string());
  }
  const auto arn = fmt::format("arn:aws:{}:{}:{}:{}{}", naming->arn_service, naming->arn_service == "iam" ? "" : region,
                               account, naming->arn_prefix, name);
  switch (naming->reference) {
    case Reference::arn:
      return {arn, arn};
    case Reference::queue_url:
      return {fmt::format("https://sqs.{}.amazonaws.com/{}/{}", region, account, name), arn};
    case Reference::name:
      break;
  }
  return {name, arn};
}

std::optional<json::value> StandIns::reference(std::string_view id) const {
  if (!source_.resources.contains(id)) return std::nullopt;
  return json::value(names_of(id).reference);
}

std::optional<json::value> StandIns::attribute(std::string_view id, std::string_view name) const {
  if (!source_.resources.contains(id)) return std::nullopt;
  if (name.ends_with("Arn")) return json::value(names_of(id).arn);
  return json::value(fmt::format("{}.{}", id, name));
}

}  // namespace tocsin::playbook
