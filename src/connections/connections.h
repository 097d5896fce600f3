// connections: EventBridge connections (how to authorise calls of an HTTP endpoint), and the requests that workflow
// tasks make with them. This room keeps connections and builds requests; who sends them is not its business.
//
// A connection's secrets are in its row of the store, and leave it in two ways only: in the request that is sent, and,
// where a caller of TestState asks for it, in what that shows. No operation gives them back, no error holds them.
#pragma once

#include <span>
#include <string>

#include "connections/request.h"
#include "core/identity.h"
#include "service/service.h"
#include "store/store.h"

namespace tocsin::connections {

std::span<const store::Migration> migrations();

class Connections {
 public:
  explicit Connections(Identity identity) : identity_{std::move(identity)} {}

  // The connection of that ARN, with its secrets. Error: not_found, or conflict where it is not authorised (any more);
  // messages as Step Functions shows them.
  Result<Connection> find(store::Reader& reader, std::string_view arn) const;

  // Operations of EventBridge's API, on documents of its model.
  service::Answer create(store::Transaction& transaction, const service::Call& call);
  service::Answer update(store::Transaction& transaction, const service::Call& call);
  service::Answer describe(store::Reader& reader, const service::Call& call) const;
  service::Answer list(store::Reader& reader, const service::Call& call) const;
  service::Answer remove(store::Transaction& transaction, const service::Call& call);
  service::Answer deauthorize(store::Transaction& transaction, const service::Call& call);

  // Part of the service "events".
  service::Service service();

 private:
  struct Row {
    std::string name, arn, description, type, state;
    json::object auth;  // as it was given, secrets and all
    Time created, modified, authorized;
  };
  Result<Row> load(store::Reader& reader, std::string_view name) const;
  static void save(store::Transaction& transaction, const Row& row);
  static json::object summary(const Row& row);

  Identity identity_;
};

}  // namespace tocsin::connections
