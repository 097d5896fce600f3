#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"
#include "samples/detail/scanners.h"

namespace tocsin::samples::detail {
namespace {

struct Check {
  std::string_view name, severity, type, service, resource, title, advice, page;
};

// Names of checks are Prowler's; the sentences are ours.
constexpr Check checks[] = {
    {"s3_bucket_public_access", "CRITICAL", "AwsS3Bucket", "s3", "", "Buckets are not open to the public.",
     "Turn on Block Public Access for the bucket and the account.",
     "AmazonS3/latest/userguide/access-control-block-public-access.html"},
    {"s3_bucket_default_encryption", "MEDIUM", "AwsS3Bucket", "s3", "", "Buckets encrypt what is put into them.",
     "Set a default encryption on the bucket.", "AmazonS3/latest/userguide/bucket-encryption.html"},
    {"iam_root_mfa_enabled", "CRITICAL", "AwsIamUser", "iam", "root", "The root user has a second factor.",
     "Register a hardware key for the root user.", "IAM/latest/UserGuide/id_root-user.html"},
    {"iam_user_accesskey_unused", "MEDIUM", "AwsIamUser", "iam", "user/", "Access keys that nobody uses are gone.",
     "Delete access keys that were not used for 45 days.", "IAM/latest/UserGuide/id_credentials_access-keys.html"},
    {"ec2_securitygroup_allow_ingress_from_internet_to_port_22", "HIGH", "AwsEc2SecurityGroup", "ec2",
     "security-group/sg-", "No security group lets the internet in on port 22.",
     "Allow SSH from known networks only, or use Session Manager.", "vpc/latest/userguide/vpc-security-groups.html"},
    {"ec2_securitygroup_allow_ingress_from_internet_to_port_3389", "HIGH", "AwsEc2SecurityGroup", "ec2",
     "security-group/sg-", "No security group lets the internet in on port 3389.",
     "Allow RDP from known networks only.", "vpc/latest/userguide/vpc-security-groups.html"},
    {"ec2_ebs_volume_encryption", "MEDIUM", "AwsEc2Volume", "ec2", "volume/vol-", "Volumes are encrypted.",
     "Turn on encryption by default for the Region.", "ebs/latest/userguide/ebs-encryption.html"},
    {"ec2_instance_imdsv2_enabled", "HIGH", "AwsEc2Instance", "ec2", "instance/i-",
     "Instances ask for a token before they tell their metadata.", "Require IMDSv2 on the instance.",
     "AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html"},
    {"rds_instance_no_public_access", "CRITICAL", "AwsRdsDbInstance", "rds",
     "db:", "Databases cannot be reached from the internet.", "Take the public address from the database.",
     "AmazonRDS/latest/UserGuide/USER_VPC.html"},
    {"cloudtrail_multi_region_enabled", "HIGH", "AwsCloudTrailTrail", "cloudtrail", "trail/",
     "A trail records all Regions.", "Create a trail for all Regions.",
     "awscloudtrail/latest/userguide/cloudtrail-concepts.html"},
    {"kms_cmk_rotation_enabled", "MEDIUM", "AwsKmsKey", "kms", "key/", "Keys are rotated every year.",
     "Turn on automatic rotation.", "kms/latest/developerguide/rotate-keys.html"},
    {"guardduty_is_enabled", "MEDIUM", "AwsGuardDutyDetector", "guardduty", "detector/",
     "GuardDuty watches the account.", "Turn GuardDuty on in every Region.",
     "guardduty/latest/ug/guardduty_settingup.html"},
};

std::string resource_arn(const Check& check, World& world) {
  if (check.service == "s3") return fmt::format("arn:{}:s3:::data-{}", world.hub.partition, world.hex(8));
  if (check.service == "iam")
    return fmt::format("arn:{}:iam::{}:{}{}", world.hub.partition, world.hub.account, check.resource,
                       check.resource == "root" ? "" : "user-" + world.hex(4));
  return world.arn(check.service, std::string{check.resource} + world.hex(17));
}

}  // namespace

std::size_t prowler_kinds() {
  return std::size(checks);
}

Sample prowler(std::size_t which, World& world) {
  const Check& check = checks[which];
  const bool passed = world.one_in(4);
  const auto arn = resource_arn(check, world);
  const auto time = format_rfc3339_seconds(world.time_before(std::chrono::minutes{600}));
  json::object finding{
      {"SchemaVersion", "2018-10-08"},
      {"Id", fmt::format("prowler-{}-{}-{}-{}", check.name, world.hub.account, world.hub.region, world.hex(9))},
      {"ProductArn",
       fmt::format("arn:{}:securityhub:{}::product/prowler/prowler", world.hub.partition, world.hub.region)},
      {"RecordState", "ACTIVE"},
      {"ProductFields",
       json::object{{"ProviderName", "Prowler"}, {"ProviderVersion", "4.0.0"}, {"ProwlerResourceName", arn}}},
      {"GeneratorId", fmt::format("prowler-{}", check.name)},
      {"AwsAccountId", world.hub.account},
      {"Types", json::array{"Software and Configuration Checks", "Industry and Regulatory Standards"}},
      {"FirstObservedAt", time},
      {"UpdatedAt", time},
      {"CreatedAt", time},
      {"Severity", json::object{{"Label", check.severity}}},
      {"Title", check.title},
      {"Description", fmt::format("{} {} it.", arn, passed ? "keeps to" : "does not keep to")},
      {"Resources",
       json::array{json::object{
           {"Type", check.type}, {"Id", arn}, {"Partition", world.hub.partition}, {"Region", world.hub.region}}}},
      {"Compliance",
       json::object{{"Status", passed ? "PASSED" : "FAILED"},
                    {"RelatedRequirements", json::array{"CIS 1.5", "AWS-Foundational-Security-Best-Practices"}},
                    {"AssociatedStandards", json::array{json::object{{"StandardsId", "CIS-1.5"}}}}}},
      {"Remediation", json::object{{"Recommendation",
                                    json::object{{"Text", check.advice},
                                                 {"Url", fmt::format("https://docs.aws.amazon.com/{}", check.page)}}}}},
  };
  return {.kind = fmt::format("prowler {}", check.name), .form = Form::asff, .document = std::move(finding)};
}

}  // namespace tocsin::samples::detail
