// What is kept as it is declared, and does nothing.
#include <fmt/format.h>

#include "stacks/resource_parts.h"

namespace tocsin::stacks {
namespace {

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

}  // namespace

void add_recorded(ResourceTypes& types) {
  types.merge(ResourceTypes{
      {"AWS::SQS::QueuePolicy", {record, record, leave, true}},
      {"AWS::SNS::TopicPolicy", {record, record, leave, true}},
      {"AWS::Lambda::Permission", {record, record, leave, true}},
      {"AWS::IAM::Role", {record_role, record_role, leave, true}},
      {"AWS::IAM::Policy", {record, record, leave, true}},
      {"AWS::Logs::LogGroup", {record_log_group, record_log_group, leave, true}},
      {"AWS::CloudWatch::Alarm", {record_alarm, record_alarm, leave, true}},
      {"AWS::CloudWatch::Dashboard", {record_dashboard, record_dashboard, leave, true}},
  });
}

}  // namespace tocsin::stacks
