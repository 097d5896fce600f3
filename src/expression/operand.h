// Paths and operands, which all expressions share. Inside this folder only.
#pragma once

#include <optional>

#include "expression/expression.h"
#include "expression/lexer.h"

namespace tocsin::expression {

Result<Path> parse_path(Cursor& cursor, Substitutions& substitutions);
// A path, a ":value", or size(path).
Result<Operand> parse_operand(Cursor& cursor, Substitutions& substitutions);
// The operand's value for an item; nothing where the path leads nowhere.
std::optional<json::value> value_of(const Operand& operand, const json::object& item);

}  // namespace tocsin::expression
