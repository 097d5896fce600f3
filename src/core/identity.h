// Who this installation is in AWS's terms; the ARNs that it gives out.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace tocsin {

struct Identity {
  std::string account = "000000000000";
  std::string region = "us-east-1";
  std::string partition = "aws";

  // arn:<partition>:<service>:<region>:<account>:<resource>
  std::string arn(std::string_view service, std::string_view resource) const;
};

// The parts of an ARN. Source: AWS General Reference, "Amazon Resource Names".
struct Arn {
  std::string partition, service, region, account, resource;
};

// Error: validation. Every part but region and account must be non-empty.
Result<Arn> parse_arn(std::string_view text);

}  // namespace tocsin
