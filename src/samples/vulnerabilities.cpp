#include <fmt/format.h>

#include "core/time_format.h"
#include "samples/detail/scanners.h"

namespace tocsin::samples::detail {
namespace {

struct Vulnerability {
  std::string_view id, package, installed, fixed, severity;
  double score;
  std::string_view vector, summary;
};

// Numbers, packages and scores are public facts; the sentences are ours.
constexpr Vulnerability vulnerabilities[] = {
    {"CVE-2021-44228", "log4j-core", "2.14.1", "2.17.1", "CRITICAL", 10.0,
     "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
     "A text that is logged can make the program load and run code from elsewhere."},
    {"CVE-2014-0160", "openssl", "1.0.1f", "1.0.1g", "HIGH", 7.5, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
     "A heartbeat with a wrong length makes the other side answer with its memory."},
    {"CVE-2021-3156", "sudo", "1.8.31", "1.9.5p2", "HIGH", 7.8, "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
     "Any local user can become root through an overflow in how arguments are read."},
    {"CVE-2022-0847", "linux", "5.15.0", "5.15.25", "HIGH", 7.8, "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
     "A process can write into files that it may only read."},
    {"CVE-2023-4863", "libwebp", "1.2.4", "1.3.2", "HIGH", 8.8, "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H",
     "An image can write past the end of a buffer."},
    {"CVE-2024-3094", "xz-utils", "5.6.0", "5.6.1-2", "CRITICAL", 10.0, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
     "The released archives held code that lets its author in through SSH."},
};

constexpr std::string_view images[] = {"registry.example/checkout:4.2", "registry.example/search:1.19",
                                       "registry.example/reports:0.7"};

json::object common(World& world, const Vulnerability& v, std::string id, std::string product, std::string generator) {
  const auto time = format_rfc3339(world.time_before(std::chrono::minutes{600}));
  return {
      {"SchemaVersion", "2018-10-08"},
      {"Id", std::move(id)},
      {"ProductArn", fmt::format("arn:{}:securityhub:{}::product/{}", world.hub.partition, world.hub.region, product)},
      {"GeneratorId", std::move(generator)},
      {"AwsAccountId", world.hub.account},
      {"Types", json::array{"Software and Configuration Checks/Vulnerabilities/CVE"}},
      {"CreatedAt", time},
      {"UpdatedAt", time},
      {"Severity", json::object{{"Label", v.severity}}},
      {"Description", v.summary},
      {"RecordState", "ACTIVE"}};
}

json::object vulnerability_details(const Vulnerability& v) {
  json::object package{{"Name", v.package},
                       {"Version", v.installed},
                       {"Architecture", "X86_64"},
                       {"PackageManager", "OS"},
                       {"FixedInVersion", v.fixed}};
  json::object score{{"Version", "3.1"}, {"BaseScore", v.score}, {"BaseVector", v.vector}, {"Source", "NVD"}};
  return {{"Id", v.id},
          {"VulnerablePackages", json::array{std::move(package)}},
          {"Cvss", json::array{std::move(score)}},
          {"Vendor", json::object{{"Name", "NVD"},
                                  {"Url", fmt::format("https://nvd.nist.gov/vuln/detail/{}", v.id)},
                                  {"VendorSeverity", v.severity}}},
          {"FixAvailable", "YES"}};
}

json::object remediation(std::string_view text, const std::string& url) {
  return {{"Recommendation", json::object{{"Text", text}, {"Url", url}}}};
}

// Where Inspector finds it: an instance, an image in a registry, or a function.
json::object inspected_resource(std::size_t which, World& world) {
  json::object resource{{"Partition", world.hub.partition}, {"Region", world.hub.region}};
  if (which % 3 == 0) {
    resource["Type"] = "AwsEc2Instance";
    resource["Id"] = world.arn("ec2", "instance/i-" + world.hex(17));
    resource["Details"] = json::object{
        {"AwsEc2Instance", json::object{{"Type", "m6i.large"}, {"IpV4Addresses", json::array{world.local_ipv4()}}}}};
  } else if (which % 3 == 1) {
    resource["Type"] = "AwsEcrContainerImage";
    resource["Id"] = world.arn("ecr", "repository/checkout/sha256:" + world.hex(64));
    resource["Details"] = json::object{
        {"AwsEcrContainerImage", json::object{{"RepositoryName", "checkout"}, {"ImageTags", json::array{"4.2"}}}}};
  } else {
    resource["Type"] = "AwsLambdaFunction";
    resource["Id"] = world.arn("lambda", "function:reports-worker");
    resource["Details"] =
        json::object{{"AwsLambdaFunction", json::object{{"FunctionName", "reports-worker"}, {"Runtime", "java17"}}}};
  }
  return resource;
}

}  // namespace

std::size_t trivy_kinds() {
  return std::size(vulnerabilities);
}

Sample trivy(std::size_t which, World& world) {
  const Vulnerability& v = vulnerabilities[which];
  const auto image = fmt::format("{} (debian 12.{})", world.pick(images), world.below(8));
  auto finding = common(world, v, fmt::format("{}/{}/{}", image, v.id, world.hex(6)), "aquasecurity/aquasecurity",
                        fmt::format("Trivy/{}", v.id));
  finding["Title"] = fmt::format("Trivy found {} in {}, in package {}", v.id, image, v.package);
  finding["Remediation"] = remediation(fmt::format("Update {} to {}.", v.package, v.fixed),
                                       fmt::format("https://avd.aquasec.com/nvd/{}", v.id));
  finding["ProductFields"] = json::object{{"Product Name", "Trivy"}};
  json::object other{{"CVE ID", v.id},
                     {"PkgName", v.package},
                     {"Installed Package", v.installed},
                     {"Patched Package", v.fixed},
                     {"NvdCvssScoreV3", fmt::format("{:.1f}", v.score)},
                     {"NvdCvssVectorV3", v.vector}};
  finding["Resources"] = json::array{json::object{
      {"Type", "Container"},
      {"Id", image},
      {"Partition", world.hub.partition},
      {"Region", world.hub.region},
      {"Details", json::object{{"Container", json::object{{"ImageName", image}}}, {"Other", std::move(other)}}}}};
  return {.kind = fmt::format("trivy {}", v.id), .form = Form::asff, .document = std::move(finding)};
}

std::size_t inspector_kinds() {
  return std::size(vulnerabilities);
}

Sample inspector(std::size_t which, World& world) {
  const Vulnerability& v = vulnerabilities[which];
  auto finding = common(world, v, world.arn("inspector2", "finding/" + world.hex(32)), "aws/inspector", "AWSInspector");
  finding["ProductName"] = "Inspector";
  finding["CompanyName"] = "Amazon";
  finding["Title"] = fmt::format("{} - {}", v.id, v.package);
  const json::value time = finding.at("CreatedAt");
  finding["FirstObservedAt"] = time;
  finding["LastObservedAt"] = time;
  finding["Remediation"] =
      json::object{{"Recommendation", json::object{{"Text", fmt::format("Update {} to {}.", v.package, v.fixed)}}}};
  finding["ProductFields"] = json::object{{"aws/inspector/FindingStatus", "ACTIVE"},
                                          {"aws/inspector/inspectorScore", fmt::format("{:.1f}", v.score)},
                                          {"aws/inspector/ProductVersion", "2"}};
  finding["Resources"] = json::array{inspected_resource(which, world)};
  finding["Vulnerabilities"] = json::array{vulnerability_details(v)};
  return {.kind = fmt::format("inspector {}", v.id), .form = Form::asff, .document = std::move(finding)};
}

}  // namespace tocsin::samples::detail
