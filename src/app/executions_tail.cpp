// Following executions as they run: each change once, in order.
#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "app/connect.h"
#include "app/executions_client.h"
#include "app/executions_commands.h"
#include "app/executions_text.h"
#include "app/exit_code.h"
#include "app/interruption.h"
#include "app/terminal.h"

namespace tocsin::app {
namespace {

using namespace std::chrono_literals;
constexpr auto poll_interval = 500ms;
constexpr std::size_t fetched_max = 2'000;  // executions of a machine that started between two looks
constexpr std::size_t asked_max = 100;      // running ones that are asked for one by one in a look

bool ends_execution(std::string_view type) {
  return type == "ExecutionSucceeded" || type == "ExecutionFailed" || type == "ExecutionAborted" ||
         type == "ExecutionTimedOut";
}

Result<void> tail_one(ExecutionsClient& client, const std::string& arn, bool as_json) {
  auto described = client.call("DescribeExecution", {{"executionArn", arn}});
  if (!described) return pass_on(described);
  if (!as_json) print_head(*described);
  auto report = report_for(client, arn, *described);
  std::int64_t last = 0;
  bool over = false;
  do {
    // The status first: what it says to be over has all its events.
    described = client.call("DescribeExecution", {{"executionArn", arn}});
    if (!described) return pass_on(described);
    over = string_at(*described, "status") != "RUNNING";
    auto events = client.history(arn, last);
    if (!events) return pass_on(events);
    for (const auto& event : *events) {
      last = integer_at(event, "id");
      // It may have ended since; a redrive goes on after an end.
      over = ends_execution(string_at(event, "type")) || over;
      if (as_json)
        fmt::print("{}\n", to_json(event));
      else
        for (const auto& line : report.add(to_event(event))) fmt::print("{}\n", line);
    }
    std::fflush(stdout);
  } while (!over && Interruption::sleep_for(poll_interval));
  if (as_json) return {};
  described = client.call("DescribeExecution", {{"executionArn", arn}});
  if (!described) return pass_on(described);
  print_end(*described);
  return {};
}

// What is known of the executions of all machines, from look to look.
class Changes {
 public:
  Changes(ExecutionsClient& client, const ExecutionsFlags& flags) : client_{client}, flags_{flags} {}

  // One look; what changed since the last one, oldest first.
  Result<std::vector<json::object>> look() {
    changed_.clear();
    ++look_;
    const auto machines = client_.machines(flags_.machine);
    if (!machines) return std::unexpected(machines.error());
    for (const auto& machine : *machines) {
      auto fetched = fetch(machine);
      // An express machine keeps no list of its executions; among all machines it is passed over.
      if (!fetched && (!flags_.machine.empty() || (fetched.error().aws_code != "StateMachineTypeNotSupported" &&
                                                   fetched.error().aws_code != "StateMachineDoesNotExist")))
        return pass_on(fetched);
    }
    if (auto asked = ask_for_running(); !asked) return pass_on(asked);
    is_first_ = false;
    std::ranges::stable_sort(changed_, {}, [](const json::object& execution) {
      return time_in(execution, "stopDate").value_or(time_in(execution, "startDate").value_or(Time()));
    });
    return std::move(changed_);
  }

 private:
  struct Known {
    std::string status;
    std::uint64_t look = 0;  // in which it was last seen
  };

  // Newest first, down to what was the newest at the last look (and the whole of its page).
  Result<void> fetch(const std::string& machine) {
    auto& newest = newest_[machine];
    std::optional<double> first_start;
    std::string token;
    for (std::size_t fetched = 0; fetched < fetched_max;) {
      auto page = client_.page(machine, token);
      if (!page) return pass_on(page);
      bool is_old = false;
      for (auto& execution : *page) {
        const double start = execution.at("startDate").to_number<double>();
        if (!first_start) first_start = start;
        is_old = is_old || start < newest;
        see(std::move(execution), start >= newest);
        ++fetched;
      }
      if (is_old || is_first_ || token.empty()) break;
    }
    newest = first_start.value_or(newest);
    return {};
  }

  // `is_new`: it started after the last look.
  void see(json::object execution, bool is_new) {
    const std::string arn{string_at(execution, "executionArn")}, status{string_at(execution, "status")};
    const auto before = known_.find(arn);
    const bool is_running = status == "RUNNING";
    // What was over before nobody asked for; an old one that runs was started again.
    const bool changed =
        before == known_.end() ? is_running || (is_new && !is_first_) : before->second.status != status;
    known_.insert_or_assign(arn, Known{status, look_});
    if (changed && (flags_.status.empty() || flags_.status == status)) changed_.push_back(std::move(execution));
  }

  // Those that run and were on none of the pages; what is over and on no page can be forgotten.
  Result<void> ask_for_running() {
    std::vector<std::string> missing;
    for (auto at = known_.begin(); at != known_.end();) {
      const bool is_missing = at->second.look < look_;
      if (is_missing && at->second.status == "RUNNING" && missing.size() < asked_max) missing.push_back(at->first);
      at = is_missing && at->second.status != "RUNNING" ? known_.erase(at) : std::next(at);
    }
    for (const auto& arn : missing) {
      auto described = client_.call("DescribeExecution", {{"executionArn", arn}});
      if (!described && described.error().aws_code != "ExecutionDoesNotExist") return pass_on(described);
      if (described)
        see(std::move(*described), false);
      else
        known_.erase(arn);
    }
    return {};
  }

  ExecutionsClient& client_;
  const ExecutionsFlags& flags_;
  std::map<std::string, Known, std::less<>> known_;
  std::map<std::string, double> newest_;  // start of the newest execution of each machine
  std::vector<json::object> changed_;
  std::uint64_t look_ = 0;
  bool is_first_ = true;
};

void print_change(const json::object& execution, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", to_json(execution));
    return;
  }
  const auto status = string_at(execution, "status");
  const auto stop = moment(execution, "stopDate");
  fmt::print("{}  {}  {}{}\n", stop.empty() ? moment(execution, "startDate") : stop,
             coloured(colour_of(status), fmt::format("{:<9}", status)), printable(short_name(execution)),
             stop.empty() ? "" : fmt::format("  after {}", lasted(execution)));
}

Result<void> tail_all(ExecutionsClient& client, const ExecutionsFlags& flags) {
  Changes changes{client, flags};
  do {
    const auto changed = changes.look();
    if (!changed) return std::unexpected(changed.error());
    for (const auto& execution : *changed) print_change(execution, flags.client.json);
    std::fflush(stdout);
  } while (Interruption::sleep_for(poll_interval));
  return {};
}

}  // namespace

int run_executions_tail(const ExecutionsFlags& given) {
  const auto flags = checked(given);
  if (!flags) return complain(flags.error(), code_wrong_use);
  auto connection = connect(flags->client);
  if (!connection) return report_failure(flags->client, connection.error());
  ExecutionsClient client{*connection->client, connection->identity};
  const Interruption interruption;
  Result<void> done;
  if (flags->execution.empty()) {
    done = tail_all(client, *flags);
  } else {
    const auto arn = client.find(flags->execution);
    done = arn ? tail_one(client, *arn, flags->client.json) : std::unexpected(arn.error());
  }
  // A signal may come in the middle of a call, which then fails.
  return done || Interruption::came() ? 0 : report_failure(flags->client, done.error());
}

}  // namespace tocsin::app
