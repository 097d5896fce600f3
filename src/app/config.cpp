#include "app/config.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>

#include <fmt/format.h>
#include <re2/re2.h>
#include <toml++/toml.h>

#include "app/stack_files.h"
#include "containment/containment.h"
#include "netset/special.h"

namespace tocsin::app {
namespace {

constexpr std::int64_t counts_max = 1'000'000;
constexpr std::int64_t seconds_max = std::int64_t{36'500} * 86'400;

class Reader {
 public:
  explicit Reader(ConfigReading& reading) : reading_{reading} {}

  void problem(const toml::node& node, std::string key, std::string message) {
    reading_.problems.push_back({static_cast<int>(node.source().begin.line), std::move(key), std::move(message)});
  }

  std::string text(const toml::node& node, const std::string& key) {
    if (const auto* value = node.as_string()) return value->get();
    problem(node, key, "must be a text");
    return {};
  }

  bool boolean(const toml::node& node, const std::string& key) {
    if (const auto* value = node.as_boolean()) return value->get();
    problem(node, key, "must be true or false");
    return false;
  }

  // From 0, which says "no limit".
  std::int64_t number(const toml::node& node, const std::string& key) {
    constexpr std::int64_t most = 1'000'000;
    const auto* value = node.as_integer();
    if (value && value->get() >= 0 && value->get() <= most) return value->get();
    problem(node, key, fmt::format("must be a number from 0 (no limit) to {}", most));
    return 0;
  }

  // "90d", "12h", "30m", "45s".
  void duration(const toml::node& node, const std::string& key, std::chrono::seconds& value) {
    static const RE2 form{"([0-9]{1,8})([dhms])"};
    std::int64_t number = 0;
    std::string unit;
    const auto* given = node.as_string();
    if (!given || !RE2::FullMatch(given->get(), form, &number, &unit) || number == 0)
      return problem(node, key, "must be a time like \"90d\", \"12h\", \"30m\" or \"45s\"");
    const std::int64_t seconds_each = unit == "d" ? 86'400 : unit == "h" ? 3'600 : unit == "m" ? 60 : 1;
    if (number * seconds_each > seconds_max) return problem(node, key, "must be at most 36500d");
    value = std::chrono::seconds{number * seconds_each};
  }

  void count(const toml::node& node, const std::string& key, std::size_t& value) {
    const auto* given = node.as_integer();
    if (!given || given->get() < 0 || given->get() > counts_max)
      return problem(node, key, fmt::format("must be a whole number from 0 to {}", counts_max));
    value = static_cast<std::size_t>(given->get());
  }

  std::vector<std::string> texts(const toml::node& node, const std::string& key) {
    std::vector<std::string> list;
    const auto* array = node.as_array();
    if (!array) {
      problem(node, key, "must be a list of texts");
      return list;
    }
    for (const auto& element : *array) list.push_back(text(element, key));
    return list;
  }

  // Secrets may stand in the file itself or in a file of their own ({ file = "path" }).
  Secret secret(const toml::node& node, const std::string& key) {
    const auto* table = node.as_table();
    if (!table) return Secret{text(node, key)};
    const auto* file = table->get_as<std::string>("file");
    if (!file || table->size() != 1) {
      problem(node, key, "must be a text, or { file = \"path\" }");
      return {};
    }
    std::ifstream stream{file->get()};
    std::string line;
    if (!std::getline(stream, line)) problem(node, key, fmt::format("the file '{}' cannot be read", file->get()));
    return Secret{line};
  }

  using Handlers = std::map<std::string, std::function<void(const toml::node&, const std::string& key)>, std::less<>>;

  void section(const toml::node& node, const std::string& path, const Handlers& handlers) {
    const auto* table = node.as_table();
    if (!table) {
      problem(node, path, "must be a section");
      return;
    }
    for (const auto& [name, value] : *table) {
      const std::string key = path.empty() ? std::string(name.str()) : fmt::format("{}.{}", path, name.str());
      reading_.config.lines[key] = static_cast<int>(value.source().begin.line);
      const auto found = handlers.find(name.str());
      if (found != handlers.end())
        found->second(value, key);
      else
        problem(value, key, "is not a known key");
    }
  }

  void stacks(const toml::node& node, const std::string& path) {
    const auto* table = node.as_table();
    if (!table) {
      problem(node, path, "must be a section");
      return;
    }
    Config& config = reading_.config;
    for (const auto& [name, value] : *table) {
      const std::string key = fmt::format("{}.{}", path, name.str());
      if (name.str() == "enabled") {
        config.stacks = boolean(value, key);
      } else if (name.str() == "folder") {
        config.stacks_folder = text(value, key);
      } else {
        StackSettings& settings = config.stack[std::string(name.str())];
        settings.line = static_cast<int>(value.source().begin.line);
        section(value, key,
                {{"enabled", [&](const auto& n, const auto& k) { settings.enabled = boolean(n, k); }},
                 {"parameters", [&](const auto& n, const auto& k) { parameters(n, k, settings); }}});
      }
    }
  }

  void all(const toml::table& root) {
    Config& c = reading_.config;
    section(root, "",
            {{"data", [&](const auto& n, const auto& k) { c.data = text(n, k); }},
             {"listen", [&](const auto& n, const auto& k) { c.listen = text(n, k); }},
             {"public_url", [&](const auto& n, const auto& k) { c.public_url = text(n, k); }},
             {"identity", [&](const auto& n, const auto& k) { identity(n, k); }},
             {"containment", [&](const auto& n, const auto& k) { containment(n, k); }},
             {"feed",
              [&](const auto& n, const auto& k) {
                section(n, k, {{"token", [&](const auto& m, const auto& l) { c.feed_token = secret(m, l); }}});
              }},
             {"log",
              [&](const auto& n, const auto& k) {
                section(n, k,
                        {{"level", [&](const auto& m, const auto& l) { c.log_level = text(m, l); }},
                         {"json", [&](const auto& m, const auto& l) { c.log_json = boolean(m, l); }}});
              }},
             {"http",
              [&](const auto& n, const auto& k) {
                section(n, k,
                        {{"client_bodies_mb", [&](const auto& m, const auto& l) { c.client_bodies_mb = number(m, l); }},
                         {"client_connections",
                          [&](const auto& m, const auto& l) { c.client_connections = number(m, l); }}});
              }},
             {"workflows", [&](const auto& n, const auto& k) { workflows(n, k); }},
             {"notices", [&](const auto& n, const auto& k) { notices(n, k); }},
             {"stacks", [&](const auto& n, const auto& k) { stacks(n, k); }}});
  }

 private:
  void identity(const toml::node& node, const std::string& path) {
    Config& c = reading_.config;
    section(node, path,
            {{"account",
              [&](const auto& m, const auto& l) {
                c.identity.account = text(m, l);
                c.given.account = true;
              }},
             {"region",
              [&](const auto& m, const auto& l) {
                c.identity.region = text(m, l);
                c.given.region = true;
              }},
             {"partition", [&](const auto& m, const auto& l) {
                c.identity.partition = text(m, l);
                c.given.partition = true;
              }}});
  }

  void workflows(const toml::node& node, const std::string& path) {
    auto& limits = reading_.config.workflows;
    section(node, path,
            {{"history_retention", [&](const auto& m, const auto& l) { duration(m, l, limits.retention); }},
             {"task_deadline", [&](const auto& m, const auto& l) { duration(m, l, limits.task_deadline); }},
             {"stuck_after", [&](const auto& m, const auto& l) { duration(m, l, limits.stuck_after); }}});
  }

  void notices(const toml::node& node, const std::string& path) {
    auto& bounds = reading_.config.notices;
    const auto urgent = [&](const auto& m, const auto& l) {
      count(m, l, bounds.alerts);
      bounds.containment = bounds.alerts;
    };
    section(node, path,
            {{"digest_after", [&](const auto& m, const auto& l) { count(m, l, bounds.others); }},
             {"urgent_digest_after", urgent}});
  }

  void containment(const toml::node& node, const std::string& path) {
    Config& c = reading_.config;
    section(node, path,
            {{"own_networks", [&](const auto& m, const auto& l) { c.own_networks = texts(m, l); }},
             {"never_block", [&](const auto& m, const auto& l) { c.never_block = texts(m, l); }},
             {"protect_public_resolvers",
              [&](const auto& m, const auto& l) { c.protect_public_resolvers = boolean(m, l); }},
             {"protect_this_machine", [&](const auto& m, const auto& l) { c.protect_this_machine = boolean(m, l); }}});
  }

  void parameters(const toml::node& node, const std::string& path, StackSettings& settings) {
    const auto* table = node.as_table();
    if (!table) {
      problem(node, path, "must be a section");
      return;
    }
    for (const auto& [name, value] : *table) {
      const std::string key = fmt::format("{}.{}", path, name.str());
      settings.lines[std::string(name.str())] = static_cast<int>(value.source().begin.line);
      if (const auto* number = value.as_integer())
        settings.parameters[std::string(name.str())] = Secret{std::to_string(number->get())};
      else
        settings.parameters[std::string(name.str())] = secret(value, key);
    }
  }

  ConfigReading& reading_;
};

void check_networks(const std::vector<std::string>& list, const char* key, std::vector<ConfigProblem>& problems) {
  for (const auto& text : list)
    if (auto prefix = netset::parse_prefix(text); !prefix) problems.push_back({0, key, prefix.error().message});
}

// Fills in the lines at which keys stand.
void place(const Config& config, std::vector<ConfigProblem>& problems) {
  for (auto& problem : problems)
    if (const auto found = config.lines.find(problem.key); problem.line == 0 && found != config.lines.end())
      problem.line = found->second;
}

}  // namespace

ConfigReading parse_config(std::string_view text) {
  ConfigReading reading;
  try {
    const toml::table root = toml::parse(text);
    Reader{reading}.all(root);
  } catch (const toml::parse_error& thrown) {
    reading.problems.push_back({static_cast<int>(thrown.source().begin.line), "", std::string(thrown.description())});
  }
  return reading;
}

ConfigReading read_config(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    return {.config = {}, .problems = {{0, "", fmt::format("'{}' is a folder, not a file", file.string())}}};
  std::ifstream stream{file};
  if (!stream) return {.config = {}, .problems = {{0, "", fmt::format("the file '{}' cannot be read", file.string())}}};
  std::ostringstream text;
  text << stream.rdbuf();
  return parse_config(text.str());
}

void apply_environment(Config& config) {
  if (const char* url = std::getenv("TOCSIN_SLACK_WEBHOOK_URL"); url && *url) {
    config.stack["ip-blocking"].parameters["SlackWebhookUrl"] = Secret{url};
    // The playbooks' topic has it as a subscription: what is not Slack itself would be asked to confirm it.
    if (std::string_view{url}.starts_with("https://hooks.slack.com/"))
      config.stack["playbooks"].parameters["SlackWebhookUrl"] = Secret{url};
  }
  if (const char* token = std::getenv("TOCSIN_FEED_TOKEN"); token && *token) config.feed_token = Secret{token};
}

std::vector<ConfigProblem> check_config(const Config& config) {
  std::vector<ConfigProblem> problems;
  static const RE2 account{"[0-9]{12}"};
  static const RE2 region{"[a-z]{2}(-[a-z]+)+-[0-9]"};
  static const RE2 listen{R"((\[[0-9a-fA-F:.]+\]|[^:\[\]]+):([0-9]{1,5}))"};
  if (!RE2::FullMatch(config.identity.account, account))
    problems.push_back({0, "identity.account", "must be 12 digits"});
  if (!RE2::FullMatch(config.identity.region, region))
    problems.push_back({0, "identity.region", "must look like us-east-1"});
  static const RE2 url{R"(https?://[^\s/?#]+)"};
  if (!config.public_url.empty() && !RE2::FullMatch(config.public_url, url))
    problems.push_back({0, "public_url", "must be http://HOST[:PORT] or https://HOST[:PORT], without a path"});
  int port = 0;
  if (!RE2::FullMatch(config.listen, listen, nullptr, &port) || port > 65'535)
    problems.push_back({0, "listen", "must be HOST:PORT, with a port from 0 (any that is free) to 65535"});
  check_networks(config.own_networks, "containment.own_networks", problems);
  check_networks(config.never_block, "containment.never_block", problems);
  constexpr std::string_view levels[] = {"trace", "debug", "info", "warn", "error", "off"};
  if (std::ranges::find(levels, config.log_level) == std::end(levels))
    problems.push_back({0, "log.level", "must be one of trace, debug, info, warn, error, off"});
  for (auto& problem : check_stacks(config)) problems.push_back(std::move(problem));
  place(config, problems);
  sort_by_line(problems);
  return problems;
}

namespace {

bool is_for_everybody(const std::string& listen) {
  const auto host = listen.substr(0, listen.rfind(':'));
  if (host == "localhost") return false;
  const bool bracketed = host.size() > 2 && host.front() == '[';
  const auto address = netset::parse_address(bracketed ? host.substr(1, host.size() - 2) : host);
  return !address || netset::scope_of(*address) != netset::Scope::loopback;
}

void warn_of_listener(const Config& config, std::vector<ConfigProblem>& warnings) {
  if (!is_for_everybody(config.listen)) return;
  const auto warn = [&](std::string message) { warnings.push_back({0, "listen", std::move(message)}); };
  const bool has_limits = config.client_bodies_mb != 0 || config.client_connections != 0;
  warn(fmt::format("{} is reached by other machines, without TLS: put a proxy with TLS in front{}", config.listen,
                   has_limits ? ", and set http.client_connections and http.client_bodies_mb to 0, as all clients then "
                                "share the proxy's address"
                              : ""));
  if (config.feed_token.empty())
    warn("the block feed and /metrics are refused to everybody without feed.token (or TOCSIN_FEED_TOKEN)");
  if (config.public_url.empty())
    warn("links in messages will name this machine's host name and port; public_url says what others use");
}

void warn_of_width(const std::vector<std::string>& list, const char* key, std::vector<ConfigProblem>& warnings) {
  for (const auto& text : list) {
    const auto prefix = netset::parse_prefix(text);
    if (!prefix) continue;
    const int length_min = prefix->family() == netset::Family::ipv4 ? containment::wide_ipv4 : containment::wide_ipv6;
    if (prefix->length < length_min)
      warnings.push_back(
          {0, key, fmt::format("{} is wider than /{}: nothing in it is ever blocked", text, length_min)});
  }
}

}  // namespace

std::vector<ConfigProblem> config_warnings(const Config& config) {
  std::vector<ConfigProblem> warnings;
  warn_of_listener(config, warnings);
  warn_of_width(config.own_networks, "containment.own_networks", warnings);
  warn_of_width(config.never_block, "containment.never_block", warnings);
  for (const auto& [stack, settings] : config.stack) {
    for (const auto& [name, value] : settings.parameters) {
      if (!value.empty()) continue;
      const auto line = settings.lines.find(name);
      warnings.push_back({line == settings.lines.end() ? 0 : line->second,
                          fmt::format("stacks.{}.parameters.{}", stack, name),
                          "is empty, which is as if it was not given"});
    }
  }
  if (config.lines.contains("feed.token") && config.feed_token.empty())
    warnings.push_back({0, "feed.token", "is empty, which is as if it was not given"});
  place(config, warnings);
  sort_by_line(warnings);
  return warnings;
}

void sort_by_line(std::vector<ConfigProblem>& problems) {
  std::ranges::stable_sort(problems, {}, [](const ConfigProblem& problem) {
    return problem.line == 0 ? std::numeric_limits<int>::max() : problem.line;
  });
}

std::string to_text(const ConfigProblem& problem) {
  std::string text;
  if (problem.line > 0) text += fmt::format("line {}: ", problem.line);
  if (!problem.key.empty()) text += problem.key + ": ";
  return text + problem.message;
}

}  // namespace tocsin::app
