#include "app/metrics.h"

#include <fmt/format.h>

#include "app/engine.h"

namespace tocsin::app {
namespace {

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void one(std::string& out, std::string_view name, std::string_view type, std::string_view help, std::int64_t value) {
  head(out, name, type, help);
  out += fmt::format("{} {}\n", name, value);
}

// Label values: backslash, quote and line feed are escaped. Source: Prometheus, "Text-based format".
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\\' || c == '"')
      out += std::string{'\\', c};
    else
      out += c;
  }
  return out;
}

void lanes(std::string& out, const Summary& summary) {
  head(out, "tocsin_outbox_lane_waiting", "gauge", "Deliveries that may be made now or are under way, by lane.");
  for (std::size_t i = 0; i < summary.lanes.size(); ++i)
    out += fmt::format("tocsin_outbox_lane_waiting{{lane=\"{}\"}} {}\n",
                       store::name_of(store::Lane{static_cast<int>(i)}), summary.lanes[i].waiting);
  head(out, "tocsin_notices_waiting", "gauge", "Of them those to web hooks, by lane.");
  for (std::size_t i = 0; i < summary.lanes.size(); ++i)
    out += fmt::format("tocsin_notices_waiting{{lane=\"{}\"}} {}\n", store::name_of(store::Lane{static_cast<int>(i)}),
                       summary.lanes[i].in_lines);
  head(out, "tocsin_outbox_lane_oldest_seconds", "gauge", "Age of the oldest of them, by lane.");
  for (std::size_t i = 0; i < summary.lanes.size(); ++i)
    out += fmt::format("tocsin_outbox_lane_oldest_seconds{{lane=\"{}\"}} {:.3f}\n",
                       store::name_of(store::Lane{static_cast<int>(i)}),
                       std::chrono::duration<double>(summary.lanes[i].oldest_age).count());
}

}  // namespace

std::string metrics_text(Engine& engine) {
  const Summary summary = engine.summary();
  std::string out;
  head(out, "tocsin_workflow_executions", "gauge", "Executions that are stored, by status.");
  const auto& counts = summary.executions;
  for (const auto& [status, count] : {std::pair{"RUNNING", counts.running}, std::pair{"SUCCEEDED", counts.succeeded},
                                      std::pair{"FAILED", counts.failed}, std::pair{"TIMED_OUT", counts.timed_out},
                                      std::pair{"ABORTED", counts.aborted}})
    out += fmt::format("tocsin_workflow_executions{{status=\"{}\"}} {}\n", status, count);
  one(out, "tocsin_workflow_executions_stuck", "gauge",
      "Running executions with a task that has no timeout of its own and runs longer than workflows.stuck_after.",
      counts.stuck);
  one(out, "tocsin_workflow_executions_too_deep_total", "counter",
      "Executions not started since the start, because each of too many had started the next.", counts.too_deep);
  one(out, "tocsin_findings", "gauge", "Findings that are stored.", summary.findings.total);
  one(out, "tocsin_findings_active", "gauge", "Findings whose record is active.", summary.findings.active);
  one(out, "tocsin_outbox_waiting", "gauge", "Deliveries that are due or wait to be tried again.",
      summary.outbox_waiting);
  lanes(out, summary);
  const auto digests = engine.store().outbox().digest_counts();
  one(out, "tocsin_notice_digests_total", "counter", "Digests of notices that were made since the start.",
      static_cast<std::int64_t>(digests.digests));
  one(out, "tocsin_notices_digested_total", "counter", "Notices that went into digests since the start.",
      static_cast<std::int64_t>(digests.told_in_digests));
  one(out, "tocsin_undelivered", "gauge", "Deliveries given up without a dead-letter queue (at most 1000 are counted).",
      summary.undelivered);
  one(out, "tocsin_store_commits_total", "counter", "Commits of the store since the start.",
      static_cast<std::int64_t>(engine.store().commits()));
  head(out, "tocsin_function_invocations_total", "counter", "Invocations of functions.");
  for (const auto& function : summary.functions)
    out += fmt::format("tocsin_function_invocations_total{{function=\"{}\"}} {}\n", escaped(function.name),
                       function.invocations);
  head(out, "tocsin_function_errors_total", "counter", "Invocations of functions that failed.");
  for (const auto& function : summary.functions)
    out += fmt::format("tocsin_function_errors_total{{function=\"{}\"}} {}\n", escaped(function.name), function.errors);
  return out;
}

}  // namespace tocsin::app
