// builtins: the responders as built-in functions, with their ports bound to the store. An invocation and all that it
// does is one transaction; what reaches outside (a web hook) is left in the outbox with an idempotency key.
//
// Handlers: incident-processor, threat-intelligence, add-ip, get-expired-ip, remove-ip, update-rule-group,
// send-finding-notice. Settings come from the function's environment, with the original's names:
//   SNS_TOPIC_ARN; ACLMETATABLE (block table); RETENTION (hours, 720); FIREWALLRULEGROUP (ARN), RULEGROUPPRI (30000),
//   CUSTOMACTIONNAME, CUSTOMACTIONVALUE; WEBHOOK_URL
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "containment/containment.h"
#include "functions/functions.h"
#include "responders/ports.h"
#include "service/service.h"
#include "store/outbox.h"
#include "store/store.h"

namespace tocsin::builtins {

std::span<const store::Migration> migrations();

// A finding as it is now, found by its key alone, without the work that GetFindings' filters make. Nothing: there is
// none.
using FindFinding =
    std::function<Result<std::optional<json::object>>(store::Reader&, const responders::FindingRef& finding)>;

// Adds all handlers. `directory` and `containment` must outlive the registry.
void add_all(functions::Registry& registry, const service::Directory& directory, containment::Containment& containment,
             const Identity& identity, FindFinding find_finding);

// For a delivery of kind "webhook" that was given up: what it was to announce is to be announced again when it happens
// again. Does nothing for those that announce nothing.
void forget_announced(store::Transaction& transaction, const store::Due& due);
// For one that was given up and is sent again; `context` is the delivery's.
void remember_announced(store::Transaction& transaction, std::string_view context);

}  // namespace tocsin::builtins
