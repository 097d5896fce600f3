// DynamoDB's attribute values and the expressions over them: conditions, projections and updates. Pure.
//
//   expression/value.h        {"S":"text"}, {"N":"12"}, …: validity, equality, order, size
//   expression/expression.h   ExpressionAttributeNames and -Values; Condition, Projection, Update
//
// An item is an object of attribute values by name. Errors are ValidationException with DynamoDB's own sentences.
// Source: DynamoDB developer guide, "Expressions in DynamoDB", and the API reference.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::expression {

// Limits of DynamoDB.
inline constexpr std::size_t expression_bytes_max = 4096;
inline constexpr std::size_t operators_max = 300;
inline constexpr std::size_t in_operands_max = 100;

// What "#name" and ":value" stand for, and which of them were used.
class Substitutions {
 public:
  // Either may be null: none given. Error: a value that is no attribute value, a name or key of the wrong form.
  static Result<Substitutions> read(const json::value* names, const json::value* values);

  Result<std::string> name(std::string_view key);          // "#n"
  Result<const json::value*> value(std::string_view key);  // ":v"
  // Error where one was given and no expression used it.
  Result<void> check_all_used() const;

 private:
  json::object names_, values_;
  std::set<std::string, std::less<>> used_;
};

// A document path: attribute, then members and list elements.
using Step = std::variant<std::string, std::size_t>;
using Path = std::vector<Step>;

// The value at a path of an item; null where there is none.
const json::value* find(const json::object& item, const Path& path);

struct Operand {
  enum class Kind { path, value, size } kind = Kind::value;
  Path path = {};          // of path and size
  json::value value = {};  // of value
};

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal };

struct Node {
  enum class Kind { any, all, negation, compare, between, in, exists, not_exists, type, begins_with, contains };
  Kind kind = Kind::all;
  Comparison comparison = Comparison::equal;
  std::vector<Operand> operands = {};
  std::vector<Node> children = {};
};

// A condition, filter or key condition. `what` names it in errors: "FilterExpression".
class Condition {
 public:
  static Result<Condition> parse(std::string_view what, std::string_view text, Substitutions& substitutions);
  bool holds(const json::object& item) const;
  const Node& root() const { return root_; }

 private:
  Node root_;
};

class Projection {
 public:
  static Result<Projection> parse(std::string_view text, Substitutions& substitutions);
  // The parts of `item` that the paths name.
  json::object apply(const json::object& item) const;

 private:
  std::vector<Path> paths_;
};

// SET a = operand [± operand], with if_not_exists and list_append; REMOVE; ADD and DELETE are refused with a sentence.
class Update {
 public:
  static Result<Update> parse(std::string_view text, Substitutions& substitutions);
  // The item after the update. Error: a path whose parent is missing, arithmetic on what is no number.
  Result<json::object> apply(json::object item) const;
  // The top-level attributes that it sets or removes.
  std::set<std::string, std::less<>> attributes() const;

  struct Term {
    enum class Kind { operand, if_not_exists, list_append } kind = Kind::operand;
    std::vector<Operand> operands;  // if_not_exists: path, then value
  };
  struct Assignment {
    Path path;
    Term left;
    char sign = 0;  // '+', '-', or none
    Term right = {};
  };

 private:
  Result<json::value> evaluate(const Term& term, const json::object& item) const;
  std::vector<Assignment> set_;
  std::vector<Path> remove_;
};

}  // namespace tocsin::expression
