#include "app/commands.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/connect.h"
#include "app/exit_code.h"
#include "app/host.h"
#include "app/import.h"
#include "app/log.h"
#include "app/signals.h"
#include "app/terminal.h"
#include "app_version.h"
#include "core/time_format.h"
#include "samples/samples.h"

namespace tocsin::app {
namespace {

// A store of another account is asked for with the wrong flags.
int code_of_start(const Error& error) {
  return error.code == ErrorCode::conflict ? code_wrong_use : code_unreachable;
}

int code_of(const ImportReport& report) {
  if (!report.interrupted) return report.refused > 0 ? code_in_part : 0;
  if (report.interrupted->error.code == ErrorCode::not_found) return code_wrong_use;  // the file
  return report.interrupted->error.code == ErrorCode::unavailable ? code_unreachable : code_in_part;
}

}  // namespace

std::optional<Config> load_config(const ConfigFlags& flags) {
  ConfigReading reading;
  if (!flags.config.empty()) reading = read_config(flags.config);
  Config& config = reading.config;
  apply_environment(config);
  if (!flags.data.empty()) config.data = flags.data;
  if (!flags.listen.empty()) config.listen = flags.listen;
  if (!flags.account.empty()) {
    config.identity.account = flags.account;
    config.given.account = true;
  }
  if (!flags.region.empty()) {
    config.identity.region = flags.region;
    config.given.region = true;
  }
  if (!flags.log_level.empty()) config.log_level = flags.log_level;
  if (flags.no_stacks) config.stacks = false;
  if (flags.log_json) config.log_json = true;
  auto problems = std::move(reading.problems);
  // A value that could not be read is not worth a second complaint.
  const std::size_t read = problems.size();
  for (auto& problem : check_config(config))
    if (std::none_of(problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(read),
                     [&](const ConfigProblem& known) { return known.key == problem.key; }))
      problems.push_back(std::move(problem));
  if (problems.empty()) return std::move(config);
  sort_by_line(problems);
  for (const auto& problem : problems)
    fmt::print(stderr, "tocsin: {}{}{}\n", flags.config, flags.config.empty() ? "" : ": ", to_text(problem));
  return std::nullopt;
}

int run_serve(const ConfigFlags& flags) {
  const Signals signals{0};
  const auto config = load_config(flags);
  if (!config) return code_wrong_use;
  set_up_log(*config);
  for (const auto& warning : config_warnings(*config)) spdlog::warn("configuration {}", log_text(to_text(warning)));
  auto host = Host::start(*config);
  if (!host) return complain(host.error(), code_of_start(host.error()));
  for (const auto& report : (*host)->stack_reports())
    spdlog::info("stack name={} created={} updated={} deleted={} unchanged={} recorded_only={}", report.name,
                 report.created.size(), report.updated.size(), report.deleted.size(), report.unchanged.size(),
                 report.recorded_only.size());
  for (const auto& report : (*host)->stack_reports())
    for (const auto& note : report.notes) spdlog::warn("stack name={} resource {}", report.name, log_text(note));
  if ((*host)->made_credentials()) spdlog::info("credentials made at={}", (config->data / "credentials").string());
  fmt::print("tocsin {} ready on {}\n", version, (*host)->url());
  std::fflush(stdout);
  const int signal = Signals::wait();
  spdlog::info("stopping signal={}", signal);
  (*host)->stop();
  spdlog::info("stopped");
  return 0;
}

int run_import(const ImportFlags& flags) {
  // First, so that a mistyped name is not found out half-way through.
  for (const auto& file : flags.files) {
    auto there = check_input(file);
    if (!there && !flags.client.json) return complain(there.error(), code_wrong_use);
    if (!there) return complain_as_json(there.error(), code_wrong_use);
  }
  if (std::ranges::count(flags.files, "-") > 1)
    return complain({ErrorCode::validation, "standard input ('-') can be read once only"}, code_wrong_use);
  auto connection = connect(flags.client);
  if (!connection) return report_failure(flags.client, connection.error());
  json::array documents;
  int code = 0;
  for (const auto& file : flags.files) {
    Progress progress{"findings", !flags.client.json};
    const auto report = import_file(*connection->client, file, connection->identity, [&](const ImportReport& so_far) {
      progress.show(so_far.taken + so_far.refused, so_far.percent);
    });
    progress.clear();
    code = std::max(code, code_of(report));
    if (flags.client.json)
      documents.push_back(to_document(report));
    else
      fmt::print("{}: {}", file, to_text(report, flags.refusals_shown));
    if (report.interrupted && code != code_in_part) break;  // the next file would fare no better
  }
  if (flags.client.json)
    fmt::print("{}\n", documents.size() == 1 ? to_json(documents[0]) : to_json(json::value(documents)));
  return code;
}

int run_samples(const SamplesFlags& flags) {
  Config config;
  config.identity = {.account = flags.account, .region = flags.region};
  const auto problems = check_config(config);
  for (const auto& problem : problems)
    fmt::print(stderr, "tocsin: --{}: {}\n", problem.key.substr(problem.key.rfind('.') + 1), problem.message);
  if (!problems.empty()) return code_wrong_use;
  const samples::Options options{
      .seed = flags.seed, .hub = config.identity, .now = std::chrono::floor<std::chrono::days>(SystemClock{}.now())};
  const auto made = flags.count == 0 ? samples::one_of_each(options) : samples::generate(options, flags.count);
  for (const auto& sample : made) fmt::print("{}\n", to_json(sample.document));
  return 0;
}

int run_config_check(const ConfigFlags& flags) {
  if (flags.config.empty())
    return complain({ErrorCode::validation, "name the file: tocsin config check FILE"}, code_wrong_use);
  const auto config = load_config(flags);
  if (!config) return code_wrong_use;
  const auto warnings = config_warnings(*config);
  for (const auto& warning : warnings) fmt::print(stderr, "tocsin: {}: warning: {}\n", flags.config, to_text(warning));
  if (warnings.empty())
    fmt::print("{}: good\n", flags.config);
  else
    fmt::print("{}: good, with {} warning{}\n", flags.config, warnings.size(), warnings.size() == 1 ? "" : "s");
  return 0;
}

int run_version(bool as_json) {
  if (as_json)
    fmt::print("{}\n", to_json(json::object{{"name", "tocsin"}, {"version", version}}));
  else
    fmt::print("tocsin {}\n", version);
  return 0;
}

}  // namespace tocsin::app
