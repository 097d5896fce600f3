#include "asff/guardduty.h"

#include <gtest/gtest.h>

#include "asff/merge.h"
#include "asff/test_finding.h"
#include "asff/validate.h"
#include "core/time_format.h"

namespace tocsin::asff {
namespace {

const char* const brute_force = R"({
  "schemaVersion": "2.0", "accountId": "111122223333", "region": "eu-west-1", "partition": "aws", "id": "abc",
  "arn": "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/abc",
  "type": "UnauthorizedAccess:EC2/SSHBruteForce", "severity": 5.4,
  "createdAt": "2024-03-01T10:00:00.000Z", "updatedAt": "2024-03-01T11:00:00.000Z", "title": "t", "description": "d",
  "resource": {"resourceType": "Instance", "instanceDetails": {"instanceId": "i-1", "instanceType": "t3.small", "platform": null,
    "launchTime": "2024-01-01T00:00:00Z", "tags": [{"key": "Name", "value": "bastion"}, {"key": "empty", "value": ""}],
    "networkInterfaces": [{"publicIp": "203.0.113.9", "privateIpAddress": "10.0.0.5", "vpcId": "vpc-1", "subnetId": "subnet-1",
      "ipv6Addresses": ["2001:db8::5"]}]}},
  "service": {"serviceName": "guardduty", "detectorId": "d1", "count": 74, "archived": false, "evidence": null,
    "resourceRole": "TARGET", "eventFirstSeen": "2024-03-01T09:00:00Z", "eventLastSeen": "2024-03-01T10:30:00Z",
    "additionalInfo": {"value": "{\"ports\":[22,23],\"sample\":true}", "type": "default"},
    "action": {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {"connectionDirection": "INBOUND", "protocol": "TCP",
      "blocked": false, "localPortDetails": {"port": 22, "portName": "SSH"}, "remotePortDetails": {"port": 40000, "portName": "Unknown"},
      "localIpDetails": {"ipAddressV4": "10.0.0.5"},
      "remoteIpDetails": {"ipAddressV4": "198.51.100.7", "organization": {"asn": "64500", "asnOrg": "Example"},
        "country": {"countryName": "Norway"}, "geoLocation": {"lat": 59.9127, "lon": 10}}}}}})";

json::object converted(std::string_view text) {
  auto finding = from_guardduty(*parse_json_object(text), test_hub);
  EXPECT_TRUE(finding) << finding.error().message;
  return finding ? std::move(*finding) : json::object{};
}

std::string_view field(const json::object& finding, const std::string& path) {
  const auto* value = finding.at("ProductFields").get_object().if_contains("aws/guardduty/service/" + path);
  return value ? std::string_view{value->get_string()} : "(none)";
}

TEST(GuardDuty, BecomesAFindingAsSecurityHubShowsIt) {
  const auto finding = converted(brute_force);
  EXPECT_EQ(string_at(finding, "Id"), "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/abc");
  EXPECT_EQ(string_at(finding, "GeneratorId"), "arn:aws:guardduty:eu-west-1:111122223333:detector/d1");
  EXPECT_EQ(string_at(finding, "ProductArn"), "arn:aws:securityhub:eu-west-1::product/aws/guardduty");
  EXPECT_EQ(
      string_at(finding, "SourceUrl"),
      "https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?macros=current&fId=abc");
  EXPECT_EQ(to_json(finding.at("Types")), R"(["TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce"])");
  EXPECT_EQ(to_json(finding.at("Severity")), R"({"Product":5.4E0,"Label":"MEDIUM","Normalized":54})");
  EXPECT_EQ(string_at(finding, "FirstObservedAt"), "2024-03-01T09:00:00Z");
  EXPECT_EQ(finding.at("Sample"), true);
}

TEST(GuardDuty, FlattensTheServicePartIntoProductFields) {
  const auto finding = converted(brute_force);
  EXPECT_EQ(field(finding, "action/networkConnectionAction/remoteIpDetails/ipAddressV4"), "198.51.100.7");
  EXPECT_EQ(field(finding, "action/networkConnectionAction/remoteIpDetails/geoLocation/lat"), "59.9127");
  EXPECT_EQ(field(finding, "action/networkConnectionAction/remoteIpDetails/geoLocation/lon"), "10");
  EXPECT_EQ(field(finding, "count"), "74");
  EXPECT_EQ(field(finding, "archived"), "false");
  EXPECT_EQ(field(finding, "evidence"), "");
  EXPECT_EQ(field(finding, "additionalInfo/type"), "default");
  EXPECT_EQ(field(finding, "additionalInfo/ports.0_"), "22");
  EXPECT_EQ(field(finding, "additionalInfo/ports.1_"), "23");
}

TEST(GuardDuty, NamesItsResources) {
  const auto finding = converted(brute_force);
  EXPECT_EQ(
      to_json(finding.at("Resources")),
      R"([{"Type":"AwsEc2Instance","Id":"arn:aws:ec2:eu-west-1:111122223333:instance/i-1","Partition":"aws",)"
      R"("Region":"eu-west-1","Tags":{"Name":"bastion","empty":""},"Details":{"AwsEc2Instance":{"Type":"t3.small",)"
      R"("VpcId":"vpc-1","SubnetId":"subnet-1","IpV4Addresses":["203.0.113.9","10.0.0.5"],)"
      R"("IpV6Addresses":["2001:db8::5"],"LaunchedAt":"2024-01-01T00:00:00Z"}}}])");
}

TEST(GuardDuty, SaysWhoConnectedToWhom) {
  const auto finding = converted(brute_force);
  EXPECT_EQ(to_json(finding.at("Network")),
            R"({"Direction":"IN","Protocol":"TCP","SourceIpV4":"198.51.100.7","SourcePort":40000,)"
            R"("DestinationIpV4":"10.0.0.5","DestinationPort":22})");
  EXPECT_EQ(integer_at(finding, "Action.NetworkConnectionAction.RemoteIpDetails.Organization.Asn"), 64500);
}

// PascalCase as GetFindings writes it, from the camelCase text.
json::value to_pascal(const json::value& value) {
  if (const auto* array = value.if_array()) {
    json::array out;
    for (const auto& element : *array) out.push_back(to_pascal(element));
    return out;
  }
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& [name, member] : *object) {
      std::string pascal{name};
      pascal[0] = static_cast<char>(std::toupper(pascal[0]));
      out[pascal] = to_pascal(member);
    }
    return out;
  }
  return value;
}

TEST(GuardDuty, ReadsBothSpellingsAlike) {
  const auto camel = *parse_json_object(brute_force);
  const auto pascal = to_pascal(camel).get_object();
  EXPECT_TRUE(is_guardduty(camel));
  EXPECT_TRUE(is_guardduty(pascal));
  EXPECT_FALSE(is_guardduty(finding_with()));
  EXPECT_EQ(*from_guardduty(pascal, test_hub), *from_guardduty(camel, test_hub));
}

TEST(GuardDuty, IsValidOnceConverted) {
  auto finding = converted(brute_force);
  const auto violations = validate(finding, 5000, {.hub = test_hub, .any_account = true});
  EXPECT_TRUE(violations.empty()) << error_message(violations);
  const auto merged =
      merge_import(nullptr, std::move(finding), {.hub = test_hub, .now = *parse_rfc3339("2024-05-01T12:00:00Z")});
  EXPECT_EQ(to_json(merged.finding.at("FindingProviderFields")),
            R"({"Severity":{"Label":"MEDIUM"},"Types":["TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce"]})");
}

TEST(GuardDuty, SaysWhatIsMissing) {
  for (const char* name : {"id", "type", "severity", "resource"}) {
    auto finding = *parse_json_object(brute_force);
    finding.erase(name);
    const auto result = from_guardduty(finding, test_hub);
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().path, name);
  }
}

TEST(GuardDuty, FillsWhatTheHubKnows) {
  auto finding = *parse_json_object(brute_force);
  for (const char* name : {"arn", "accountId", "region", "partition", "createdAt", "updatedAt"}) finding.erase(name);
  const auto result = from_guardduty(finding, test_hub);
  ASSERT_TRUE(result);
  EXPECT_EQ(string_at(*result, "Id"), "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/abc");
  EXPECT_EQ(string_at(*result, "CreatedAt"), "2024-03-01T09:00:00Z");
  EXPECT_EQ(string_at(*result, "UpdatedAt"), "2024-03-01T10:30:00Z");
}

struct TypeCase {
  const char* guardduty;
  const char* asff;
};
TEST(GuardDuty, TypesAreMapped) {
  const TypeCase cases[] = {
      {"AttackSequence:S3/CompromisedData", R"(["TTPs/AttackSequence:S3/CompromisedData"])"},
      {"Backdoor:EC2/C&CActivity.B!DNS", R"(["TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS"])"},
      {"CredentialAccess:IAMUser/AnomalousBehavior", R"(["TTPs/Credential Access/IAMUser-AnomalousBehavior"])"},
      {"CredentialAccess:Kubernetes/AnomalousBehavior.SecretsAccessed",
       R"(["TTPs/AnomalousBehavior/CredentialAccess:Kubernetes-SecretsAccessed"])"},
      {"CredentialAccess:Kubernetes/TorIPCaller",
       R"(["TTPs/CredentialAccess/CredentialAccess:Kubernetes-TorIPCaller"])"},
      {"CryptoCurrency:Lambda/BitcoinTool.B",
       R"(["TTPs/Command and Control/CryptoCurrency:Lambda-BitcoinTool.B","Effects/Resource Consumption/CryptoCurrency:Lambda-BitcoinTool.B"])"},
      {"Discovery:RDS/TorIPCaller", R"(["TTPs/Discovery/RDS-TorIPCaller"])"},
      {"Discovery:S3/AnomalousBehavior", R"(["TTPs/Discovery:S3-AnomalousBehavior"])"},
      {"Impact:EC2/AbusedDomainRequest.Reputation", R"(["TTPs/Impact:EC2-AbusedDomainRequest.Reputation"])"},
      {"Impact:EC2/PortSweep", R"(["TTPs/Impact/Impact:EC2-PortSweep"])"},
      {"PenTest:IAMUser/KaliLinux", R"(["TTPs/PenTest:IAMUser/KaliLinux"])"},
      {"PenTest:S3/KaliLinux", R"(["TTPs/PenTest:S3-KaliLinux"])"},
      {"Policy:Kubernetes/ExposedDashboard",
       R"(["Software and Configuration Checks/AWS Security Best Practices/Policy:Kubernetes-ExposedDashboard"])"},
      {"Policy:S3/BucketBlockPublicAccessDisabled",
       R"(["Effects/Data Exposure/Policy:S3-BucketBlockPublicAccessDisabled"])"},
      {"Trojan:Lambda/DropPoint", R"(["Effects/Data Exfiltration/Trojan:Lambda-DropPoint"])"},
      {"Trojan:Runtime/DriveBySourceTraffic!DNS", R"(["TTPs/Initial Access/Trojan:Runtime-DriveBySourceTraffic!DNS"])"},
      {"UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B",
       R"(["TTPs/UnauthorizedAccess:IAMUser-ConsoleLoginSuccess.B"])"},
      {"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
       R"(["Effects/Data Exfiltration/UnauthorizedAccess:IAMUser-InstanceCredentialExfiltration.OutsideAWS"])"},
      {"UnauthorizedAccess:EC2/MetadataDNSRebind", R"(["TTPs/UnauthorizedAccess:EC2-MetadataDNSRebind"])"},
      {"UnauthorizedAccess:Runtime/TorRelay",
       R"(["Effects/Resource Consumption/UnauthorizedAccess:Runtime-TorRelay"])"},
      {"Nothing", R"(["TTPs/Nothing"])"},
  };
  for (const auto& [guardduty, asff] : cases) EXPECT_EQ(to_json(json::value(asff_types(guardduty))), asff) << guardduty;
}

}  // namespace
}  // namespace tocsin::asff
