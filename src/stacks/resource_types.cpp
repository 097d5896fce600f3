#include "stacks/resource_types.h"

#include <fmt/format.h>

#include "stacks/resource_parts.h"

namespace tocsin::stacks {

Result<json::object> Resource::call(std::string_view service, std::string_view operation,
                                    const json::object& input) const {
  const auto* found = directory.find(service, operation);
  if (!found)
    return fail(ErrorCode::unavailable, fmt::format("the operation {} of {} is not served here", operation, service),
                "InternalFailure");
  return service::run_within(*found, transaction,
                             {.caller = caller, .input = input, .request_id = "stack", .endpoint = directory.url()});
}

const ResourceType* find_type(std::string_view type) {
  static const ResourceTypes types = [] {
    ResourceTypes all;
    for (const auto add : {add_messaging, add_events, add_compute, add_protection, add_recorded}) add(all);
    return all;
  }();
  const auto found = types.find(type);
  return found == types.end() ? nullptr : &found->second;
}

}  // namespace tocsin::stacks
