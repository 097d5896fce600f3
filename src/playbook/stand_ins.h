// What references in a template stand for, where nothing is deployed: plausible names and ARNs. Private to the room.
#pragma once

#include <optional>
#include <string_view>

#include "templates/templates.h"

namespace tocsin::playbook {

inline constexpr std::string_view account = "000000000000";
inline constexpr std::string_view region = "us-east-1";

class StandIns {
 public:
  // A template read without checks, with its parameters' values: those given, their defaults, or made-up ones.
  StandIns(const json::object& document, const std::map<std::string, std::string>& given);
  StandIns(const StandIns&) = delete;
  StandIns& operator=(const StandIns&) = delete;

  const templates::Template& source() const { return source_; }
  // Evaluates functions. Error: validation, for functions that are not known.
  Result<json::value> resolve(const json::value& value, const std::string& path) const;

 private:
  struct Names {
    std::string reference, arn;
  };
  templates::Scope scope() const;
  Names names_of(std::string_view id) const;
  std::optional<json::value> reference(std::string_view id) const;
  std::optional<json::value> attribute(std::string_view id, std::string_view name) const;

  templates::Template source_;
  templates::Pseudo pseudo_;
  json::object parameters_;
  std::map<std::string, bool> conditions_;
  mutable int depth_ = 0;  // names may refer to names
};

}  // namespace tocsin::playbook
