#include <algorithm>

#include <fmt/format.h>

#include "expression/operand.h"
#include "expression/value.h"

namespace tocsin::expression {
namespace {

constexpr int nesting_max = 64;

class Parser {
 public:
  Parser(Cursor& cursor, Substitutions& substitutions) : cursor_{cursor}, substitutions_{substitutions} {}

  Result<Node> any(int depth) { return chain("OR", Node::Kind::any, depth); }

 private:
  Result<Node> chain(std::string_view word, Node::Kind kind, int depth) {
    const bool outer = kind == Node::Kind::any;
    auto first = outer ? chain("AND", Node::Kind::all, depth) : negation(depth);
    if (!first) return first;
    if (!is_word(word)) return first;
    Node node{.kind = kind};
    node.children.push_back(std::move(*first));
    while (cursor_.take_word(word)) {
      if (auto counted = cursor_.count_operator(); !counted) return pass_on(counted);
      auto next = outer ? chain("AND", Node::Kind::all, depth) : negation(depth);
      if (!next) return next;
      node.children.push_back(std::move(*next));
    }
    return node;
  }

  Result<Node> negation(int depth) {
    if (depth > nesting_max) return cursor_.invalid("The expression is nested too deeply");
    if (is_word("NOT")) {
      cursor_.next();
      if (auto counted = cursor_.count_operator(); !counted) return pass_on(counted);
      auto inner = negation(depth + 1);
      if (!inner) return inner;
      Node node{.kind = Node::Kind::negation};
      node.children.push_back(std::move(*inner));
      return node;
    }
    return primary(depth);
  }

  Result<Node> primary(int depth) {
    if (auto counted = cursor_.count_operator(); !counted) return pass_on(counted);
    if (cursor_.take_symbol("(")) {
      auto inner = any(depth + 1);
      if (!inner) return inner;
      if (auto closed = cursor_.expect_symbol(")"); !closed) return pass_on(closed);
      return inner;
    }
    if (const auto kind = function_kind()) return function(*kind);
    return comparison();
  }

  std::optional<Node::Kind> function_kind() const {
    static constexpr std::pair<std::string_view, Node::Kind> functions[] = {
        {"attribute_exists", Node::Kind::exists}, {"attribute_not_exists", Node::Kind::not_exists},
        {"attribute_type", Node::Kind::type},     {"begins_with", Node::Kind::begins_with},
        {"contains", Node::Kind::contains},
    };
    if (cursor_.peek().kind != Token::Kind::word || cursor_.peek(1).text != "(") return std::nullopt;
    for (const auto& [name, kind] : functions) {
      if (equal_ignoring_case(cursor_.peek().text, name)) return kind;
    }
    return std::nullopt;
  }

  Result<Node> function(Node::Kind kind) {
    const std::string name(cursor_.next().text);
    cursor_.next();
    Node node{.kind = kind};
    do {
      auto operand = parse_operand(cursor_, substitutions_);
      if (!operand) return pass_on(operand);
      node.operands.push_back(std::move(*operand));
    } while (cursor_.take_symbol(","));
    if (auto closed = cursor_.expect_symbol(")"); !closed) return pass_on(closed);
    const bool presence = kind == Node::Kind::exists || kind == Node::Kind::not_exists;
    const std::size_t wanted = presence ? 1 : 2;
    if (node.operands.size() != wanted)
      return cursor_.invalid(
          fmt::format("Incorrect number of operands for operator or function; operator or function: {}, number of "
                      "operands: {}",
                      name, node.operands.size()));
    if (presence && node.operands[0].kind != Operand::Kind::path)
      return cursor_.invalid(
          fmt::format("Operator or function requires a document path; operator or function: {}", name));
    return node;
  }

  std::optional<Comparison> take_comparator() {
    static constexpr std::pair<std::string_view, Comparison> comparators[] = {
        {"=", Comparison::equal},          {"<>", Comparison::not_equal}, {"<=", Comparison::less_equal},
        {">=", Comparison::greater_equal}, {"<", Comparison::less},       {">", Comparison::greater},
    };
    for (const auto& [symbol, comparison] : comparators) {
      if (cursor_.take_symbol(symbol)) return comparison;
    }
    return std::nullopt;
  }

  Result<Node> comparison() {
    auto left = parse_operand(cursor_, substitutions_);
    if (!left) return pass_on(left);
    Node node;
    node.operands.push_back(std::move(*left));
    if (cursor_.take_word("BETWEEN")) return between(std::move(node));
    if (cursor_.take_word("IN")) return in(std::move(node));
    const auto comparator = take_comparator();
    if (!comparator) return cursor_.syntax_error();
    node.kind = Node::Kind::compare;
    node.comparison = *comparator;
    auto right = parse_operand(cursor_, substitutions_);
    if (!right) return pass_on(right);
    node.operands.push_back(std::move(*right));
    return node;
  }

  Result<Node> between(Node node) {
    node.kind = Node::Kind::between;
    auto low = parse_operand(cursor_, substitutions_);
    if (!low) return pass_on(low);
    if (!cursor_.take_word("AND")) return cursor_.syntax_error();
    auto high = parse_operand(cursor_, substitutions_);
    if (!high) return pass_on(high);
    if (low->kind == Operand::Kind::value && high->kind == Operand::Kind::value) {
      const auto order = compare(low->value, high->value);
      if (order && *order > 0)
        return cursor_.invalid("The BETWEEN operator requires upper bound to be greater than or equal to lower bound");
    }
    node.operands.push_back(std::move(*low));
    node.operands.push_back(std::move(*high));
    return node;
  }

  Result<Node> in(Node node) {
    node.kind = Node::Kind::in;
    if (auto opened = cursor_.expect_symbol("("); !opened) return pass_on(opened);
    do {
      auto operand = parse_operand(cursor_, substitutions_);
      if (!operand) return pass_on(operand);
      node.operands.push_back(std::move(*operand));
      if (node.operands.size() > in_operands_max + 1)
        return cursor_.invalid("The IN operator is provided with too many operands");
    } while (cursor_.take_symbol(","));
    if (auto closed = cursor_.expect_symbol(")"); !closed) return pass_on(closed);
    return node;
  }

  bool is_word(std::string_view word) const {
    return cursor_.peek().kind == Token::Kind::word && equal_ignoring_case(cursor_.peek().text, word);
  }

  Cursor& cursor_;
  Substitutions& substitutions_;
};

bool compare_holds(Comparison comparison, const json::value& left, const json::value& right) {
  if (comparison == Comparison::equal) return equal(left, right);
  if (comparison == Comparison::not_equal) return !equal(left, right);
  const auto order = compare(left, right);
  if (!order) return false;
  switch (comparison) {
    case Comparison::less:
      return *order < 0;
    case Comparison::less_equal:
      return *order <= 0;
    case Comparison::greater:
      return *order > 0;
    default:
      return *order >= 0;
  }
}

bool contains_holds(const json::value& whole, const json::value& part) {
  const auto type = type_of(whole);
  if (type == "S") {
    const auto text = text_of(part);
    return text && text_of(whole)->find(*text) != std::string_view::npos;
  }
  if (type == "L") {
    const auto& elements = whole.at("L").get_array();
    return std::any_of(elements.begin(), elements.end(), [&](const auto& element) { return equal(element, part); });
  }
  if (type != "SS" && type != "NS" && type != "BS") return false;
  const auto& elements = whole.at(type).get_array();
  return type.substr(0, 1) == type_of(part) &&
         std::find(elements.begin(), elements.end(), part.at(type.substr(0, 1))) != elements.end();
}

bool function_holds(const Node& node, const json::value& subject, const json::value& argument) {
  if (node.kind == Node::Kind::contains) return contains_holds(subject, argument);
  const auto text = text_of(argument);
  if (!text) return false;
  if (node.kind == Node::Kind::type) return type_of(subject) == *text;
  const auto whole = text_of(subject);
  return whole && whole->starts_with(*text);
}

bool node_holds(const Node& node, const json::object& item);

bool operands_hold(const Node& node, const json::object& item) {
  const auto first = value_of(node.operands[0], item);
  if (node.kind == Node::Kind::exists) return first.has_value();
  if (node.kind == Node::Kind::not_exists) return !first.has_value();
  if (node.kind == Node::Kind::in) {
    return first && std::any_of(node.operands.begin() + 1, node.operands.end(), [&](const Operand& operand) {
             const auto other = value_of(operand, item);
             return other && equal(*first, *other);
           });
  }
  const auto second = value_of(node.operands[1], item);
  // What is missing differs from everything.
  if (!first || !second) return node.kind == Node::Kind::compare && node.comparison == Comparison::not_equal;
  if (node.kind == Node::Kind::compare) return compare_holds(node.comparison, *first, *second);
  if (node.kind == Node::Kind::between) {
    const auto third = value_of(node.operands[2], item);
    return third && compare_holds(Comparison::greater_equal, *first, *second) &&
           compare_holds(Comparison::less_equal, *first, *third);
  }
  return function_holds(node, *first, *second);
}

bool node_holds(const Node& node, const json::object& item) {
  const auto holds = [&](const Node& child) { return node_holds(child, item); };
  switch (node.kind) {
    case Node::Kind::any:
      return std::any_of(node.children.begin(), node.children.end(), holds);
    case Node::Kind::all:
      return std::all_of(node.children.begin(), node.children.end(), holds);
    case Node::Kind::negation:
      return !holds(node.children[0]);
    default:
      return operands_hold(node, item);
  }
}

}  // namespace

Result<Condition> Condition::parse(std::string_view what, std::string_view text, Substitutions& substitutions) {
  auto tokens = tokenize(what, text);
  if (!tokens) return pass_on(tokens);
  Cursor cursor{what, std::move(*tokens)};
  auto root = Parser{cursor, substitutions}.any(0);
  if (!root) return pass_on(root);
  if (!cursor.at_end()) return cursor.syntax_error();
  Condition condition;
  condition.root_ = std::move(*root);
  return condition;
}

bool Condition::holds(const json::object& item) const {
  return node_holds(root_, item);
}

}  // namespace tocsin::expression
