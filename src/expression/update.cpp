#include <fmt/format.h>

#include "expression/operand.h"
#include "expression/value.h"

namespace tocsin::expression {
namespace {

constexpr std::string_view what = "UpdateExpression";

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::validation, std::move(message), "ValidationException");
}

Result<Update::Term> parse_term(Cursor& cursor, Substitutions& substitutions) {
  Update::Term term;
  const bool call = cursor.peek(1).kind == Token::Kind::symbol && cursor.peek(1).text == "(";
  std::size_t wanted = 1;
  if (call && cursor.take_word("if_not_exists")) {
    term.kind = Update::Term::Kind::if_not_exists;
    wanted = 2;
  } else if (call && cursor.take_word("list_append")) {
    term.kind = Update::Term::Kind::list_append;
    wanted = 2;
  } else if (call) {
    return cursor.invalid(fmt::format("Invalid function name; function: {}", cursor.peek().text));
  }
  if (wanted == 2) cursor.next();
  for (std::size_t i = 0; i < wanted; ++i) {
    if (i > 0) {
      if (auto comma = cursor.expect_symbol(","); !comma) return pass_on(comma);
    }
    auto operand = parse_operand(cursor, substitutions);
    if (!operand) return pass_on(operand);
    term.operands.push_back(std::move(*operand));
  }
  if (wanted == 2) {
    if (auto closed = cursor.expect_symbol(")"); !closed) return pass_on(closed);
  }
  if (term.kind == Update::Term::Kind::if_not_exists && term.operands[0].kind != Operand::Kind::path)
    return cursor.invalid("Operator or function requires a document path; operator or function: if_not_exists");
  return term;
}

Result<Update::Assignment> parse_assignment(Cursor& cursor, Substitutions& substitutions) {
  auto path = parse_path(cursor, substitutions);
  if (!path) return pass_on(path);
  if (auto equals = cursor.expect_symbol("="); !equals) return pass_on(equals);
  auto left = parse_term(cursor, substitutions);
  if (!left) return pass_on(left);
  Update::Assignment assignment{.path = std::move(*path), .left = std::move(*left)};
  for (const char sign : {'+', '-'}) {
    if (!cursor.take_symbol(std::string_view(&sign, 1))) continue;
    auto right = parse_term(cursor, substitutions);
    if (!right) return pass_on(right);
    assignment.sign = sign;
    assignment.right = std::move(*right);
    break;
  }
  return assignment;
}

// Where a path's last step is to be written; null where its parent is missing or of the wrong kind.
json::value* parent_of(json::object& item, const Path& path) {
  Path parent(path.begin(), path.end() - 1);
  return const_cast<json::value*>(find(item, parent));
}

Result<void> assign(json::object& item, const Path& path, json::value value) {
  if (path.size() == 1) {
    item[std::get<std::string>(path[0])] = std::move(value);
    return {};
  }
  json::value* parent = parent_of(item, path);
  const auto missing = [] {
    return invalid("The document path provided in the update expression is invalid for update");
  };
  if (!parent) return missing();
  if (const auto* name = std::get_if<std::string>(&path.back())) {
    auto* map = parent->get_object().if_contains("M");
    if (!map) return missing();
    map->get_object()[*name] = std::move(value);
    return {};
  }
  auto* list = parent->get_object().if_contains("L");
  if (!list) return missing();
  auto& elements = list->get_array();
  const auto index = std::get<std::size_t>(path.back());
  if (index < elements.size()) {
    elements[index] = std::move(value);
  } else {
    elements.push_back(std::move(value));
  }
  return {};
}

void remove(json::object& item, const Path& path) {
  if (path.size() == 1) {
    item.erase(std::get<std::string>(path[0]));
    return;
  }
  json::value* parent = parent_of(item, path);
  if (!parent) return;
  if (const auto* name = std::get_if<std::string>(&path.back())) {
    if (auto* map = parent->get_object().if_contains("M")) map->get_object().erase(*name);
    return;
  }
  auto* list = parent->get_object().if_contains("L");
  const auto index = std::get<std::size_t>(path.back());
  if (list && index < list->get_array().size())
    list->get_array().erase(list->get_array().begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace

Result<Update> Update::parse(std::string_view text, Substitutions& substitutions) {
  auto tokens = tokenize(what, text);
  if (!tokens) return pass_on(tokens);
  Cursor cursor{what, std::move(*tokens)};
  Update update;
  std::set<std::string> seen;
  while (!cursor.at_end()) {
    const std::string clause(cursor.next().text);
    const bool is_set = equal_ignoring_case(clause, "SET");
    if (!is_set && !equal_ignoring_case(clause, "REMOVE"))
      return cursor.invalid(
          equal_ignoring_case(clause, "ADD") || equal_ignoring_case(clause, "DELETE")
              ? fmt::format("The {} section is not supported here; use SET", clause)
              : fmt::format("Syntax error; token: \"{}\", near: \"{} {}\"", clause, clause, cursor.peek().text));
    if (!seen.insert(is_set ? "SET" : "REMOVE").second)
      return cursor.invalid(
          fmt::format("The \"{}\" section can only be used once in an update expression;", is_set ? "SET" : "REMOVE"));
    do {
      if (is_set) {
        auto assignment = parse_assignment(cursor, substitutions);
        if (!assignment) return pass_on(assignment);
        update.set_.push_back(std::move(*assignment));
      } else {
        auto path = parse_path(cursor, substitutions);
        if (!path) return pass_on(path);
        update.remove_.push_back(std::move(*path));
      }
      if (auto counted = cursor.count_operator(); !counted) return pass_on(counted);
    } while (cursor.take_symbol(","));
  }
  return update;
}

Result<json::value> Update::evaluate(const Term& term, const json::object& item) const {
  const auto missing = [] {
    return invalid("The provided expression refers to an attribute that does not exist in the item");
  };
  auto first = value_of(term.operands[0], item);
  if (term.kind == Term::Kind::operand) return first ? Result<json::value>(std::move(*first)) : missing();
  auto second = value_of(term.operands[1], item);
  if (term.kind == Term::Kind::if_not_exists) {
    if (first) return std::move(*first);
    return second ? Result<json::value>(std::move(*second)) : missing();
  }
  if (!first || !second) return missing();
  if (type_of(*first) != "L" || type_of(*second) != "L")
    return invalid("An operand in the update expression has an incorrect data type");
  auto& elements = first->at("L").get_array();
  for (const auto& element : second->at("L").get_array()) elements.push_back(element);
  return std::move(*first);
}

Result<json::object> Update::apply(json::object item) const {
  const json::object before = item;
  for (const Assignment& assignment : set_) {
    auto value = evaluate(assignment.left, before);
    if (!value) return pass_on(value);
    if (assignment.sign != 0) {
      auto right = evaluate(assignment.right, before);
      if (!right) return pass_on(right);
      value = add(*value, *right, assignment.sign == '-');
      if (!value) return pass_on(value);
    }
    if (auto done = assign(item, assignment.path, std::move(*value)); !done) return pass_on(done);
  }
  for (const Path& path : remove_) remove(item, path);
  return item;
}

std::set<std::string, std::less<>> Update::attributes() const {
  std::set<std::string, std::less<>> all;
  for (const Assignment& assignment : set_) all.insert(std::get<std::string>(assignment.path[0]));
  for (const Path& path : remove_) all.insert(std::get<std::string>(path[0]));
  return all;
}

}  // namespace tocsin::expression
