#include "expression/operand.h"

#include <charconv>

#include <fmt/format.h>

#include "expression/value.h"

namespace tocsin::expression {
namespace {

bool is_placeholder(std::string_view key, char mark) {
  if (key.size() < 2 || key.size() > 255 || key.front() != mark) return false;
  for (const char c : key.substr(1)) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!word) return false;
  }
  return true;
}

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::validation, std::move(message), "ValidationException");
}

Result<std::string> parse_name(Cursor& cursor, Substitutions& substitutions) {
  const Token token = cursor.next();
  if (token.kind == Token::Kind::word) return std::string(token.text);
  if (token.kind != Token::Kind::name) return cursor.syntax_error();
  auto name = substitutions.name(token.text);
  if (!name) return cursor.invalid(name.error().message);
  return name;
}

Result<std::size_t> parse_index(Cursor& cursor) {
  const Token token = cursor.next();
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), index);
  if (token.kind != Token::Kind::number || error != std::errc{}) return cursor.syntax_error();
  return index;
}

}  // namespace

Result<Substitutions> Substitutions::read(const json::value* names, const json::value* values) {
  Substitutions substitutions;
  if (names && names->is_object()) substitutions.names_ = names->get_object();
  if (values && values->is_object()) substitutions.values_ = values->get_object();
  for (const auto& [key, name] : substitutions.names_) {
    if (!is_placeholder(key, '#') || !name.is_string())
      return invalid(fmt::format("ExpressionAttributeNames contains invalid key: Syntax error; key: \"{}\"",
                                 std::string_view(key)));
  }
  for (auto& [key, value] : substitutions.values_) {
    if (!is_placeholder(key, ':'))
      return invalid(fmt::format("ExpressionAttributeValues contains invalid key: Syntax error; key: \"{}\"",
                                 std::string_view(key)));
    if (auto done = normalise(value); !done)
      return invalid(fmt::format("ExpressionAttributeValues contains invalid value: {} for key {}",
                                 done.error().message, std::string_view(key)));
  }
  return substitutions;
}

Result<std::string> Substitutions::name(std::string_view key) {
  const auto* name = names_.if_contains(key);
  if (!name)
    return invalid(
        fmt::format("An expression attribute name used in the document path is not defined; attribute name: {}", key));
  used_.emplace(key);
  return std::string(name->get_string());
}

Result<const json::value*> Substitutions::value(std::string_view key) {
  const auto* value = values_.if_contains(key);
  if (!value)
    return invalid(
        fmt::format("An expression attribute value used in expression is not defined; attribute value: {}", key));
  used_.emplace(key);
  return value;
}

Result<void> Substitutions::check_all_used() const {
  const auto unused = [&](const json::object& given) {
    std::string keys;
    for (const auto& member : given) {
      if (!used_.contains(std::string_view(member.key())))
        keys += fmt::format("{}{}", keys.empty() ? "" : ", ", std::string_view(member.key()));
    }
    return keys;
  };
  if (const auto keys = unused(names_); !keys.empty())
    return invalid(fmt::format("Value provided in ExpressionAttributeNames unused in expressions: keys: {{{}}}", keys));
  if (const auto keys = unused(values_); !keys.empty())
    return invalid(
        fmt::format("Value provided in ExpressionAttributeValues unused in expressions: keys: {{{}}}", keys));
  return {};
}

const json::value* find(const json::object& item, const Path& path) {
  const json::value* at = nullptr;
  for (const Step& step : path) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      const json::object* members = &item;
      if (at) {
        const auto* map = at->get_object().if_contains("M");
        if (!map) return nullptr;
        members = &map->get_object();
      }
      at = members->if_contains(*name);
    } else {
      const auto* list = at ? at->get_object().if_contains("L") : nullptr;
      const auto index = std::get<std::size_t>(step);
      at = list && index < list->get_array().size() ? &list->get_array()[index] : nullptr;
    }
    if (!at) return nullptr;
  }
  return at;
}

Result<Path> parse_path(Cursor& cursor, Substitutions& substitutions) {
  Path path;
  auto first = parse_name(cursor, substitutions);
  if (!first) return pass_on(first);
  path.emplace_back(std::move(*first));
  while (true) {
    if (path.size() > static_cast<std::size_t>(value_depth_max))
      return cursor.invalid("The document path has too many nesting elements");
    if (cursor.take_symbol(".")) {
      auto name = parse_name(cursor, substitutions);
      if (!name) return pass_on(name);
      path.emplace_back(std::move(*name));
    } else if (cursor.take_symbol("[")) {
      auto index = parse_index(cursor);
      if (!index) return pass_on(index);
      if (auto closed = cursor.expect_symbol("]"); !closed) return pass_on(closed);
      path.emplace_back(*index);
    } else {
      return path;
    }
  }
}

Result<Operand> parse_operand(Cursor& cursor, Substitutions& substitutions) {
  Operand operand;
  if (cursor.peek().kind == Token::Kind::value) {
    auto value = substitutions.value(cursor.next().text);
    if (!value) return cursor.invalid(value.error().message);
    operand.value = **value;
    return operand;
  }
  const bool size =
      cursor.peek(1).kind == Token::Kind::symbol && cursor.peek(1).text == "(" && cursor.take_word("size");
  if (size) cursor.next();
  auto path = parse_path(cursor, substitutions);
  if (!path) return pass_on(path);
  operand.kind = size ? Operand::Kind::size : Operand::Kind::path;
  operand.path = std::move(*path);
  if (size) {
    if (auto closed = cursor.expect_symbol(")"); !closed) return pass_on(closed);
  }
  return operand;
}

std::optional<json::value> value_of(const Operand& operand, const json::object& item) {
  if (operand.kind == Operand::Kind::value) return operand.value;
  const auto* value = find(item, operand.path);
  if (!value) return std::nullopt;
  if (operand.kind == Operand::Kind::path) return *value;
  const auto size = size_of(*value);
  return size ? std::optional{make_number(*size)} : std::nullopt;
}

}  // namespace tocsin::expression
