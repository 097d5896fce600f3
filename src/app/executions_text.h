// How executions are shown. Shared by the commands `tocsin executions …`.
#pragma once

#include <string>
#include <string_view>

#include "app/executions_client.h"
#include "app/executions_commands.h"
#include "app/terminal.h"
#include "playbook/report.h"

namespace tocsin::app {

Colour colour_of(std::string_view status);
// A moment of an answer as RFC 3339; empty where it has none.
std::string moment(const json::object& answer, std::string_view member);
// How long it took; of one that runs, until now.
std::string lasted(const json::object& execution);
void print_head(const json::object& described);
// Status, and error and cause.
void print_end(const json::object& described);
// What says how deep states lie; null where it cannot be read here.
asl::DefinitionPtr definition_of(ExecutionsClient& client, const std::string& arn);
playbook::PathReport report_for(ExecutionsClient& client, const std::string& arn, const json::object& described);
// The flags with the status as the API writes it. Error: validation.
Result<ExecutionsFlags> checked(ExecutionsFlags flags);

// Where and why an execution failed, with the failures of a distributed Map's children and of an execution that a task
// started; null where it did not fail. {"path", "error", "cause", "mapRun": {"arn", "failed", "children": […]},
// "child"}
Result<json::value> failure_of(ExecutionsClient& client, const json::object& described,
                               const std::vector<json::object>& events);
void print_failure(const json::object& failure);

}  // namespace tocsin::app
