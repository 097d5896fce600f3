#include <algorithm>

#include "core/check.h"
#include "samples/detail/guardduty.h"

namespace tocsin::samples::detail {
namespace {

using enum Action;

// In this order: what is more special stands before what is more general.
constexpr Threat threats[] = {
    {"AttackSequence:", none, 9.5, "Several steps of one attack were seen on {what}."},
    {"RDS/AnomalousBehavior.FailedLogin", login, 2, "Unusual failed logins to {what} from {remote}."},
    {"RDS/AnomalousBehavior", login, 5, "An unusual login to {what} from {remote} succeeded."},
    {"RDS/", login, 8, "{remote}, an address on a threat list, logs in to {what}."},
    {"DNSRebind", dns, 8, "{what} looked up {domain}, which leads to the instance metadata service."},
    {"DNSDataExfiltration", dns, 8, "{what} is sending data out in DNS queries for {domain}."},
    {"DGADomainRequest", dns, 8, "{what} is looking up generated names such as {domain}."},
    {"BitcoinDomainRequest", dns, 8, "{what} is looking up {domain}, a name used by cryptocurrency miners."},
    {"AbusedDomainRequest", dns, 5, "{what} is looking up {domain}, a name that is often abused."},
    {"SuspiciousDomainRequest", dns, 2, "{what} is looking up {domain}, a suspicious name."},
    {"MaliciousDomainRequest", dns, 8, "{what} is looking up {domain}, a malicious name."},
    {"DGADomain", dns, 8, "{what} is looking up generated names such as {domain}."},
    {"!DNS", dns, 8, "{what} is looking up {domain}, a name tied to malicious activity."},
    {"UnusualDNSResolver", outbound, 5, "{what} is asking the unusual DNS resolver {remote}."},
    {"UnusualDo", outbound, 5, "{what} is sending encrypted DNS to {remote}, which it does not usually do."},
    {"PortProbeEMR", port_probe, 8, "A sensitive port {port} of {what}, a cluster's master, is probed by {remote}."},
    {"PortProbe", port_probe, 2, "The open port {port} of {what} is probed by {remote}."},
    {"Portscan", outbound, 5, "{what} is scanning the ports of {remote}."},
    {"PortSweep", outbound, 8, "{what} is trying port {port} on many hosts, {remote} among them."},
    {"WinRMBruteForce", outbound, 2, "{what} is guessing WinRM passwords on {remote}."},
    {"SSHBruteForce", inbound, 5, "{remote} is guessing SSH passwords on {what}."},
    {"RDPBruteForce", inbound, 5, "{remote} is guessing RDP passwords on {what}."},
    {"DenialOfService", outbound, 8, "{what} seems to take part in a denial of service against {remote}."},
    {"Spambot", outbound, 5, "{what} is sending mail to {remote} as a spam bot does."},
    {"XORDDOS", outbound, 8, "{what} talks to {remote}, a server of a known denial-of-service botnet."},
    {"C&CActivity", outbound, 8, "{what} talks to {remote}, a known command and control server."},
    {"BitcoinTool", outbound, 8, "{what} talks to {remote}, a server of cryptocurrency miners."},
    {"BlackholeTraffic", outbound, 5, "{what} is sending to {remote}, a known sinkhole."},
    {"DropPoint", outbound, 5, "{what} is sending to {remote}, a known drop point of stolen data."},
    {"NetworkPortUnusual", outbound, 5, "{what} talks to {remote} on the unusual port {port}."},
    {"TrafficVolumeUnusual", outbound, 5, "{what} is sending unusually much to {remote}."},
    {"TorClient", outbound, 8, "{what} is connecting to {remote}, an entry to the Tor network."},
    {"TorRelay", outbound, 8, "{what} is relaying for the Tor network, {remote} among its peers."},
    {"EC2/TorIPCaller", inbound, 5, "{what} is called from the Tor exit {remote}."},
    {"EC2/MaliciousIPCaller", outbound, 5, "{what} talks to {remote}, which is on your threat list."},
    {"Lambda/", outbound, 5, "{what} talks to {remote}, which is on your threat list."},
    {"MaliciousFile!", none, 8, "A malicious file was found in a copy of {what}."},
    {"Runtime/MaliciousFile", none, 8, "A malicious file was run on {what}."},
    {"MaliciousFile", none, 8, "A malicious file was found on {what}."},
    {"SuspiciousFile", none, 5, "A suspicious file was found on {what}."},
    {"Runtime/ReverseShell", none, 8, "A process on {what} opened a shell to the outside."},
    {"CryptoMinerExecuted", none, 8, "A cryptocurrency miner was run on {what}."},
    {"Runtime/NewBinary", none, 5, "A program that its image does not hold was run on {what}."},
    {"Runtime/NewLibrary", none, 5, "A library that its image does not hold was loaded on {what}."},
    {"PrivilegeEscalation:Runtime/", none, 8,
     "A process on {what} did what leads out of its container or to more rights."},
    {"Runtime/", none, 5, "A process on {what} did what attackers do."},
    {"Policy:Kubernetes/", kubernetes_api, 5, "The configuration of {what} lets too many people in."},
    {"Kubernetes/MaliciousIPCaller", kubernetes_api, 8,
     "The API of {what} was called from {remote}, an address on a threat list."},
    {"Kubernetes/TorIPCaller", kubernetes_api, 8, "The API of {what} was called from the Tor exit {remote}."},
    {"Kubernetes/SuccessfulAnonymousAccess", kubernetes_api, 8,
     "Somebody without a name used the API of {what} from {remote}."},
    {"Kubernetes/", kubernetes_api, 5, "The API of {what} was used from {remote} in an unusual way."},
    {"Policy:S3/", api_call, 5, "{who} opened {what} to others or turned its protection off."},
    {"RootCredentialUsage", api_call, 2, "The root user of the account called APIs from {remote}."},
    {"CredentialExfiltration", api_call, 8,
     "The credentials of {who} were used from {remote}, where they do not belong."},
    {"CloudTrailLoggingDisabled", api_call, 2, "{who} turned CloudTrail off."},
    {"BedrockLoggingDisabled", api_call, 2, "{who} turned the logging of Bedrock off."},
    {"PasswordPolicyChange", api_call, 2, "{who} weakened the password policy of the account."},
    {"LoggingDisabled", api_call, 2, "{who} turned the access log of {what} off."},
    {"PenTest:", api_call, 5, "{who} called APIs on {what} from a machine for penetration tests, {remote}."},
    {"TorIPCaller", api_call, 8, "{who} called APIs on {what} from the Tor exit {remote}."},
    {"MaliciousIPCaller", api_call, 8, "{who} called APIs on {what} from {remote}, an address on a threat list."},
    {"ConsoleLogin", api_call, 5, "{who} logged in to the console from {remote}, which is unusual."},
    {"Exfiltration:", api_call, 8, "{who} read from {what} in a way that looks like theft."},
    {"Impact:", api_call, 8, "{who} changed or deleted on {what} in an unusual way."},
    {"Recon:", api_call, 5, "{who} listed what is in the account, from {remote}, in an unusual way."},
    {"", api_call, 5, "{who} called APIs on {what} from {remote} in an unusual way."},
};

}  // namespace

const Threat& threat_of(std::string_view type) {
  const auto* threat = std::ranges::find_if(threats, [&](const Threat& t) { return type.find(t.part) != type.npos; });
  check(threat != std::end(threats), "the last threat fits every type");
  return *threat;
}

}  // namespace tocsin::samples::detail
