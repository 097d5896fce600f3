#include "service/destination.h"

#include <fmt/format.h>

#include "core/identity.h"

namespace tocsin::service {

void Destinations::add(std::string service, Destination& destination) {
  by_service_.insert_or_assign(std::move(service), &destination);
}

bool Destinations::knows(std::string_view arn) const {
  const auto parsed = parse_arn(arn);
  return parsed && by_service_.contains(parsed->service);
}

Result<void> Destinations::deliver(store::Transaction& transaction, const std::string& arn,
                                   const Message& message) const {
  auto parsed = parse_arn(arn);
  if (!parsed) return pass_on(parsed);
  const auto found = by_service_.find(parsed->service);
  if (found == by_service_.end())
    return fail(ErrorCode::validation, fmt::format("nothing here takes messages for '{}'", arn));
  return found->second->deliver(transaction, arn, message);
}

}  // namespace tocsin::service
