#include <fmt/format.h>

#include "jsonpath/detail/path_text.h"
#include "jsonpath/jsonpath.h"

namespace tocsin::jsonpath {
namespace {

// Whether every step can be taken: an object (or nothing yet) under a name, an existing element under an index.
bool can_assign(const json::value& root, std::span<const Token> tokens) {
  const json::value* here = &root;
  for (const auto& token : tokens) {
    if (token.kind == Token::Kind::property) {
      if (here) {
        if (!here->is_object()) return false;
        here = here->get_object().if_contains(token.names[0]);
      }
    } else {
      if (!here || !here->is_array()) return false;
      const auto index = static_cast<std::size_t>(token.indices[0]);
      if (index >= here->get_array().size()) return false;
      here = &here->get_array()[index];
    }
  }
  return true;
}

}  // namespace

Result<void> Path::assign(json::value& root, json::value value) const {
  if (!reference_) return fail(ErrorCode::validation, fmt::format("'{}' is not a reference path", text_));
  if (!can_assign(root, tokens_))
    return fail(ErrorCode::validation, fmt::format("{} cannot be written in this document", to_text(tokens_)));
  json::value* here = &root;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const auto& token = tokens_[i];
    if (token.kind == Token::Kind::property) {
      here = &here->get_object()[token.names[0]];
      if (i + 1 < tokens_.size() && tokens_[i + 1].kind == Token::Kind::property && here->is_null())
        here->emplace_object();
    } else {
      here = &here->get_array()[static_cast<std::size_t>(token.indices[0])];
    }
  }
  *here = std::move(value);
  return {};
}

}  // namespace tocsin::jsonpath
