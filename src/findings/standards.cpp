#include "findings/standards.h"

#include <fmt/format.h>

namespace tocsin::findings {
namespace {

constexpr Standard all[] = {
    {"standards/aws-foundational-security-best-practices/v/1.0.0", "AWS Foundational Security Best Practices v1.0.0",
     "Best practices for accounts and deployed resources, as AWS's own experts define them.", true, true},
    {"standards/aws-resource-tagging-standard/v/1.0.0", "AWS Resource Tagging Standard v1.0.0",
     "Which resources lack the tags that an organisation wants them to bear.", false, true},
    {"ruleset/cis-aws-foundations-benchmark/v/1.2.0", "CIS AWS Foundations Benchmark v1.2.0",
     "The Center for Internet Security's configuration practices for AWS, version 1.2.0.", true, false},
    {"standards/cis-aws-foundations-benchmark/v/1.4.0", "CIS AWS Foundations Benchmark v1.4.0",
     "The Center for Internet Security's configuration practices for AWS, version 1.4.0.", false, true},
    {"standards/cis-aws-foundations-benchmark/v/3.0.0", "CIS AWS Foundations Benchmark v3.0.0",
     "The Center for Internet Security's configuration practices for AWS, version 3.0.0.", false, true},
    {"standards/cis-aws-foundations-benchmark/v/5.0.0", "CIS AWS Foundations Benchmark v5.0.0",
     "The Center for Internet Security's configuration practices for AWS, version 5.0.0.", false, true},
    {"standards/nist-800-171/v/2.0.0", "NIST Special Publication 800-171 Revision 2",
     "Protection of controlled unclassified information outside federal systems.", false, true},
    {"standards/nist-800-53/v/5.0.0", "NIST Special Publication 800-53 Revision 5",
     "Security and privacy controls for information systems and organisations.", false, true},
    {"standards/pci-dss/v/3.2.1", "PCI DSS v3.2.1",
     "The Payment Card Industry's rules for those who store, process or send cardholder data, version 3.2.1.", false,
     true},
    {"standards/pci-dss/v/4.0.1", "PCI DSS v4.0.1",
     "The Payment Card Industry's rules for those who store, process or send cardholder data, version 4.0.1.", false,
     true},
};

}  // namespace

std::span<const Standard> standards() {
  return all;
}

std::string arn_of(const Standard& standard, const Identity& identity) {
  return fmt::format("arn:{}:securityhub:{}::{}", identity.partition, standard.has_region ? identity.region : "",
                     standard.resource);
}

const Standard* find_standard(std::string_view arn, const Identity& identity) {
  for (const auto& standard : all)
    if (arn_of(standard, identity) == arn) return &standard;
  return nullptr;
}

std::string subscription_arn(const Standard& standard, const Identity& identity) {
  const auto name = standard.resource.substr(standard.resource.find('/') + 1);
  return identity.arn("securityhub", fmt::format("subscription/{}", name));
}

}  // namespace tocsin::findings
