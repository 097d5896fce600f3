#include "generate.h"

#include <array>
#include <random>
#include <string_view>

#include <fmt/format.h>

namespace tocsin::bench {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t n) {
  return random() % n;
}

template <std::size_t N>
std::string_view one_of(Random& random, const std::array<std::string_view, N>& list) {
  return list[below(random, N)];
}

constexpr std::array<std::string_view, 40> streets = {
    "UNKNOWN", "FULTON", "MASON",   "BEACH",   "HYDE",    "CHESTNUT", "JEFFERSON", "ACADIA",   "BLAKE",    "DRUMM",
    "RHODE",   "GEARY",  "SUTTER",  "JACKSON", "CLIPPER", "ALVARADO", "VALLEY",    "DAY",      "HARRISON", "FOLSOM",
    "MISSION", "HOWARD", "BRYANT",  "CLEMENT", "ANZA",    "BALBOA",   "CABRILLO",  "IRVING",   "JUDAH",    "KIRKHAM",
    "LAWTON",  "MORAGA", "NORIEGA", "ORTEGA",  "PACHECO", "QUINTARA", "RIVERA",    "SANTIAGO", "TARAVAL",  "FLEMING"};
constexpr std::array<std::string_view, 6> street_types = {"ST", "AVE", "WAY", "BLVD", "TER", "CT"};

std::string coordinate(Random& random, bool objects) {
  std::uniform_real_distribution<double> spread(-0.05, 0.05);
  const double x = -122.43 + spread(random), y = 37.76 + spread(random);
  // City lots are written with 14 or 15 decimals, more than a binary64 holds for some.
  return objects ? fmt::format(R"({{"x":{:.14f},"y":{:.14f},"z":0.0}})", x, y)
                 : fmt::format("[{:.14f},{:.14f},0.0]", x, y);
}

std::string lot(Random& random, std::size_t number, bool objects) {
  const std::size_t block = below(random, 7000), lot_number = below(random, 120);
  const std::string id = fmt::format("{:04}{:03}", block, lot_number);
  const std::size_t from = below(random, 4000);
  const bool is_multi = below(random, 1000) == 0;
  std::string ring;
  const std::size_t corners = (objects ? 4 : 6) + below(random, 7);
  for (std::size_t i = 0; i < corners; ++i) ring += (i > 0 ? "," : "") + coordinate(random, objects);
  ring = "[" + ring + "]";
  if (is_multi) ring = "[" + ring + "]";
  const std::string type = below(random, 10) == 0 ? "null" : fmt::format("\"{}\"", one_of(random, street_types));
  return fmt::format(
      R"({{"type":"Feature","properties":{{"MAPBLKLOT":"{}","BLKLOT":"{}","BLOCK_NUM":"{:04}","LOT_NUM":"{:03}",)"
      R"("FROM_ST":"{}","TO_ST":"{}","STREET":"{}","ST_TYPE":{},"ODD_EVEN":"{}","OBJECTID":{}}},)"
      R"("geometry":{{"type":"{}","firstCoordinates":{},"coordinates":[{}]}}}})",
      id, id, block, lot_number, from, from + below(random, 8), one_of(random, streets), type,
      from % 2 == 0 ? "E" : "O", number, is_multi ? "MultiPolygon" : "Polygon", coordinate(random, true), ring);
}

std::string rule(std::string_view path, std::string_view name, std::string_view alternatives) {
  return fmt::format(R"({{"{}":{{"{}":[{}]}}}})", path, name, alternatives);
}

constexpr std::array<std::string_view, 16> regions = {
    "us-east-1",    "us-east-2",    "us-west-1",  "us-west-2",      "eu-west-1",      "eu-west-2",
    "eu-central-1", "eu-north-1",   "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1",
    "sa-east-1",    "ca-central-1", "me-south-1", "af-south-1"};
constexpr std::array<std::string_view, 20> threats = {"Backdoor:EC2/C&CActivity.B!DNS",
                                                      "CryptoCurrency:EC2/BitcoinTool.B",
                                                      "Trojan:EC2/DNSDataExfiltration",
                                                      "UnauthorizedAccess:EC2/SSHBruteForce",
                                                      "Recon:EC2/PortProbeUnprotectedPort",
                                                      "Recon:IAMUser/UserPermissions",
                                                      "Stealth:IAMUser/CloudTrailLoggingDisabled",
                                                      "Policy:S3/BucketBlockPublicAccessDisabled",
                                                      "Impact:EC2/PortSweep",
                                                      "Exfiltration:S3/ObjectRead.Unusual",
                                                      "Behavior:EC2/NetworkPortUnusual",
                                                      "Discovery:S3/MaliciousIPCaller",
                                                      "Persistence:IAMUser/AnomalousBehavior",
                                                      "PenTest:IAMUser/KaliLinux",
                                                      "DefenseEvasion:IAMUser/AnomalousBehavior",
                                                      "Execution:EC2/MaliciousFile",
                                                      "Impact:Kubernetes/MaliciousIPCaller",
                                                      "CredentialAccess:Kubernetes/MaliciousIPCaller",
                                                      "UnauthorizedAccess:Lambda/TorClient",
                                                      "Software and Configuration Checks/AWS Security Best Practices"};
constexpr std::array<std::string_view, 5> labels = {"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"};
constexpr std::array<std::string_view, 6> resource_types = {"AwsEc2Instance",    "AwsS3Bucket",      "AwsIamAccessKey",
                                                            "AwsLambdaFunction", "AwsRdsDbInstance", "AwsEksCluster"};

constexpr std::size_t account_count = 150;
std::string account(std::size_t number) {
  return fmt::format("{:012}", 111100000000 + number * 7919);
}
constexpr std::size_t control_count = 150;
std::string control(std::size_t number) {
  return fmt::format("security-control/{}.{}", std::array{"EC2", "S3", "IAM", "RDS", "Lambda"}[number % 5], number);
}

std::string hex(Random& random, std::size_t digits) {
  std::string text;
  while (text.size() < digits) text += "0123456789abcdef"[below(random, 16)];
  return text;
}

std::string product_fields(Random& random, const std::string& address) {
  constexpr std::string_view action = "aws/guardduty/service/action/networkConnectionAction/";
  std::string fields;
  const auto add = [&](std::string_view key, const std::string& value) {
    fields += fmt::format(R"({}"{}":"{}")", fields.empty() ? "" : ",", key, value);
  };
  add(fmt::format("{}remoteIpDetails/ipAddressV4", action), address);
  add(fmt::format("{}remoteIpDetails/organization/asnOrg", action), "Example Transit and Hosting Services");
  add(fmt::format("{}remoteIpDetails/country/countryName", action), "Netherlands");
  add(fmt::format("{}remotePortDetails/port", action), fmt::to_string(below(random, 65536)));
  add(fmt::format("{}localPortDetails/portName", action), "Unknown");
  add("aws/guardduty/service/archived", "false");
  add("aws/guardduty/service/detectorId", hex(random, 32));
  add("aws/guardduty/service/eventFirstSeen", "2024-05-01T08:15:01.549Z");
  add("aws/guardduty/service/count", fmt::to_string(below(random, 400)));
  add("aws/securityhub/ProductName", "GuardDuty");
  add("aws/securityhub/CompanyName", "Amazon");
  add("aws/securityhub/annotation", "The evaluated configuration does not meet the requirement of the standard.");
  return fields;
}

std::string resource(Random& random, const std::string& owner, std::string_view region) {
  const std::string id = fmt::format("i-{:08x}{}", below(random, 150), "f00dcafe1");
  return fmt::format(
      R"({{"Type":"{}","Id":"arn:aws:ec2:{}:{}:instance/{}","Partition":"aws","Region":"{}","ResourceRole":"TARGET",)"
      R"("Tags":{{"Name":"worker-{}","team":"payments \"core\"","environment":"production","cost-center":"{}"}},)"
      R"("Details":{{"AwsEc2Instance":{{"Type":"m5.xlarge","ImageId":"ami-{}","IpV4Addresses":["10.{}.{}.{}","198.51.100.{}"],)"
      R"("KeyName":"operations","IamInstanceProfileArn":"arn:aws:iam::{}:instance-profile/worker","VpcId":"vpc-{}",)"
      R"("SubnetId":"subnet-{}","LaunchedAt":"2024-04-11T02:18:45.000Z","NetworkInterfaces":[{{"NetworkInterfaceId":"eni-{}"}}]}}}}}})",
      one_of(random, resource_types), region, owner, id, region, below(random, 100), below(random, 9000),
      hex(random, 17), below(random, 256), below(random, 256), below(random, 256), below(random, 256), owner,
      hex(random, 17), hex(random, 17), hex(random, 17));
}

std::string finding(Random& random) {
  const std::string owner = account(below(random, account_count));
  const std::string_view region = one_of(random, regions), threat = one_of(random, threats);
  const std::string id = hex(random, 32);
  const std::string address =
      fmt::format("{}.{}.{}.{}", 1 + below(random, 150), below(random, 256), below(random, 256), below(random, 256));
  const std::size_t severity = below(random, 101);
  std::string event = fmt::format(
      R"({{"version":"0","id":"{0}","detail-type":"Security Hub Findings - Imported","source":"aws.securityhub","account":"{1}",)"
      R"("time":"2024-05-01T08:16:33Z","region":"{2}","resources":["arn:aws:securityhub:{2}::product/aws/guardduty/arn:aws:guardduty:{2}:{1}:detector/{3}/finding/{0}"],)"
      R"("detail":{{"findings":[{{"SchemaVersion":"2018-10-08","Id":"arn:aws:guardduty:{2}:{1}:detector/{3}/finding/{0}",)"
      R"("ProductArn":"arn:aws:securityhub:{2}::product/aws/guardduty","ProductName":"GuardDuty","CompanyName":"Amazon","Region":"{2}",)"
      R"("GeneratorId":"{4}","AwsAccountId":"{1}","Types":["TTPs/{5}","{5}"],"FirstObservedAt":"2024-05-01T08:15:01.549Z",)"
      R"("LastObservedAt":"2024-05-01T08:15:01.549Z","CreatedAt":"2024-05-01T08:15:01.549Z","UpdatedAt":"2024-05-01T08:15:01.549Z",)",
      id, owner, region, hex(random, 32), control(below(random, control_count)), threat);
  event += fmt::format(
      R"("Severity":{{"Product":{},"Label":"{}","Normalized":{},"Original":"{}"}},"Confidence":{},)"
      R"("Title":"Host {} is communicating outbound with a known command and control server.",)"
      R"("Description":"EC2 instance i-99999999 has been behaving in a manner that may indicate it is being used to perform an unwanted action against a remote host on port 22.\nReview the traffic.",)"
      R"("Remediation":{{"Recommendation":{{"Text":"For information on how to correct this issue, consult the controls documentation.","Url":"https://docs.example.com/controls/EC2.19/remediation"}}}},)",
      static_cast<double>(severity) / 10, labels[severity / 21], severity, severity, below(random, 100),
      below(random, 150));
  event += fmt::format(
      R"("SourceUrl":"https://{0}.console.example.com/guardduty/home?region={0}#/findings?macros=current&fId={1}","ProductFields":{{{2}}},)"
      R"("Network":{{"Direction":"OUT","Protocol":"TCP","SourceIpV4":"{3}","SourcePort":{4},"DestinationIpV4":"10.0.0.23","DestinationPort":443}},)"
      R"("Resources":[{5},{6}],"Compliance":{{"Status":"FAILED","SecurityControlId":"EC2.{7}","AssociatedStandards":[{{"StandardsId":"standards/aws-foundational-security-best-practices/v/1.0.0"}}]}},)"
      R"("WorkflowState":"NEW","Workflow":{{"Status":"{8}"}},"RecordState":"ACTIVE","Note":null,"Sample":false,"FindingProviderFields":{{"Severity":{{"Label":"{9}"}},"Types":["{10}"]}}}}]}}}})",
      region, id, product_fields(random, address), address, below(random, 65536), resource(random, owner, region),
      resource(random, owner, region), below(random, 150), below(random, 5) == 0 ? "NOTIFIED" : "NEW",
      labels[severity / 21], threat);
  return event;
}

std::string finding_rule(Random& random, std::size_t kind) {
  const auto detail = [](std::string_view fields) {
    return fmt::format(R"({{"source":["aws.securityhub"],"detail":{{"findings":{{{}}}}}}})", fields);
  };
  const std::string owner = account(below(random, account_count));
  const std::string_view region = one_of(random, regions), threat = one_of(random, threats);
  switch (kind) {
    case 0:
      return detail(fmt::format(R"("AwsAccountId":["{}","{}"],"Severity":{{"Label":["HIGH","CRITICAL"]}})", owner,
                                account(below(random, account_count))));
    case 1:
      return detail(fmt::format(R"("GeneratorId":[{{"prefix":"{}"}}])", control(below(random, control_count))));
    case 2:
      return detail(fmt::format(R"("Resources":{{"Id":[{{"suffix":"{:08x}f00dcafe1"}}],"Region":["{}","{}","{}"]}})",
                                below(random, 150), region, one_of(random, regions), one_of(random, regions)));
    case 3: {
      const std::string_view tail = threat.substr(threat.size() - 6);
      return detail(
          fmt::format(R"("Types":[{{"wildcard":"TTPs/{}*{}"}}],"Region":["{}"])", threat.substr(0, 4), tail, region));
    }
    case 4:
      return detail(fmt::format(
          R"("Title":[{{"equals-ignore-case":"HOST {} IS communicating outbound with a known COMMAND and CONTROL server."}}])",
          below(random, 150)));
    case 5: {
      const std::size_t low = below(random, 100);
      return detail(fmt::format(R"("Severity":{{"Normalized":[{{"numeric":[">=",{},"<",{}]}}]}},"Region":["{}"])", low,
                                low + 8, region));
    }
    case 6:
      return detail(fmt::format(R"("Network":{{"SourceIpV4":[{{"cidr":"{}.0.0.0/8"}}]}})", 1 + below(random, 150)));
    case 7:
      return detail(fmt::format(
          R"("AwsAccountId":["{}"],"Region":[{{"anything-but":["{}"]}}],"Workflow":{{"Status":[{{"anything-but":"SUPPRESSED"}}]}})",
          owner, region));
    case 8:
      return detail(fmt::format(
          R"("Compliance":{{"SecurityControlId":["EC2.{}"]}},"Note":{{"Text":[{{"exists":false}}]}},"RecordState":["ACTIVE"])",
          below(random, 150)));
    default:
      return detail(fmt::format(
          R"("$or":[{{"AwsAccountId":["{}"],"Workflow":{{"Status":["NOTIFIED"]}}}},{{"Confidence":[{}],"Types":["{}"]}}])",
          owner, below(random, 100), threat));
  }
}

}  // namespace

std::vector<std::string> city_lots(std::size_t count, bool objects) {
  Random random(objects ? 2 : 1);
  std::vector<std::string> lots;
  for (std::size_t i = 0; i < count; ++i) lots.push_back(lot(random, i, objects));
  return lots;
}

std::vector<std::string> findings(std::size_t count) {
  Random random(3);
  std::vector<std::string> events;
  for (std::size_t i = 0; i < count; ++i) events.push_back(finding(random));
  return events;
}

std::vector<LotRules> lot_rules() {
  const auto on = [](std::string_view field, std::initializer_list<std::string_view> alternatives) {
    std::vector<std::string> patterns;
    for (const std::string_view alternative : alternatives) patterns.push_back(rule("properties", field, alternative));
    return patterns;
  };
  std::vector<LotRules> kinds;
  kinds.push_back(
      {"exact", on("MAPBLKLOT", {R"("1430022")", R"("2607117")", R"("2607018")", R"("3745012")", R"("VACSTWIL")"})});
  kinds.push_back({"prefix", on("STREET", {R"({"prefix":"AC"})", R"({"prefix":"BL"})", R"({"prefix":"DR"})",
                                           R"({"prefix":"FU"})", R"({"prefix":"RH"})"})});
  kinds.push_back(
      {"wildcard", on("MAPBLKLOT", {R"({"wildcard":"143*"})", R"({"wildcard":"2*0*1*7"})", R"({"wildcard":"*218"})",
                                    R"({"wildcard":"3*5*2"})", R"({"wildcard":"VA*IL"})"})});
  kinds.push_back({"suffix", on("STREET", {R"({"suffix":"ON"})", R"({"suffix":"KE"})", R"({"suffix":"MM"})",
                                           R"({"suffix":"ING"})", R"({"suffix":"GO"})"})});
  kinds.push_back(
      {"ignore-case", on("STREET", {R"({"equals-ignore-case":"jefferson"})", R"({"equals-ignore-case":"bEaCh"})",
                                    R"({"equals-ignore-case":"HyDe"})", R"({"equals-ignore-case":"CHESTNUT"})"})});
  kinds.back().patterns.push_back(rule("properties", "ST_TYPE", R"({"equals-ignore-case":"st"})"));
  const auto point = [](std::string_view type, std::string_view place, std::string_view alternatives) {
    const std::string fields = type.empty() ? "" : fmt::format(R"("type":["{}"],)", type);
    return fmt::format(R"({{"geometry":{{{}{}:[{}]}}}}}})", fields, place, alternatives);
  };
  const auto ranges = [&](std::string_view x, std::string_view last) {
    const std::string first = fmt::format(R"("{}":{{"x")", x);
    return std::vector<std::string>{
        point("Polygon", first, R"({"numeric":["=",-122.42916360922355]})"),
        point("MultiPolygon", last, R"({"numeric":["=",0]})"),
        point("", first, R"({"numeric":["<",-122.41600944012424]})"),
        point("", first, R"({"numeric":[">",-122.41600944012424]})"),
        point("", first, R"({"numeric":[">",-122.46471267081272,"<",-122.4063085128395]})")};
  };
  kinds.push_back({"numeric", ranges("firstCoordinates", R"("firstCoordinates":{"z")")});
  kinds.push_back({"anything-but", on("STREET", {R"({"anything-but":["FULTON"]})", R"({"anything-but":["MASON"]})"})});
  kinds.back().patterns.push_back(rule("properties", "ST_TYPE", R"({"anything-but":["ST"]})"));
  kinds.back().patterns.push_back(rule("geometry", "type", R"({"anything-but":["Polygon"]})"));
  kinds.back().patterns.push_back(rule("properties", "FROM_ST", R"({"anything-but":["441"]})"));
  kinds.push_back({"complex arrays", ranges("coordinates", R"("coordinates":{"y")")});
  LotRules combo{"combo", {}};
  for (const LotRules& kind : kinds)
    combo.patterns.insert(combo.patterns.end(), kind.patterns.begin(), kind.patterns.end());
  kinds.push_back(std::move(combo));
  return kinds;
}

std::vector<std::string> finding_rules(std::size_t count) {
  Random random(4);
  std::vector<std::string> rules;
  for (std::size_t i = 0; i < count; ++i) rules.push_back(finding_rule(random, i % 10));
  return rules;
}

}  // namespace tocsin::bench
