// The parts of a GuardDuty finding in camelCase, each turned into its part of a finding.
#pragma once

#include <string>
#include <string_view>

#include "asff/asff.h"

namespace tocsin::asff::detail {

// GetFindings' PascalCase names made camelCase, at every depth. Names that are data ("AWS::S3::Bucket") stay.
json::value to_camel_case(json::value value);

// Where the finding is from, for the ARNs of its resources.
struct Origin {
  std::string partition;
  std::string region;
  std::string account;
};

// `service` flattened to 'aws/guardduty/service/<path>': strings for all leaves, list elements as '<name>.<index>_', ""
// for what is empty.
json::object product_fields(const json::object& service);

// Resources of every kind that the finding names; never empty: at the least the account.
json::array resources(const json::object& resource, const Origin& origin);

// ASFF's Action and Network for the service's action; empty where there is none of a known kind. Security Hub itself
// fills neither for GuardDuty; they are added so that filters and responders find addresses, ports and domains in one
// place for every product.
json::object action(const json::object& service_action);
json::object network(const json::object& service_action);

// Adds a text, cut to `characters_max`, where it says something.
void put_text(json::object& out, std::string_view name, std::string_view text, std::size_t characters_max = 1024);

}  // namespace tocsin::asff::detail
