#include <fmt/format.h>

#include "api/protocol.h"

namespace tocsin::api {
namespace {

constexpr std::size_t form_parameters_max = 20'000;

bool is_form(const http::Request& request) {
  return request.headers.get("Content-Type").starts_with("application/x-www-form-urlencoded");
}

// A form in the body, or in the query of a GET (a presigned link).
bool read_form(const http::Request& request, Parameters& form) {
  const bool in_body = request.method == "POST" && is_form(request);
  if (in_body && !parse_form(request.body, true, form_parameters_max, form)) return false;
  return parse_form(request.query(), true, form_parameters_max, form);
}

// For requests without a signature. Links in messages name no version, as SNS's do not.
const Model* by_version(const Models& models, std::string_view version, std::string_view action) {
  for (const auto& [name, model] : models)
    if (model.speaks_query && (version.empty() || model.api_version == version) && model.find(action) != nullptr)
      return &model;
  return nullptr;
}

const Model* by_route(const Models& models, const http::Request& request) {
  for (const auto& [name, model] : models) {
    Parameters labels;
    if (model.speaks_rest_json && model.route(request.method, request.path(), labels) != nullptr) return &model;
  }
  return nullptr;
}

void read_json(Target& target, std::string_view header, const http::Request& request) {
  target.protocol = Protocol::json;
  target.query_mode = request.headers.get("x-amzn-query-mode") == "true";
  const auto dot = header.rfind('.');
  const auto prefix = header.substr(0, std::min(dot, header.size()));
  target.name = dot == std::string_view::npos ? header : header.substr(dot + 1);
  if (target.model == nullptr) return;
  if (prefix == target.model->target_prefix) target.operation = target.model->find(target.name);
  const auto type = request.headers.get("Content-Type");
  const bool is_json = type.empty() || type.starts_with("application/x-amz-json-1.") ||
                       type.starts_with("application/json") || type.starts_with("application/octet-stream");
  if (is_json && target.operation != nullptr) return;
  target.operation = nullptr;
  target.problem_code = "UnknownOperationException";
  target.problem = header.empty() ? "The request has no X-Amz-Target header."
                   : !is_json     ? fmt::format("Content-Type must be application/x-amz-json-{}, not '{}'.",
                                                target.model->json_version, type.substr(0, 100))
                                  : fmt::format("There is no operation {}.", header.substr(0, 200));
}

// Tools that take a queue's URL as the endpoint post to its path and may leave QueueUrl out.
void add_queue_url(Target& target, const http::Request& request) {
  if (target.service != "sqs" || request.path().size() < 2 || find_parameter(target.form, "QueueUrl") != nullptr)
    return;
  target.form.emplace_back("QueueUrl", fmt::format("http://{}{}", request.headers.get("Host"), request.path()));
}

void read_query(Target& target, const http::Request& request) {
  target.protocol = Protocol::query;
  if (target.model == nullptr) return;
  const auto* action = find_parameter(target.form, "Action");
  const auto* version = find_parameter(target.form, "Version");
  if (action == nullptr || action->empty()) {
    target.problem_code = "MissingAction";
    target.problem = "The request is missing an action or a required parameter: Action.";
    return;
  }
  target.name = *action;
  if (version != nullptr && *version != target.model->api_version) {
    target.problem_code = "NoSuchVersion";
    target.problem = fmt::format("The requested version ( {} ) is not valid.", version->substr(0, 50));
    return;
  }
  target.operation = target.model->find(*action);
  if (target.operation == nullptr) {
    target.problem_code = "InvalidAction";
    target.problem = fmt::format("The action {} is not valid for this web service.", action->substr(0, 200));
    return;
  }
  add_queue_url(target, request);
}

void read_rest(Target& target, const http::Request& request) {
  target.protocol = Protocol::rest_json;
  if (target.model == nullptr) return;
  target.operation = target.model->route(request.method, request.path(), target.labels);
  if (target.operation != nullptr) {
    target.name = target.operation->name;
    return;
  }
  target.problem_code = "UnknownOperationException";
  target.problem =
      fmt::format("There is no operation {} {}.", request.method.substr(0, 20), request.path().substr(0, 200));
}

}  // namespace

Target recognise(const Models& models, const http::Request& request, std::string_view scope_service) {
  Target target;
  const auto header = request.headers.get("X-Amz-Target");
  const bool may_be_query = is_form(request) || request.query().find("Action=") != std::string_view::npos;
  if (may_be_query && !read_form(request, target.form)) {
    target.protocol = Protocol::query;
    target.service = scope_service;
    target.model = models.find(scope_service);
    target.problem_code = "MalformedInput";
    target.problem = "The request has too many parameters.";
    return target;
  }
  target.model = models.find(scope_service);
  if (scope_service.empty()) {
    const auto* action = find_parameter(target.form, "Action");
    const auto* version = find_parameter(target.form, "Version");
    if (!header.empty())
      target.model = models.find_by_target(header.substr(0, header.rfind('.')));
    else if (action != nullptr)
      target.model = by_version(models, version != nullptr ? std::string_view(*version) : "", *action);
    else
      target.model = by_route(models, request);
  }
  target.service = target.model != nullptr ? target.model->service : std::string(scope_service);

  const Model* model = target.model;
  const bool has_action = find_parameter(target.form, "Action") != nullptr;
  if (!header.empty() && (model == nullptr || model->speaks_json))
    read_json(target, header, request);
  else if ((model == nullptr && has_action) || (model != nullptr && model->speaks_query))
    read_query(target, request);
  else if (model != nullptr && model->speaks_json)
    read_json(target, header, request);
  else
    read_rest(target, request);
  if (model == nullptr && !scope_service.empty()) {
    target.problem_code = "NotImplemented";
    target.problem = fmt::format("The service '{}' is not served here.", scope_service.substr(0, 100));
  }
  return target;
}

}  // namespace tocsin::api
