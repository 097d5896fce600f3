#include <algorithm>

#include <fmt/format.h>

#include "asff/detail/guardduty_parts.h"
#include "asff/validate.h"

namespace tocsin::asff::detail {
namespace {

constexpr std::size_t addresses_max = 10;
constexpr std::size_t resources_max = 32;

const json::array* list_at(const json::object& object, std::string_view path) {
  const auto* value = find(object, path);
  return value ? value->if_array() : nullptr;
}

void put_time(json::object& out, std::string_view name, std::string_view text) {
  if (parse_timestamp(text)) out.emplace(name, text);
}

struct Copied {
  const char* to;
  const char* from;
};
template <std::size_t N>
void put_texts(json::object& out, const json::object& from, const Copied (&rows)[N]) {
  for (const auto& row : rows) put_text(out, row.to, string_at(from, row.from));
}

json::object tags(const json::array* list) {
  constexpr std::size_t tags_max = 50;
  json::object out;
  if (!list) return out;
  for (const auto& tag : *list) {
    if (!tag.is_object() || out.size() == tags_max) continue;
    const auto name = string_at(tag.get_object(), "key");
    if (!name.empty()) out.insert_or_assign(name, string_at(tag.get_object(), "value"));
  }
  return out;
}

class Resources {
 public:
  explicit Resources(const Origin& origin) : origin_{origin} {}
  json::array out = {};

  void add(std::string_view type, std::string id, json::object details, json::object resource_tags = {}) {
    if (out.size() == resources_max || id.empty()) return;
    json::object resource{
        {"Type", type}, {"Id", std::move(id)}, {"Partition", origin_.partition}, {"Region", origin_.region}};
    if (!resource_tags.empty()) resource.emplace("Tags", std::move(resource_tags));
    if (!details.empty())
      resource.emplace("Details", json::object{{type == "Other" ? "Other" : type, std::move(details)}});
    out.emplace_back(std::move(resource));
  }

  void instance(const json::object& from) {
    const auto id = string_at(from, "instanceId");
    if (id.empty()) return;
    json::object out_details;
    put_texts(out_details, from,
              {{"Type", "instanceType"}, {"ImageId", "imageId"}, {"IamInstanceProfileArn", "iamInstanceProfile.arn"}});
    json::array v4;
    json::array v6;
    if (const auto* interfaces = list_at(from, "networkInterfaces")) {
      for (const auto& interface : *interfaces) {
        if (!interface.is_object()) continue;
        add_addresses(v4, v6, interface.get_object());
        if (!out_details.contains("VpcId"))
          put_texts(out_details, interface.get_object(), {{"VpcId", "vpcId"}, {"SubnetId", "subnetId"}});
      }
    }
    if (!v4.empty()) out_details.emplace("IpV4Addresses", std::move(v4));
    if (!v6.empty()) out_details.emplace("IpV6Addresses", std::move(v6));
    put_time(out_details, "LaunchedAt", string_at(from, "launchTime"));
    add("AwsEc2Instance", arn("ec2", "instance/" + std::string{id}), std::move(out_details),
        tags(list_at(from, "tags")));
  }

  void access_key(const json::object& from) {
    json::object details;
    put_texts(details, from,
              {{"PrincipalId", "principalId"}, {"PrincipalName", "userName"}, {"PrincipalType", "userType"}});
    auto id = string_at(from, "accessKeyId");
    if (id.empty()) id = string_at(from, "principalId");
    if (!id.empty()) add("AwsIamAccessKey", "AWS::IAM::AccessKey:" + std::string{id}, std::move(details));
  }

  void bucket(const json::object& from) {
    json::object details;
    put_texts(details, from, {{"OwnerId", "owner.id"}, {"Name", "name"}});
    put_time(details, "CreatedAt", string_at(from, "createdAt"));
    json::object encryption;
    put_texts(encryption, from,
              {{"SSEAlgorithm", "defaultServerSideEncryption.encryptionType"},
               {"KMSMasterKeyID", "defaultServerSideEncryption.kmsMasterKeyArn"}});
    if (!encryption.empty()) {
      json::object rule{{"ApplyServerSideEncryptionByDefault", std::move(encryption)}};
      details.emplace("ServerSideEncryptionConfiguration", json::object{{"Rules", json::array{std::move(rule)}}});
    }
    std::string id{string_at(from, "arn")};
    const auto name = string_at(from, "name");
    if (id.empty() && !name.empty()) id = fmt::format("arn:{}:s3:::{}", origin_.partition, name);
    add("AwsS3Bucket", std::move(id), std::move(details), tags(list_at(from, "tags")));
  }

  void function(const json::object& from) {
    json::object details;
    put_texts(details, from, {{"FunctionName", "functionName"}, {"Version", "functionVersion"}, {"Role", "role"}});
    put_time(details, "LastModified", string_at(from, "lastModifiedAt"));
    add("AwsLambdaFunction", std::string{string_at(from, "functionArn")}, std::move(details),
        tags(list_at(from, "tags")));
  }

  void database(const json::object& from) {
    json::object details;
    put_texts(details, from,
              {{"DBInstanceIdentifier", "dbInstanceIdentifier"},
               {"DBClusterIdentifier", "dbClusterIdentifier"},
               {"Engine", "engine"},
               {"EngineVersion", "engineVersion"}});
    std::string id{string_at(from, "dbInstanceArn")};
    const auto name = string_at(from, "dbInstanceIdentifier");
    if (id.empty() && !name.empty()) id = arn("rds", "db:" + std::string{name});
    add("AwsRdsDbInstance", std::move(id), std::move(details), tags(list_at(from, "tags")));
  }

  void eks_cluster(const json::object& from) {
    json::object details;
    put_texts(details, from, {{"Name", "name"}, {"Arn", "arn"}, {"ClusterStatus", "status"}});
    add("AwsEksCluster", std::string{string_at(from, "arn")}, std::move(details), tags(list_at(from, "tags")));
  }

  void ecs_cluster(const json::object& from) {
    json::object details;
    put_texts(details, from, {{"ClusterArn", "arn"}, {"ClusterName", "name"}, {"Status", "status"}});
    add("AwsEcsCluster", std::string{string_at(from, "arn")}, std::move(details), tags(list_at(from, "tags")));
  }

  void container(const json::object& from) {
    json::object details;
    put_texts(details, from,
              {{"ContainerRuntime", "containerRuntime"}, {"Name", "name"}, {"ImageId", "id"}, {"ImageName", "image"}});
    auto id = string_at(from, "id");
    if (id.empty()) id = string_at(from, "name");
    add("Container", std::string{id}, std::move(details));
  }

  // A workload or a user inside a cluster has no ASFF type of its own.
  void kubernetes(const json::object& from) {
    if (const auto* workload = part(from, "kubernetesWorkloadDetails")) {
      json::object details;
      put_texts(details, *workload, {{"name", "name"}, {"type", "type"}, {"namespace", "namespace"}, {"uid", "uid"}});
      const auto name = fmt::format("kubernetes:{}/{}/{}", string_at(*workload, "namespace"),
                                    string_at(*workload, "type"), string_at(*workload, "name"));
      if (!details.empty()) add("Other", name, std::move(details));
      if (const auto* containers = list_at(*workload, "containers")) {
        for (const auto& one : *containers) {
          if (one.is_object()) container(one.get_object());
        }
      }
    }
    if (const auto* user = part(from, "kubernetesUserDetails")) {
      json::object details;
      put_texts(details, *user, {{"username", "username"}, {"uid", "uid"}});
      if (!details.empty())
        add("Other", "kubernetes:user/" + std::string{string_at(*user, "username")}, std::move(details));
    }
  }

  void volumes(const json::array& scanned) {
    for (const auto& volume : scanned) {
      if (!volume.is_object()) continue;
      const auto& from = volume.get_object();
      json::object details;
      put_texts(details, from, {{"DeviceName", "deviceName"}, {"VolumeType", "volumeType"}, {"KmsKeyId", "kmsKeyArn"}});
      const auto id = string_at(from, "volumeArn");
      put_text(details, "VolumeId", id.substr(std::min(id.rfind('/') + 1, id.size())));
      add("AwsEc2Volume", std::string{id}, std::move(details));
    }
  }

  static const json::object* part(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value ? value->if_object() : nullptr;
  }

 private:
  std::string arn(std::string_view service, const std::string& resource) const {
    return Identity{.account = origin_.account, .region = origin_.region, .partition = origin_.partition}.arn(service,
                                                                                                              resource);
  }

  static void add_address(json::array& out, std::string_view address) {
    if (address.empty() || out.size() == addresses_max || std::ranges::find(out, json::value(address)) != out.end())
      return;
    out.emplace_back(address);
  }

  static void add_addresses(json::array& v4, json::array& v6, const json::object& interface) {
    add_address(v4, string_at(interface, "publicIp"));
    add_address(v4, string_at(interface, "privateIpAddress"));
    if (const auto* list = list_at(interface, "ipv6Addresses")) {
      for (const auto& address : *list) {
        if (address.is_string()) add_address(v6, address.get_string());
      }
    }
  }

  const Origin& origin_;
};

}  // namespace

json::array resources(const json::object& from, const Origin& origin) {
  using Reader = void (Resources::*)(const json::object&);
  static constexpr std::pair<std::string_view, Reader> readers[] = {
      {"instanceDetails", &Resources::instance},      {"accessKeyDetails", &Resources::access_key},
      {"lambdaDetails", &Resources::function},        {"rdsDbInstanceDetails", &Resources::database},
      {"eksClusterDetails", &Resources::eks_cluster}, {"kubernetesDetails", &Resources::kubernetes},
      {"ecsClusterDetails", &Resources::ecs_cluster}, {"containerDetails", &Resources::container},
  };
  Resources found{origin};
  for (const auto& [name, reader] : readers) {
    if (const auto* details = Resources::part(from, name)) (found.*reader)(*details);
  }
  if (const auto* buckets = list_at(from, "s3BucketDetails")) {
    for (const auto& bucket : *buckets) {
      if (bucket.is_object()) found.bucket(bucket.get_object());
    }
  }
  if (const auto* scanned = list_at(from, "ebsVolumeDetails.scannedVolumeDetails")) found.volumes(*scanned);
  if (found.out.empty()) found.add("AwsAccount", "AWS::::Account:" + origin.account, {});
  return std::move(found.out);
}

}  // namespace tocsin::asff::detail
