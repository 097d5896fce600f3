#include <algorithm>

#include "asff/guardduty.h"

namespace tocsin::asff {
namespace {

enum class Form : std::uint8_t {
  dashed,     // Purpose:Resource-Threat
  bare,       // Resource-Threat
  as_it_is,   // Purpose:Resource/Threat
  anomalous,  // Purpose:Resource-Threat, without the "AnomalousBehavior." that the category says
};

struct Row {
  std::string_view type;  // may hold one '*' for any text
  std::string_view category;
  Form form = Form::dashed;
};

// The first row that fits. Source: GuardDuty user guide, "Interpreting GuardDuty finding names in Security Hub CSPM";
// the DefenseEvasion:EC2 rows as findings show them, which differs from the guide.
constexpr Row rows[] = {
    {"AttackSequence:*", "TTPs", Form::as_it_is},
    {"PenTest:IAMUser/*", "TTPs", Form::as_it_is},
    {"CredentialAccess:IAMUser/AnomalousBehavior", "TTPs/Credential Access", Form::bare},
    {"DefenseEvasion:IAMUser/AnomalousBehavior", "TTPs/Defense Evasion", Form::bare},
    {"InitialAccess:IAMUser/AnomalousBehavior", "TTPs/Initial Access", Form::bare},
    {"PrivilegeEscalation:IAMUser/AnomalousBehavior", "TTPs/Privilege Escalation", Form::bare},
    {"Discovery:IAMUser/AnomalousBehavior", "TTPs/Discovery", Form::bare},
    {"Exfiltration:IAMUser/AnomalousBehavior", "TTPs/Exfiltration", Form::bare},
    {"Impact:IAMUser/AnomalousBehavior", "TTPs/Impact", Form::bare},
    {"Persistence:IAMUser/AnomalousBehavior", "TTPs/Persistence", Form::bare},
    {"*:Kubernetes/AnomalousBehavior.*", "TTPs/AnomalousBehavior", Form::anomalous},
    {"Backdoor:*", "TTPs/Command and Control"},
    {"Behavior:*", "Unusual Behaviors/VM"},
    {"CredentialAccess:Kubernetes/*", "TTPs/CredentialAccess"},
    {"CredentialAccess:*", "TTPs/Credential Access"},
    {"CryptoCurrency:*", "TTPs/Command and Control"},
    {"DefenseEvasion:Kubernetes/*", "TTPs/DefenseEvasion"},
    {"DefenseEvasion:Runtime/PtraceAntiDebugging", "TTPs/DefenseEvasion"},
    {"DefenseEvasion:Runtime/SuspiciousCommand", "TTPs/DefenseEvasion"},
    {"DefenseEvasion:*", "TTPs/Defense Evasion"},
    {"Discovery:RDS/*", "TTPs/Discovery", Form::bare},
    {"Discovery:S3/*", "TTPs"},
    {"Discovery:*", "TTPs/Discovery"},
    {"Execution:*", "TTPs/Execution"},
    {"Exfiltration:S3/*", "TTPs"},
    {"Exfiltration:*", "TTPs/Exfiltration"},
    {"Impact:EC2/*.Reputation", "TTPs"},
    {"Impact:S3/*", "TTPs"},
    {"Impact:*", "TTPs/Impact"},
    {"InitialAccess:*", "TTPs/Initial Access"},
    {"Object:*", "TTPs/Object"},
    {"PenTest:*", "TTPs"},
    {"Persistence:*", "TTPs/Persistence"},
    {"Policy:Kubernetes/*", "Software and Configuration Checks/AWS Security Best Practices"},
    {"Policy:S3/BucketBlockPublicAccessDisabled", "Effects/Data Exposure"},
    {"Policy:*", "TTPs"},
    {"PrivilegeEscalation:Kubernetes/*", "TTPs/PrivilegeEscalation"},
    {"PrivilegeEscalation:Runtime/SuspiciousCommand", "Software and Configuration Checks"},
    {"PrivilegeEscalation:*", "TTPs/Privilege Escalation"},
    {"Recon:*", "TTPs/Discovery"},
    {"ResourceConsumption:*", "Unusual Behaviors/User"},
    {"Stealth:*", "TTPs/Defense Evasion"},
    {"Trojan:*DriveBySourceTraffic!DNS", "TTPs/Initial Access"},
    {"Trojan:*DropPoint", "Effects/Data Exfiltration"},
    {"Trojan:*DropPoint!DNS", "Effects/Data Exfiltration"},
    {"Trojan:*", "TTPs/Command and Control"},
    {"UnauthorizedAccess:EC2/RDPBruteForce", "TTPs/Initial Access"},
    {"UnauthorizedAccess:EC2/SSHBruteForce", "TTPs/Initial Access"},
    {"UnauthorizedAccess:*/TorClient", "Effects/Resource Consumption"},
    {"UnauthorizedAccess:*/TorRelay", "Effects/Resource Consumption"},
    {"UnauthorizedAccess:EC2/MaliciousIPCaller.Custom", "TTPs/Command and Control"},
    {"UnauthorizedAccess:EC2/TorIPCaller", "TTPs/Command and Control"},
    {"UnauthorizedAccess:Lambda/MaliciousIPCaller.Custom", "TTPs/Command and Control"},
    {"UnauthorizedAccess:IAMUser/TorIPCaller", "TTPs/Command and Control"},
    {"UnauthorizedAccess:IAMUser/ConsoleLogin", "Unusual Behaviors/User"},
    {"UnauthorizedAccess:IAMUser/UnusualASNCaller", "Unusual Behaviors/User"},
    {"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration*", "Effects/Data Exfiltration"},
    {"UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration*", "Effects/Data Exfiltration"},
    {"*", "TTPs"},
};

// A pattern has at most two stars; types are short.
bool fits(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == pattern.npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  const auto rest = pattern.substr(star + 1);
  for (std::size_t i = star; i <= text.size(); ++i) {
    if (fits(rest, text.substr(i))) return true;
  }
  return false;
}

std::string classifier(std::string_view type, Form form) {
  std::string text{type};
  if (form == Form::as_it_is) return text;
  if (form == Form::bare) text.erase(0, std::min(text.find(':') + 1, text.size()));
  if (form == Form::anomalous) {
    constexpr std::string_view said = "AnomalousBehavior.";
    text.erase(text.find(said), said.size());
  }
  std::ranges::replace(text, '/', '-');
  return text;
}

}  // namespace

json::array asff_types(std::string_view guardduty_type) {
  const auto* row = std::ranges::find_if(rows, [&](const Row& r) { return fits(r.type, guardduty_type); });
  const auto name = classifier(guardduty_type, row->form);
  json::array out{json::string(std::string{row->category} + "/" + name)};
  if (guardduty_type == "CryptoCurrency:Lambda/BitcoinTool.B") out.emplace_back("Effects/Resource Consumption/" + name);
  return out;
}

}  // namespace tocsin::asff
