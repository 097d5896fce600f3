#include "app/operator_service.h"

#include "app/deliveries_service.h"
#include "app/engine.h"

namespace tocsin::app {
namespace {

using service::Answer;
using service::Call;

// Whose this server is, so that the program's own commands need not be told.
Answer installation(const Engine& engine, const Call& call) {
  const Identity& identity = engine.identity();
  return json::object{{"Account", identity.account},
                      {"Region", identity.region},
                      {"Partition", identity.partition},
                      {"Url", call.endpoint}};
}

}  // namespace

service::Service operator_service(Engine& engine) {
  service::Service service{"tocsin", engine.containment().operator_operations()};
  for (auto& operation : findings::operator_operations(engine.findings()))
    service.operations.push_back(std::move(operation));
  service.operations.push_back(
      {"GetInstallation", service::Read{[&engine](store::Reader&, const Call& c) { return installation(engine, c); }}});
  for (auto& operation : deliveries_operations()) service.operations.push_back(std::move(operation));
  return service;
}

}  // namespace tocsin::app
