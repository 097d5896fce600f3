#include "service/service.h"

#include "core/check.h"

namespace tocsin::service {

void Directory::add(Service service) {
  auto& operations = services_[service.id];
  for (auto& operation : service.operations) {
    std::string name = operation.name;
    const bool added = operations.emplace(std::move(name), std::move(operation)).second;
    check(added, "an operation is registered once");
  }
}

const Operation* Directory::find(std::string_view service, std::string_view operation) const {
  const auto found = services_.find(service);
  if (found == services_.end()) return nullptr;
  const auto it = found->second.find(operation);
  return it == found->second.end() ? nullptr : &it->second;
}

void Directory::for_each(const std::function<void(std::string_view, const Operation&)>& visit) const {
  for (const auto& [service, operations] : services_)
    for (const auto& [name, operation] : operations) visit(service, operation);
}

Answer run_within(const Operation& operation, store::Transaction& transaction, const Call& call) {
  if (const auto* read = std::get_if<Read>(&operation.run)) return (*read)(transaction, call);
  if (const auto* write = std::get_if<Write>(&operation.run)) return (*write)(transaction, call);
  auto prepared = std::get<Prepare>(operation.run)(call);
  if (!prepared) return pass_on(prepared);
  return (*prepared)(transaction);
}

}  // namespace tocsin::service
