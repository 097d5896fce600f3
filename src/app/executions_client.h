// Step Functions' operations as the commands ask for them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/client.h"
#include "asl/history.h"
#include "core/identity.h"

namespace tocsin::app {

// A moment in an answer: seconds since 1970.
std::optional<Time> time_in(const json::object& answer, std::string_view member);
// "MACHINE:NAME" of an execution as ListExecutions has it.
std::string short_name(const json::object& execution);

class ExecutionsClient {
 public:
  ExecutionsClient(Client& client, const Identity& identity) : client_{client}, identity_{identity} {}

  Result<json::object> call(std::string_view operation, const json::object& input);

  // ARNs of the machines: the named one, or all.
  Result<std::vector<std::string>> machines(std::string_view named);

  struct Listed {
    std::vector<json::object> executions;  // newest first
    std::size_t total = 0;                 // how many there are in all
    bool is_more = false;                  // than `total`: they were not counted to the end
  };
  // Executions of these machines, at most `limit` of them; `status` may be empty.
  Result<Listed> list(const std::vector<std::string>& machines, std::string_view status, std::size_t limit);
  // One page of a machine's executions, newest first; `token` is empty for the first, and after the last.
  Result<std::vector<json::object>> page(const std::string& machine, std::string& token);
  // The children of a distributed Map that failed, in order of their items.
  Result<Listed> failed_children(const std::string& map_run, std::size_t limit);

  // The ARN that a person means: an ARN, "MACHINE:NAME", a name, or the beginning of one name. Error: validation, where
  // none or several fit, with those that could be meant.
  Result<std::string> find(const std::string& meant);
  // Events with an id above `after`, in order, in their wire form.
  Result<std::vector<json::object>> history(const std::string& arn, std::int64_t after);

 private:
  Result<void> list_one(json::object request, std::size_t limit, Listed& found);
  Result<std::string> find_in(const std::string& machine, std::string_view name);
  Result<std::string> choose(const std::vector<json::object>& executions, std::string_view name,
                             const std::string& where);

  Client& client_;
  const Identity& identity_;
};

// A wire event as the interpreter has it. It refers to `event`, which must outlive it.
asl::HistoryEvent to_event(const json::object& event);

}  // namespace tocsin::app
