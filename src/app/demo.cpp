// The main job, shown: serve, feed it findings, say what happened to each, go on serving.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/client.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/host.h"
#include "app/import.h"
#include "app/log.h"
#include "app/signals.h"
#include "app/terminal.h"
#include "samples/samples.h"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;

constexpr auto settle_patience = 30s;
constexpr auto settle_poll = 20ms;
constexpr std::size_t findings_shown_max = 1000;

// Writes the samples to a file of the data folder and names it: so they go in the way anybody's export does.
std::string write_samples(const Config& config, const Identity& identity, std::uint64_t seed) {
  const auto path = config.data / "samples.jsonl";
  std::ofstream file{path};
  const samples::Options options{
      .seed = seed, .hub = identity, .now = std::chrono::floor<std::chrono::days>(SystemClock{}.now())};
  for (const auto& sample : samples::one_of_each(options)) file << to_json(sample.document) << '\n';
  return path.string();
}

// Waits until nothing is due any more and no execution runs, or patience ends.
void settle(Engine& engine) {
  for (auto waited = 0ms; waited < settle_patience; waited += settle_poll) {
    const Summary now = engine.summary();
    if (now.outbox_waiting == 0 && now.executions.running == 0) return;
    std::this_thread::sleep_for(settle_poll);
  }
}

// Finding id → what became of its addresses.
std::map<std::string, std::string> blocks_by_finding(const json::object& report) {
  std::map<std::string, std::string> by_finding;
  const auto add = [&](const json::value& row, std::string text) {
    auto& cell = by_finding[std::string(string_at(row.get_object(), "FindingId"))];
    cell += (cell.empty() ? "" : "; ") + text;
  };
  for (const auto& row : report.at("Blocks").get_array())
    add(row, fmt::format("{} {}", string_at(row.get_object(), "State"), string_at(row.get_object(), "HostIp")));
  for (const auto& row : report.at("Refused").get_array())
    add(row,
        fmt::format("refused {} ({})", string_at(row.get_object(), "Address"), string_at(row.get_object(), "Code")));
  return by_finding;
}

void print_findings(Client& client, const json::object& containment) {
  const auto blocks = blocks_by_finding(containment);
  std::vector<std::vector<std::string>> rows;
  json::object request{{"MaxResults", 100}};
  for (;;) {
    auto page = client.rest("securityhub", "POST", "/findings", to_json(request));
    if (!page) break;
    for (const auto& one : page->at("Findings").get_array()) {
      const json::object& finding = one.get_object();
      const std::string id{string_at(finding, "Id")};
      const auto block = blocks.find(id);
      rows.push_back({std::string(string_at(finding, "Severity.Label")),
                      std::string(string_at(finding, "Workflow.Status")),
                      std::string(string_at(finding, "UserDefinedFields.ThreatScore")),
                      block == blocks.end() ? "" : block->second, printable(string_at(finding, "Title"))});
    }
    const auto token = string_at(*page, "NextToken");
    if (token.empty() || rows.size() >= findings_shown_max) break;
    request["NextToken"] = token;
  }
  fmt::print("\n{}", table({"SEVERITY", "STATUS", "SCORE", "ADDRESS", "FINDING"}, rows, 70));
}

std::string counts_text(const std::vector<std::pair<std::string, std::int64_t>>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  return text;
}

std::int64_t count_of(const json::object& report, const char* list) {
  return std::ssize(report.at(list).get_array());
}

void print_summary(const Summary& s, const ImportReport& imported) {
  fmt::print("\n{}\n", coloured(Colour::bold, "What happened"));
  fmt::print("  findings     {}", to_text(imported, 10));
  const auto archived = s.findings.total - s.findings.active;
  fmt::print("               in the hub: {}{} ({}; {})\n", s.findings.total,
             archived > 0 ? fmt::format(", {} of them archived, {} active", archived, s.findings.active) : "",
             counts_text(s.findings.by_severity), counts_text(s.findings.by_workflow));
  for (const auto& rule : s.rules)
    fmt::print("  rule         {:<40} matched {}, delivered {}{}{}\n", rule.rule, rule.matched, rule.invoked,
               rule.failed > 0 ? coloured(Colour::red, fmt::format(", failed {}", rule.failed)) : "",
               rule.suppressed > 0 ? fmt::format(", not told again {}", rule.suppressed) : "");
  for (const auto& function : s.functions)
    fmt::print("  function     {:<40} invoked {}{}\n", function.name, function.invocations,
               function.errors > 0 ? coloured(Colour::red, fmt::format(", errors {} (last: {})", function.errors,
                                                                       printable(function.last_error)))
                                   : "");
  fmt::print("  workflows    {} succeeded, {} failed, {} running\n", s.executions.succeeded,
             s.executions.failed + s.executions.timed_out + s.executions.aborted, s.executions.running);
  fmt::print("  addresses    {} blocked, {} refused\n", count_of(s.containment, "Blocks"),
             count_of(s.containment, "Refused"));
  for (const auto& [name, depth] : s.queues)
    fmt::print("  queue        {:<40} {} waiting{}\n", name, depth.visible,
               depth.in_flight > 0 ? fmt::format(", {} in flight", depth.in_flight) : "");
  fmt::print("  to be done   {} deliveries{}\n", s.outbox_waiting,
             s.undelivered > 0 ? fmt::format(", {} given up", s.undelivered) : "");
}

json::object document_of(const Summary& s, const ImportReport& imported) {
  json::array rules;
  for (const auto& rule : s.rules)
    rules.push_back(json::object{{"rule", rule.rule},
                                 {"matched", rule.matched},
                                 {"delivered", rule.invoked},
                                 {"failed", rule.failed},
                                 {"suppressed", rule.suppressed}});
  json::array functions;
  for (const auto& function : s.functions)
    functions.push_back(
        json::object{{"function", function.name}, {"invocations", function.invocations}, {"errors", function.errors}});
  json::object queues;
  for (const auto& [name, depth] : s.queues)
    queues.emplace(name,
                   json::object{{"visible", depth.visible}, {"inFlight", depth.in_flight}, {"delayed", depth.delayed}});
  return {{"import", to_document(imported)},
          {"findings", s.findings.total},
          {"rules", std::move(rules)},
          {"functions", std::move(functions)},
          {"executions",
           {{"succeeded", s.executions.succeeded}, {"failed", s.executions.failed}, {"running", s.executions.running}}},
          {"containment", s.containment},
          {"queues", std::move(queues)},
          {"outboxWaiting", s.outbox_waiting}};
}

std::string program_path() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "tocsin" : path.string();
}

void print_next_steps(const Config& config, const Identity& identity, const std::string& url) {
  const std::string credentials = std::filesystem::absolute(config.data / "credentials").string();
  fmt::print(
      "\n{}\n"
      "  export AWS_SHARED_CREDENTIALS_FILE={} AWS_DEFAULT_REGION={}\n"
      "  aws --endpoint-url {} sts get-caller-identity\n"
      "  aws --endpoint-url {} securityhub get-findings --max-items 3\n"
      "  aws --endpoint-url {} sqs receive-message --queue-url {}/{}/security-incident-queue\n"
      "  aws --endpoint-url {} stepfunctions list-executions --state-machine-arn {}\n"
      "  aws --endpoint-url {} dynamodb scan --table-name {}-gd-firewall\n"
      "  curl {}/feeds/blocklist.txt\n"
      "  {} blocks --data {} --endpoint {}\n",
      coloured(Colour::bold, "Go on with"), credentials, identity.region, url, url, url, url, identity.account, url,
      identity.arn("states", fmt::format("stateMachine:{}-sechub-record-ip", identity.region)), url, identity.region,
      url, program_path(), config.data.string(), url);
}

ImportReport feed(Client& client, const Config& config, const Identity& identity, const DemoFlags& flags) {
  const std::string path = flags.findings.empty() ? write_samples(config, identity, flags.seed) : flags.findings;
  Progress progress{"findings", !flags.json};
  auto report = import_file(client, path, identity, [&](const ImportReport& so_far) {
    progress.show(so_far.taken + so_far.refused, so_far.percent);
  });
  progress.clear();
  return report;
}

}  // namespace

int run_demo(const DemoFlags& flags) {
  const Signals signals{code_in_part};
  auto config = load_config(flags.config);
  if (!config) return code_wrong_use;
  if (!flags.findings.empty())
    if (auto there = check_input(flags.findings); !there) return complain(there.error(), code_wrong_use);
  if (flags.config.log_level.empty() && flags.config.config.empty()) config->log_level = "warn";
  set_up_log(*config);
  for (const auto& warning : config_warnings(*config)) spdlog::warn("configuration {}", log_text(to_text(warning)));
  auto host = Host::start(*config);
  if (!host)
    return complain(host.error(), host.error().code == ErrorCode::conflict ? code_wrong_use : code_unreachable);
  const Identity& identity = (*host)->engine().identity();
  auto endpoint = endpoint_from(config->data.string(), (*host)->url(), identity.region);
  if (!endpoint) return complain(endpoint.error(), code_unreachable);
  Client client{std::move(*endpoint)};
  if (!flags.json) fmt::print("Tocsin serves on {} (data in {})\n", (*host)->url(), config->data.string());
  std::fflush(stdout);
  const ImportReport imported = feed(client, *config, identity, flags);
  settle((*host)->engine());
  const Summary summary = (*host)->engine().summary();
  if (flags.json) {
    fmt::print("{}\n", to_json(document_of(summary, imported)));
  } else {
    print_findings(client, summary.containment);
    print_summary(summary, imported);
    print_next_steps(*config, identity, (*host)->url());
  }
  std::fflush(stdout);
  if (!flags.once) {
    if (!flags.json) fmt::print("\nServing until Ctrl-C.\n");
    std::fflush(stdout);
    Signals::wait();
  }
  (*host)->stop();
  return imported.interrupted ? code_in_part : 0;
}

}  // namespace tocsin::app
