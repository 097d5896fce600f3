#include <fmt/format.h>

#include "core/time_format.h"
#include "samples/detail/guardduty.h"

namespace tocsin::samples::detail {
namespace {

constexpr std::string_view teams[] = {"payments", "search", "reports", "checkout", "identity", "archive"};
constexpr std::string_view people[] = {"ada", "grace", "katherine", "radia", "barbara", "deploy-bot"};

json::array tags(World& world) {
  return {json::object{{"key", "Team"}, {"value", world.pick(teams)}},
          json::object{{"key", "Stage"}, {"value", "production"}}};
}

json::object instance(World& world, const std::string& id) {
  static constexpr std::string_view types[] = {"t3.small", "m6i.large", "c7g.xlarge", "r6i.2xlarge"};
  const auto address = world.local_ipv4();
  json::object interface{{"ipv6Addresses", json::array{}},
                         {"networkInterfaceId", "eni-" + world.hex(17)},
                         {"privateIpAddress", address},
                         {"privateIpAddresses", {json::object{{"privateIpAddress", address}}}},
                         {"publicIp", fmt::format("203.0.113.{}", 1 + world.below(254))},
                         {"subnetId", "subnet-" + world.hex(17)},
                         {"vpcId", "vpc-" + world.hex(17)},
                         {"securityGroups", {json::object{{"groupName", "web"}, {"groupId", "sg-" + world.hex(17)}}}}};
  json::object profile{{"arn", fmt::format("arn:{}:iam::{}:instance-profile/{}", world.hub.partition, world.hub.account,
                                           world.pick(teams))},
                       {"id", world.key_id("AIPA")}};
  return {{"instanceId", id},
          {"instanceType", world.pick(types)},
          {"launchTime", format_rfc3339_seconds(world.time_before(std::chrono::hours{24 * 90}))},
          {"platform", nullptr},
          {"productCodes", json::array{}},
          {"iamInstanceProfile", std::move(profile)},
          {"networkInterfaces", json::array{std::move(interface)}},
          {"tags", tags(world)},
          {"instanceState", "running"},
          {"availabilityZone", world.hub.region + "a"},
          {"imageId", "ami-" + world.hex(17)},
          {"imageDescription", "a server image"}};
}

json::object access_key(World& world, std::string_view user) {
  return {{"accessKeyId", world.key_id("ASIA")},
          {"principalId", world.key_id("AIDA")},
          {"userName", user},
          {"userType", "IAMUser"}};
}

json::object bucket(World& world, const std::string& name) {
  return {{"arn", fmt::format("arn:{}:s3:::{}", world.hub.partition, name)},
          {"name", name},
          {"type", "Destination"},
          {"createdAt", format_rfc3339(world.time_before(std::chrono::hours{24 * 400}))},
          {"owner", json::object{{"id", world.hex(64)}}},
          {"tags", tags(world)},
          {"defaultServerSideEncryption",
           json::object{{"encryptionType", "aws:kms"}, {"kmsMasterKeyArn", world.arn("kms", "key/" + world.uuid())}}}};
}

json::object eks_cluster(World& world, const std::string& name) {
  return {{"name", name},
          {"arn", world.arn("eks", "cluster/" + name)},
          {"vpcId", "vpc-" + world.hex(17)},
          {"status", "ACTIVE"},
          {"tags", tags(world)},
          {"createdAt", format_rfc3339(world.time_before(std::chrono::hours{24 * 200}))}};
}

json::object container(World& world, std::string_view name) {
  return {{"id", world.hex(64)},
          {"name", name},
          {"image", fmt::format("registry.example/{}:1.{}", name, world.below(40))},
          {"containerRuntime", "containerd"}};
}

Resource of_instance(World& world) {
  const auto id = "i-" + world.hex(17);
  return {{{"resourceType", "Instance"}, {"instanceDetails", instance(world, id)}}, "EC2 instance " + id};
}

Resource of_access_key(World& world) {
  return {{{"resourceType", "AccessKey"}, {"accessKeyDetails", access_key(world, world.pick(people))}}, "the account"};
}

Resource of_bucket(World& world) {
  const auto name = fmt::format("{}-{}", world.pick(teams), world.hex(6));
  return {{{"resourceType", "S3Bucket"},
           {"s3BucketDetails", json::array{bucket(world, name)}},
           {"accessKeyDetails", access_key(world, world.pick(people))}},
          "bucket " + name};
}

Resource of_function(World& world) {
  const auto name = fmt::format("{}-worker", world.pick(teams));
  json::object details{{"functionArn", world.arn("lambda", "function:" + name)},
                       {"functionName", name},
                       {"functionVersion", "$LATEST"},
                       {"role", fmt::format("arn:{}:iam::{}:role/{}", world.hub.partition, world.hub.account, name)},
                       {"lastModifiedAt", format_rfc3339(world.time_before(std::chrono::hours{24 * 30}))},
                       {"tags", tags(world)}};
  return {{{"resourceType", "Lambda"}, {"lambdaDetails", std::move(details)}}, "function " + name};
}

Resource of_database(World& world) {
  const auto name = fmt::format("{}-db", world.pick(teams));
  json::object details{{"dbInstanceIdentifier", name},
                       {"dbInstanceArn", world.arn("rds", "db:" + name)},
                       {"dbClusterIdentifier", name + "-cluster"},
                       {"engine", "Aurora PostgreSQL"},
                       {"engineVersion", "15.4"},
                       {"tags", tags(world)}};
  json::object user{{"user", world.pick(people)},
                    {"application", "psql"},
                    {"database", "main"},
                    {"ssl", "TLSv1.3"},
                    {"authMethod", "Password"}};
  return {{{"resourceType", "RDSDBInstance"},
           {"rdsDbInstanceDetails", std::move(details)},
           {"rdsDbUserDetails", std::move(user)}},
          "database " + name};
}

Resource of_kubernetes(World& world) {
  const auto name = fmt::format("{}-cluster", world.pick(teams));
  json::object workload{{"name", "web-" + world.hex(5)},
                        {"type", "deployments"},
                        {"uid", world.uuid()},
                        {"namespace", world.pick(teams)},
                        {"containers", json::array{container(world, "web")}}};
  json::object user{{"username", world.pick(people)}, {"uid", world.uuid()}, {"groups", {"system:authenticated"}}};
  return {{{"resourceType", "EKSCluster"},
           {"eksClusterDetails", eks_cluster(world, name)},
           {"kubernetesDetails", json::object{{"kubernetesUserDetails", std::move(user)},
                                              {"kubernetesWorkloadDetails", std::move(workload)}}}},
          "cluster " + name};
}

Resource of_ecs_cluster(World& world) {
  const auto name = fmt::format("{}-tasks", world.pick(teams));
  json::object details{
      {"arn", world.arn("ecs", "cluster/" + name)}, {"name", name}, {"status", "ACTIVE"}, {"tags", tags(world)}};
  return {{{"resourceType", "ECSCluster"}, {"ecsClusterDetails", std::move(details)}}, "cluster " + name};
}

Resource of_container(World& world) {
  return {{{"resourceType", "Container"}, {"containerDetails", container(world, world.pick(teams))}}, "a container"};
}

Resource of_runtime(World& world) {
  auto resource = of_instance(world);
  resource.details["containerDetails"] = container(world, world.pick(teams));
  return resource;
}

}  // namespace

Resource resource_of(std::string_view type, World& world) {
  using Maker = Resource (*)(World&);
  static constexpr std::pair<std::string_view, Maker> makers[] = {
      {":EC2/", of_instance},          {":IAMUser/", of_access_key},
      {":IAM/", of_access_key},        {":S3/", of_bucket},
      {":Lambda/", of_function},       {":RDS/", of_database},
      {":Kubernetes/", of_kubernetes}, {":EKS/", of_kubernetes},
      {":ECS/", of_ecs_cluster},       {":Container/", of_container},
      {":Runtime/", of_runtime},
  };
  for (const auto& [part, maker] : makers) {
    if (type.find(part) != type.npos) return maker(world);
  }
  return of_instance(world);
}

}  // namespace tocsin::samples::detail
