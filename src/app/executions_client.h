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

class ExecutionsClient {
 public:
  ExecutionsClient(Client& client, const Identity& identity) : client_{client}, identity_{identity} {}

  Result<json::object> call(std::string_view operation, const json::object& input);

  // ARNs of the machines: the named one, or all.
  Result<std::vector<std::string>> machines(std::string_view named);
  // Executions of these machines, newest first, at most `limit` of them; `status` may be empty.
  Result<std::vector<json::object>> list(const std::vector<std::string>& machines, std::string_view status,
                                         std::size_t limit);
  // The ARN that a person means: an ARN, "MACHINE:NAME", a name, or the beginning of one name. Error: validation, where
  // none or several fit.
  Result<std::string> find(const std::string& meant);
  // Events with an id above `after`, in order, in their wire form.
  Result<std::vector<json::object>> history(const std::string& arn, std::int64_t after);

 private:
  Result<void> list_one(const std::string& machine, std::string_view status, std::size_t limit,
                        std::vector<json::object>& found);

  Client& client_;
  const Identity& identity_;
};

// A wire event as the interpreter has it. It refers to `event`, which must outlive it.
asl::HistoryEvent to_event(const json::object& event);

}  // namespace tocsin::app
