#include "samples/detail/guardduty.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/time_format.h"

namespace tocsin::samples::detail {
namespace {

struct Port {
  int number;
  std::string_view name;
};

// What an action tells a sentence.
struct Facts {
  std::string remote, domain, port;
};

json::object port(Port p) {
  return {{"port", p.number}, {"portName", p.name}};
}

json::object remote_details(World& world, const std::string& address) {
  struct Place {
    std::string_view country, city;
    double lat, lon;
  };
  static constexpr Place places[] = {{"Norway", "Oslo", 59.9127, 10.7461},
                                     {"Brazil", "Recife", -8.0476, -34.877},
                                     {"Japan", "Sapporo", 43.0621, 141.3544},
                                     {"Kenya", "Nairobi", -1.2921, 36.8219}};
  const auto& place = world.pick(places);
  json::object details;
  details[address.find(':') == address.npos ? "ipAddressV4" : "ipAddressV6"] = address;
  details["organization"] = json::object{{"asn", std::to_string(64496 + world.below(16))},
                                         {"asnOrg", "Example Network"},
                                         {"isp", "Example Network"},
                                         {"org", "Example Network"}};
  details["country"] = json::object{{"countryName", place.country}};
  details["city"] = json::object{{"cityName", place.city}};
  details["geoLocation"] = json::object{{"lat", place.lat}, {"lon", place.lon}};
  return details;
}

Port port_for(std::string_view type, World& world) {
  struct Row {
    std::string_view part;
    Port port;
  };
  static constexpr Row rows[] = {
      {"SSH", {22, "SSH"}},           {"RDP", {3389, "RDP"}},    {"WinRM", {5985, "WINRM"}}, {"Spambot", {25, "SMTP"}},
      {"DNSResolver", {53, "DNS"}},   {"DoT", {853, "Unknown"}}, {"DoH", {443, "HTTPS"}},    {"EMR", {8088, "Unknown"}},
      {"Bitcoin", {8333, "Unknown"}}, {"Tor", {9001, "Unknown"}}};
  static constexpr Port others[] = {{80, "HTTP"}, {443, "HTTPS"}, {8080, "HTTP-Alternate"}, {6667, "IRC"}};
  for (const auto& row : rows) {
    if (type.find(row.part) != type.npos) return row.port;
  }
  return world.pick(others);
}

json::object connection(std::string_view type, bool outbound, World& world, Facts& facts) {
  // IPv6 where GuardDuty reports it: runtime monitoring, now and then.
  const bool v6 = type.find(":Runtime/") != type.npos && world.one_in(3);
  facts.remote = v6 ? world.remote_ipv6() : world.remote_ipv4();
  const Port service = port_for(type, world);
  facts.port = std::to_string(service.number);
  const Port client{static_cast<int>(32768 + world.below(28000)), "Unknown"};
  json::object details{{"connectionDirection", outbound ? "OUTBOUND" : "INBOUND"},
                       {"remoteIpDetails", remote_details(world, facts.remote)},
                       {"remotePortDetails", port(outbound ? service : client)},
                       {"localPortDetails", port(outbound ? client : service)},
                       {"protocol", type.find("Udp") != type.npos ? "UDP" : "TCP"},
                       {"blocked", false},
                       {"localIpDetails", json::object{{"ipAddressV4", world.local_ipv4()}}}};
  return {{"actionType", "NETWORK_CONNECTION"}, {"networkConnectionAction", std::move(details)}};
}

json::object dns_request(World& world, Facts& facts) {
  facts.domain = world.domain();
  return {{"actionType", "DNS_REQUEST"},
          {"dnsRequestAction", json::object{{"domain", facts.domain}, {"protocol", "UDP"}, {"blocked", false}}}};
}

json::object port_probe(std::string_view type, World& world, Facts& facts) {
  facts.remote = world.remote_ipv4();
  const Port probed = port_for(type, world);
  facts.port = std::to_string(probed.number);
  json::object detail{{"localPortDetails", port(probed)},
                      {"remoteIpDetails", remote_details(world, facts.remote)},
                      {"localIpDetails", json::object{{"ipAddressV4", world.local_ipv4()}}}};
  return {{"actionType", "PORT_PROBE"},
          {"portProbeAction", json::object{{"blocked", false}, {"portProbeDetails", json::array{std::move(detail)}}}}};
}

json::object api_call(std::string_view type, World& world, Facts& facts) {
  struct Call {
    std::string_view part, service, api;
  };
  static constexpr Call calls[] = {{"CloudTrail", "cloudtrail.amazonaws.com", "StopLogging"},
                                   {"Bedrock", "bedrock.amazonaws.com", "DeleteModelInvocationLoggingConfiguration"},
                                   {"PasswordPolicy", "iam.amazonaws.com", "UpdateAccountPasswordPolicy"},
                                   {"ConsoleLogin", "signin.amazonaws.com", "ConsoleLogin"},
                                   {"Policy:S3", "s3.amazonaws.com", "PutBucketPolicy"},
                                   {"Stealth:S3", "s3.amazonaws.com", "PutBucketLogging"},
                                   {"Discovery:S3", "s3.amazonaws.com", "ListObjects"},
                                   {"Impact:S3", "s3.amazonaws.com", "DeleteObjects"},
                                   {"S3/", "s3.amazonaws.com", "GetObject"},
                                   {"CredentialAccess", "secretsmanager.amazonaws.com", "GetSecretValue"},
                                   {"Recon", "iam.amazonaws.com", "ListUsers"},
                                   {"Persistence", "iam.amazonaws.com", "CreateAccessKey"},
                                   {"PrivilegeEscalation", "iam.amazonaws.com", "AttachUserPolicy"},
                                   {"", "ec2.amazonaws.com", "DescribeInstances"}};
  facts.remote = world.remote_ipv4();
  const auto* call = std::ranges::find_if(calls, [&](const Call& c) { return type.find(c.part) != type.npos; });
  json::object details{{"api", call->api},
                       {"serviceName", call->service},
                       {"callerType", "Remote IP"},
                       {"remoteIpDetails", remote_details(world, facts.remote)},
                       {"affectedResources", json::object{}}};
  return {{"actionType", "AWS_API_CALL"}, {"awsApiCallAction", std::move(details)}};
}

json::object kubernetes_call(World& world, Facts& facts) {
  facts.remote = world.remote_ipv4();
  json::object details{{"requestUri", "/api/v1/namespaces/default/secrets"},
                       {"verb", "list"},
                       {"statusCode", 200},
                       {"userAgent", "kubectl/v1.28"},
                       {"sourceIPs", {facts.remote}},
                       {"remoteIpDetails", remote_details(world, facts.remote)}};
  return {{"actionType", "KUBERNETES_API_CALL"}, {"kubernetesApiCallAction", std::move(details)}};
}

json::object login(World& world, Facts& facts) {
  facts.remote = world.remote_ipv4();
  json::object attempt{
      {"user", "admin"}, {"application", "psql"}, {"failedLoginAttempts", 12}, {"successfulLoginAttempts", 1}};
  json::object details{{"remoteIpDetails", remote_details(world, facts.remote)},
                       {"loginAttributes", json::array{std::move(attempt)}}};
  return {{"actionType", "RDS_LOGIN_ATTEMPT"}, {"rdsLoginAttemptAction", std::move(details)}};
}

json::object action_for(std::string_view type, Action action, World& world, Facts& facts) {
  switch (action) {
    case Action::none:
      return {};
    case Action::outbound:
      return connection(type, true, world, facts);
    case Action::inbound:
      return connection(type, false, world, facts);
    case Action::dns:
      return dns_request(world, facts);
    case Action::port_probe:
      return port_probe(type, world, facts);
    case Action::api_call:
      return api_call(type, world, facts);
    case Action::kubernetes_api:
      return kubernetes_call(world, facts);
    case Action::login:
      return login(world, facts);
  }
  return {};
}

json::object malware_scan(World& world) {
  json::object path{{"filePath", "/tmp/." + world.hex(8)},
                    {"fileName", "." + world.hex(8)},
                    {"hash", world.hex(64)},
                    {"volumeArn", world.arn("ec2", "volume/vol-" + world.hex(17))}};
  json::object threat{
      {"name", "EICAR-Test-File"}, {"severity", "HIGH"}, {"itemCount", 1}, {"filePaths", json::array{std::move(path)}}};
  return {{"scanId", world.hex(32)},
          {"scanDetections",
           json::object{{"threatDetectedByName",
                         json::object{{"itemCount", 1}, {"threatNames", json::array{std::move(threat)}}}}}}};
}

json::object runtime_process(World& world) {
  return {{"process", json::object{{"name", "kworkerd"},
                                   {"executablePath", "/tmp/kworkerd"},
                                   {"executableSha256", world.hex(64)},
                                   {"pid", 1000 + world.below(30000)},
                                   {"user", "root"},
                                   {"pwd", "/tmp"}}}};
}

json::object service_of(std::string_view type, const std::string& detector, World& world, Facts& facts, Time last) {
  const Threat& threat = threat_of(type);
  json::object service{{"serviceName", "guardduty"}, {"detectorId", detector}};
  if (auto action = action_for(type, threat.action, world, facts); !action.empty())
    service["action"] = std::move(action);
  if (type.find("File") != type.npos && type.find(":Runtime/") == type.npos)
    service["ebsVolumeScanDetails"] = malware_scan(world);
  if (type.find(":Runtime/") != type.npos) service["runtimeDetails"] = runtime_process(world);
  if (threat.title.find("list") != threat.title.npos || threat.title.find("known") != threat.title.npos)
    service["evidence"] = json::object{
        {"threatIntelligenceDetails",
         json::array{json::object{{"threatListName", "Example"}, {"threatNames", json::array{"ExampleThreat"}}}}}};
  const bool acts = threat.action == Action::outbound || threat.action == Action::dns || threat.action == Action::none;
  service["resourceRole"] = acts ? "ACTOR" : "TARGET";
  service["additionalInfo"] = json::object{{"value", R"({"sample":true})"}, {"type", "default"}};
  service["eventFirstSeen"] = format_rfc3339(last - std::chrono::minutes{world.below(240)});
  service["eventLastSeen"] = format_rfc3339(last);
  service["archived"] = false;
  service["count"] = 1 + world.below(40);
  return service;
}

// GuardDuty writes whole severities as whole numbers.
json::value severity_of(const Threat& threat) {
  const auto whole = static_cast<std::int64_t>(threat.severity);
  return static_cast<double>(whole) == threat.severity ? json::value(whole) : json::value(threat.severity);
}

}  // namespace

json::object guardduty_event(std::string_view type, World& world) {
  const Threat& threat = threat_of(type);
  const auto detector = world.hex(32);
  const auto id = world.hex(32);
  const auto last = world.time_before(std::chrono::minutes{30});
  auto resource = resource_of(type, world);
  Facts facts;
  auto service = service_of(type, detector, world, facts, last);
  const auto who = string_at(resource.details, "accessKeyDetails.userName", "somebody");
  const auto title = filled(threat.title, {{"what", resource.name},
                                           {"remote", facts.remote},
                                           {"domain", facts.domain},
                                           {"port", facts.port},
                                           {"who", who}});

  json::object finding{
      {"schemaVersion", "2.0"},
      {"accountId", world.hub.account},
      {"region", world.hub.region},
      {"partition", world.hub.partition},
      {"id", id},
      {"arn", world.arn("guardduty", fmt::format("detector/{}/finding/{}", detector, id))},
      {"type", type},
      {"resource", std::move(resource.details)},
      {"service", std::move(service)},
      {"severity", severity_of(threat)},
      {"createdAt", format_rfc3339(last)},
      {"updatedAt", format_rfc3339(last)},
      {"title", title},
      {"description", fmt::format("{} This is a sample, made for trying things out; nothing of it happened.", title)}};
  return {{"version", "0"},
          {"id", world.uuid()},
          {"detail-type", "GuardDuty Finding"},
          {"source", "aws.guardduty"},
          {"account", world.hub.account},
          {"time", format_rfc3339_seconds(last)},
          {"region", world.hub.region},
          {"resources", json::array{}},
          {"detail", std::move(finding)}};
}

}  // namespace tocsin::samples::detail
