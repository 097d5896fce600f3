#include "app/commands.h"

#include <cstdio>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/client.h"
#include "app/host.h"
#include "app/import.h"
#include "app/log.h"
#include "app/terminal.h"
#include "app_version.h"
#include "core/time_format.h"
#include "samples/samples.h"

namespace tocsin::app {
namespace {

int complain(const Error& error) {
  fmt::print(stderr, "tocsin: {}{}{}\n", error.aws_code, error.aws_code.empty() ? "" : ": ", error.message);
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::not_found ? 3 : 1;
}

}  // namespace

std::optional<Config> load_config(const ConfigFlags& flags) {
  ConfigReading reading;
  if (!flags.config.empty()) reading = read_config(flags.config);
  Config& config = reading.config;
  apply_environment(config);
  if (!flags.data.empty()) config.data = flags.data;
  if (!flags.listen.empty()) config.listen = flags.listen;
  if (!flags.account.empty()) config.identity.account = flags.account;
  if (!flags.region.empty()) config.identity.region = flags.region;
  if (!flags.log_level.empty()) config.log_level = flags.log_level;
  if (flags.no_stacks) config.stacks = false;
  if (flags.log_json) config.log_json = true;
  auto problems = std::move(reading.problems);
  for (auto& problem : check_config(config)) problems.push_back(std::move(problem));
  if (problems.empty()) return std::move(config);
  for (const auto& problem : problems)
    fmt::print(stderr, "tocsin: {}{}{}\n", flags.config, flags.config.empty() ? "" : ": ", to_text(problem));
  return std::nullopt;
}

int run_serve(const ConfigFlags& flags) {
  const auto config = load_config(flags);
  if (!config) return 2;
  set_up_log(*config);
  block_signals();
  auto host = Host::start(*config);
  if (!host) return complain(host.error());
  for (const auto& report : (*host)->stack_reports())
    spdlog::info("stack name={} created={} updated={} deleted={} unchanged={} recorded_only={}", report.name,
                 report.created.size(), report.updated.size(), report.deleted.size(), report.unchanged.size(),
                 report.recorded_only.size());
  if ((*host)->made_credentials()) spdlog::info("credentials made at={}", (config->data / "credentials").string());
  fmt::print("tocsin {} ready on {}\n", version, (*host)->url());
  std::fflush(stdout);
  const int signal = wait_for_signal();
  spdlog::info("stopping signal={}", signal);
  (*host)->stop();
  spdlog::info("stopped");
  return 0;
}

int run_import(const ImportFlags& flags) {
  auto endpoint = endpoint_from(flags.client.data, flags.client.endpoint, flags.client.region);
  if (!endpoint) return complain(endpoint.error());
  Client client{std::move(*endpoint)};
  const Identity hub{.account = flags.client.account, .region = flags.client.region};
  json::array documents;
  bool any_refused = false;
  for (const auto& file : flags.files) {
    Progress progress{"findings", !flags.client.json};
    auto report = import_file(client, file, hub,
                              [&](const ImportReport& so_far) { progress.show(so_far.taken + so_far.refused); });
    progress.clear();
    if (!report) return complain(report.error());
    any_refused = any_refused || report->refused > 0;
    if (flags.client.json)
      documents.push_back(to_document(*report));
    else
      fmt::print("{}: {}", file, to_text(*report, flags.refusals_shown));
  }
  if (flags.client.json)
    fmt::print("{}\n", documents.size() == 1 ? to_json(documents[0]) : to_json(json::value(documents)));
  return any_refused ? 1 : 0;
}

int run_samples(const SamplesFlags& flags) {
  const samples::Options options{.seed = flags.seed,
                                 .hub = {.account = flags.account, .region = flags.region},
                                 .now = std::chrono::floor<std::chrono::days>(SystemClock{}.now())};
  const auto made = flags.count == 0 ? samples::one_of_each(options) : samples::generate(options, flags.count);
  for (const auto& sample : made) fmt::print("{}\n", to_json(sample.document));
  return 0;
}

int run_config_check(const ConfigFlags& flags) {
  const auto config = load_config(flags);
  if (!config) return 2;
  fmt::print("{}: good\n", flags.config);
  return 0;
}

int run_version() {
  fmt::print("tocsin {}\n", version);
  return 0;
}

}  // namespace tocsin::app
