#include "asl/resource.h"

#include <array>

namespace tocsin::asl {
namespace {

constexpr std::string_view sdk = "aws-sdk:";

// "arn:partition:service:region:account:rest". The account of an integration is empty, so core's parse_arn() is not it.
std::optional<std::array<std::string_view, 6>> split_arn(std::string_view text) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < 5; ++i) {
    const auto colon = text.find(':');
    if (colon == text.npos) return std::nullopt;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts[5] = text;
  if (parts[0] != "arn" || parts[1].empty() || parts[2].empty() || parts[5].empty()) return std::nullopt;
  return parts;
}

// Splits ".sync", ".sync:2" or ".waitForTaskToken" off the name. False for another suffix.
bool take_suffix(Resource& resource) {
  const auto dot = resource.name.find('.');
  if (dot == resource.name.npos) return true;
  resource.suffix = resource.name.substr(dot);
  resource.name = resource.name.substr(0, dot);
  if (resource.suffix == ".sync" || resource.suffix == ".sync:2")
    resource.integration = Integration::run_job;
  else if (resource.suffix == ".waitForTaskToken")
    resource.integration = Integration::wait_for_task_token;
  else
    return false;
  return true;
}

}  // namespace

std::optional<Resource> parse_resource(std::string_view text) {
  const auto parts = split_arn(text);
  if (!parts) return std::nullopt;
  const std::string_view service = (*parts)[2], rest = (*parts)[5];
  Resource resource{
      .kind = ResourceKind::other, .partition = (*parts)[1], .name = rest, .service = {}, .action = {}, .suffix = {}};
  if (service == "lambda") {
    resource.kind = ResourceKind::lambda;
  } else if (service != "states") {
    resource.service = service;
    resource.action = rest;
  } else if (rest.starts_with("activity:")) {
    resource.kind = ResourceKind::activity;
  } else {
    resource.kind = ResourceKind::service;
    const auto colon = rest.find(':', rest.starts_with(sdk) ? sdk.size() : 0);
    if (colon == rest.npos || !take_suffix(resource)) return std::nullopt;
    resource.service = rest.substr(0, colon);
    resource.action = rest.substr(colon + 1);
  }
  return resource;
}

bool is_integration(std::string_view resource, std::string_view name) {
  const auto parsed = parse_resource(resource);
  return parsed && parsed->kind == ResourceKind::service && parsed->name == name;
}

}  // namespace tocsin::asl
