#include <algorithm>

#include <fmt/format.h>

#include "jsonpath/detail/filter.h"
#include "jsonpath/detail/path_text.h"
#include "jsonpath/jsonpath.h"

namespace tocsin::jsonpath {
namespace {

const json::value* element(const json::array& array, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(array.size());
  const auto effective = index < 0 ? size + index : index;
  if (effective < 0 || effective >= size) return nullptr;
  return &array[static_cast<std::size_t>(effective)];
}

std::unexpected<Error> not_found(std::string message) {
  return fail(ErrorCode::validation, std::move(message));
}

// Walks the tokens over the document and gathers what it reaches, as Jayway's PathToken classes do. What is missing
// below a definite path is an error; below an indefinite one it is passed over.
class Walk {
 public:
  Walk(std::span<const Token> tokens, const json::value& document, Budget& budget)
      : tokens_(tokens), document_(document), budget_(budget) {}

  Result<void> run(const json::value& root) {
    step(0, root, true);
    if (!error_.empty()) return not_found(std::move(error_));
    return {};
  }
  std::vector<const json::value*> found;

 private:
  bool failed() const { return !error_.empty(); }
  void fail_with(std::string message) {
    if (error_.empty()) error_ = std::move(message);
  }

  void step(std::size_t at, const json::value& here, bool definite) {
    if (failed()) return;
    if (!budget_.spend()) return fail_with(fmt::format("the path visits more than {} places", visits_max));
    if (at == tokens_.size()) return found.push_back(&here);
    const auto& token = tokens_[at];
    switch (token.kind) {
      case Token::Kind::property:
        return property(at, here, definite);
      case Token::Kind::index:
        return index(at, here, definite);
      case Token::Kind::slice:
        return slice(at, here, definite);
      case Token::Kind::wildcard:
        return wildcard(at, here);
      case Token::Kind::scan:
        return scan(at, here);
      case Token::Kind::filter:
        return filter(at, here, definite);
    }
  }

  void property(std::size_t at, const json::value& here, bool definite) {
    const auto& names = tokens_[at].names;
    const auto* object = here.if_object();
    if (!object) {
      if (definite)
        fail_with(fmt::format("Expected to find an object with property {} in path {} but found '{}'.",
                              to_text(tokens_[at]), to_text(tokens_.first(at)), json::to_string(here.kind())));
      return;
    }
    for (const auto& name : names) {
      if (const auto* member = object->if_contains(name)) {
        step(at + 1, *member, definite && names.size() == 1);
      } else if (definite && names.size() == 1 && at + 1 < tokens_.size()) {
        fail_with(fmt::format("Missing property in path {}", to_text(tokens_.first(at + 1))));
      }
    }
  }

  // True if `here` is an array; else, under a definite path, notes the failure.
  bool is_array(std::size_t at, const json::value& here, bool definite) {
    if (here.is_array()) return true;
    if (definite && here.is_null())
      fail_with(fmt::format("The path {} is null", to_text(tokens_.first(at))));
    else if (definite)
      fail_with(fmt::format("Filter: {} can only be applied to arrays. Current context is: {}", to_text(tokens_[at]),
                            to_json(here).substr(0, 1000)));
    return false;
  }

  void index(std::size_t at, const json::value& here, bool definite) {
    if (!is_array(at, here, definite)) return;
    for (const auto i : tokens_[at].indices)
      if (const auto* value = element(here.get_array(), i))
        step(at + 1, *value, definite && tokens_[at].indices.size() == 1);
  }

  // Jayway's three cases: only [from:] and [:to] turn negative bounds around; [from:to] counts through, so that a
  // negative index in between means the element from the end.
  void slice(std::size_t at, const json::value& here, bool definite) {
    if (!is_array(at, here, definite)) return;
    const auto& token = tokens_[at];
    const auto& array = here.get_array();
    const auto size = static_cast<std::int64_t>(array.size());
    std::int64_t from = token.has_from ? token.from : 0;
    std::int64_t to = token.has_to ? std::min(token.to, size) : size;
    if (!token.has_to) from = from < 0 ? std::max<std::int64_t>(0, size + std::max(from, -size)) : from;
    if (!token.has_from && to < 0) to = size + std::max(to, -size);
    from = std::max(from, -size);
    for (auto i = from; i < to && !failed(); ++i)
      if (const auto* value = element(array, i)) step(at + 1, *value, false);
  }

  void wildcard(std::size_t at, const json::value& here) {
    if (const auto* object = here.if_object()) {
      for (const auto& member : *object) step(at + 1, member.value(), false);
    } else if (const auto* array = here.if_array()) {
      for (const auto& value : *array) step(at + 1, value, false);
    }
  }

  // "..x": x at `here` and at everything below it, parents before children.
  void scan(std::size_t at, const json::value& here) {
    if (failed() || !here.is_structured()) return;
    if (!budget_.spend()) return fail_with(fmt::format("the path visits more than {} places", visits_max));
    if (at + 1 < tokens_.size()) step(at + 1, here, false);
    if (const auto* object = here.if_object()) {
      for (const auto& member : *object) scan(at, member.value());
    } else {
      for (const auto& value : here.get_array()) scan(at, value);
    }
  }

  void filter(std::size_t at, const json::value& here, bool definite) {
    const auto& filter = *tokens_[at].filter;
    if (here.is_object()) {
      if (accepts(filter, here, document_, budget_)) step(at + 1, here, false);
    } else if (const auto* array = here.if_array()) {
      for (const auto& value : *array) {
        if (failed()) return;
        if (!budget_.spend()) return fail_with(fmt::format("the path visits more than {} places", visits_max));
        // After "..", objects in the array are met on their own visit.
        if (at > 0 && tokens_[at - 1].kind == Token::Kind::scan && value.is_structured()) continue;
        if (accepts(filter, value, document_, budget_)) step(at + 1, value, false);
      }
    } else if (definite) {
      fail_with(fmt::format("Filter: [?] can not be applied to primitives. Current context is: {}",
                            to_json(here).substr(0, 1000)));
    }
  }

  std::span<const Token> tokens_;
  const json::value& document_;
  Budget& budget_;
  std::string error_;
};

bool merges(const Path& path) {
  return path.is_definite() && !path.tokens().empty() && path.tokens().back().names.size() > 1;
}

}  // namespace

Result<std::vector<const json::value*>> select(const Path& path, const json::value& root, const json::value& document,
                                               Budget& budget) {
  Walk walk(path.tokens(), document, budget);
  if (auto ran = walk.run(root); !ran) return pass_on(ran);
  return std::move(walk.found);
}

Result<const json::value*> Path::find(const json::value& root) const {
  if (tokens_.empty()) return &root;
  Budget budget;
  auto found = select(*this, root, root, budget);
  if (!found) return pass_on(found);
  if (found->empty() || !definite_ || merges(*this)) return not_found("No results for path: " + to_text(tokens_));
  return found->front();
}

Result<json::value> Path::evaluate(const json::value& root) const {
  if (tokens_.empty()) return root;
  Budget budget;
  if (merges(*this)) {
    auto parent = *this;
    parent.tokens_.pop_back();
    auto holder = parent.find(root);
    if (!holder) return pass_on(holder);
    if (!(*holder)->is_object()) return not_found("No results for path: " + to_text(tokens_));
    json::object merged;
    for (const auto& name : tokens_.back().names)
      if (const auto* member = (*holder)->get_object().if_contains(name)) merged[name] = *member;
    return json::value(std::move(merged));
  }
  if (definite_) {
    auto found = find(root);
    if (!found) return pass_on(found);
    return **found;
  }
  auto found = select(*this, root, root, budget);
  if (!found && budget.visits_left == 0) return pass_on(found);
  if (!found) return json::value(json::array());
  json::array list;
  list.reserve(found->size());
  for (const auto* value : *found) list.push_back(*value);
  return json::value(std::move(list));
}

}  // namespace tocsin::jsonpath
