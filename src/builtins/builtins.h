// builtins: the responders as built-in functions, with their ports bound to the store. An invocation and all that it
// does is one transaction; what reaches outside (a web hook) is left in the outbox with an idempotency key.
//
// Handlers: incident-processor, threat-intelligence, add-ip, get-expired-ip, remove-ip, update-rule-group,
// send-finding-notice. Settings come from the function's environment, with the original's names:
//   SNS_TOPIC_ARN; ACLMETATABLE (block table); RETENTION (hours, 720); FIREWALLRULEGROUP (ARN), RULEGROUPPRI (30000),
//   CUSTOMACTIONNAME, CUSTOMACTIONVALUE; WEBHOOK_URL
#pragma once

#include <span>

#include "containment/containment.h"
#include "functions/functions.h"
#include "service/service.h"
#include "store/outbox.h"
#include "store/store.h"

namespace tocsin::builtins {

std::span<const store::Migration> migrations();

// Adds all handlers. `directory` and `containment` must outlive the registry.
void add_all(functions::Registry& registry, const service::Directory& directory, containment::Containment& containment,
             const Identity& identity);

// For a delivery of kind "webhook" that was given up: what it was to announce is to be announced again when it happens
// again. Does nothing for those that announce nothing.
void forget_announced(store::Transaction& transaction, const store::Due& due);

}  // namespace tocsin::builtins
