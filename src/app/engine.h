// The engine: every room built and wired over one store. `serve` and `demo` run it behind the HTTP server; tests
// drive it by hand on a manual clock.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "app/config.h"
#include "app/log.h"
#include "app/model_shapes.h"
#include "builtins/builtins.h"
#include "connections/connections.h"
#include "containment/containment.h"
#include "core/clock.h"
#include "core/random.h"
#include "findings/findings.h"
#include "functions/functions.h"
#include "notification/notification.h"
#include "queues/queues.h"
#include "rules/rules.h"
#include "service/destination.h"
#include "service/service.h"
#include "stacks/stacks.h"
#include "store/deliveries.h"
#include "store/store.h"
#include "webhook/webhook.h"
#include "workflows/workflows.h"

namespace tocsin::app {

// What happened so far, for people: what was taken in, what was done about it, what waits.
struct Summary {
  findings::Summary findings;
  std::vector<rules::RuleCount> rules;
  workflows::ExecutionCounts executions;
  json::object containment;         // Containment::report
  std::int64_t outbox_waiting = 0;  // deliveries that are due, or wait to be tried again; timers left out
  std::array<store::LaneWaiting, store::lane_count> lanes;
  std::int64_t undelivered = 0;  // given up, and no dead-letter queue was named
  std::vector<functions::FunctionCount> functions;
  std::vector<std::pair<std::string, queues::Depth>> queues;
};

class Engine {
 public:
  // Opens the store in `config.data` (made if absent). Error: what is wrong with the folder or the store; conflict, if
  // it is another account's or region's than the configuration says.
  static Result<std::unique_ptr<Engine>> open(const Config& config, const Clock& clock, Random& random, bool threaded);
  ~Engine();

  // Where clients reach us; `always`: whatever they used themselves. Before start().
  void set_url(const std::string& url, bool always);
  // Starts the store's threads (a threaded engine only): from here what is due is done.
  void start();
  // Applies the configuration and the stacks; for a threaded engine after start(). Error: what is wrong, with its path.
  Result<std::vector<stacks::Report>> prepare(const Config& config);
  // Finishes what is under way and closes the store.
  void stop();

  store::Store& store() { return *store_; }
  const service::Directory& directory() const { return directory_; }
  const Identity& identity() const { return identity_; }
  findings::Findings& findings() { return *findings_; }
  containment::Containment& containment() { return *containment_; }
  Summary summary();
  // Makes every firewall rule group that a stack's update function looks after hold what its table wants, now.
  Result<void> enforce(store::Transaction& transaction);

 private:
  Engine(const Config& config, Identity identity, const Clock& clock, containment::Settings settings);
  void add_services();
  void log_failures();
  void attach_outbox();
  Result<void> enforce_for(store::Transaction& transaction, std::string_view cause);
  Result<void> apply_stacks(const Config& config, std::vector<stacks::Report>& reports);
  Result<rules::Recorded> record(store::Transaction& transaction, const json::object& event);
  Result<void> apply_stack(const Config& config, const std::string& name, const std::string& text,
                           std::vector<stacks::Report>& reports);

  LogLimiter limiter_;
  Identity identity_;
  service::Directory directory_;
  service::Destinations destinations_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<rules::Rules> rules_;
  std::unique_ptr<findings::Findings> findings_;
  std::unique_ptr<queues::Queues> queues_;
  std::unique_ptr<notification::Topics> topics_;
  std::unique_ptr<webhook::Webhooks> webhooks_;
  std::unique_ptr<containment::Containment> containment_;
  std::unique_ptr<connections::Connections> connections_;
  std::unique_ptr<functions::Registry> functions_;
  ModelShapes shapes_;
  std::unique_ptr<workflows::Machines> machines_;
  std::unique_ptr<workflows::Tasks> tasks_;
  std::unique_ptr<workflows::Executions> executions_;
  std::unique_ptr<stacks::Stacks> stacks_;
};

}  // namespace tocsin::app
