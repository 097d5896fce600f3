#include <algorithm>

#include <fmt/format.h>

#include "jsonpath/jsonpath.h"
#include "simulation/simulate.h"

namespace tocsin::simulation {
namespace {

constexpr std::int64_t repeat_max = 16 * 1024 * 1024;

// Not cut inside a character.
std::string shown(const json::value& payload) {
  auto text = asl::to_text(payload);
  if (text.size() <= 1000) return text;
  std::size_t end = 1000;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

Result<json::value> repeated(const json::value& described, const std::string& path) {
  const auto* object = described.if_object();
  const auto text = object ? string_at(*object, "char") : std::string_view();
  const auto count = object ? integer_at(*object, "count", -1) : -1;
  if (text.empty() || count < 0 || count > repeat_max)
    return fail(ErrorCode::validation, "return_repeat needs a char and a count up to 16777216", {}, path);
  json::string result;
  result.reserve(text.size() * static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) result.append(text);
  return json::value(std::move(result));
}

Result<MockedAnswer> read_answer(const json::value& value, const std::string& path) {
  const auto* object = value.if_object();
  if (!object) return fail(ErrorCode::validation, "an answer must be an object", {}, path);
  MockedAnswer answer;
  for (const auto& member : *object) {
    const std::string_view key = member.key();
    if (key == "args")
      answer.args = member.value();
    else if (key == "return")
      answer.result = member.value();
    else if (key == "never")
      answer.never = member.value().is_bool() && member.value().get_bool();
    else if (key == "return_repeat") {
      auto result = repeated(member.value(), path);
      if (!result) return pass_on(result);
      answer.result = std::move(*result);
    } else if (key != "error" && key != "cause") {
      return fail(ErrorCode::validation, fmt::format("'{}' is not a field of an answer", key), {}, path);
    }
  }
  answer.error = string_at(*object, "error");
  answer.cause = string_at(*object, "cause");
  if (!answer.result && !answer.never && !object->contains("error"))
    return fail(ErrorCode::validation, "an answer needs 'return', 'return_repeat', 'error' or 'never'", {}, path);
  return answer;
}

}  // namespace

Result<Mocks> Mocks::parse(const json::object& mocks) {
  Mocks read;
  for (const auto& member : mocks) {
    const std::string resource(std::string_view(member.key()));
    const auto* list = member.value().if_array();
    if (!list) return fail(ErrorCode::validation, "the answers of a resource must be an array", {}, "/" + resource);
    for (std::size_t i = 0; i < list->size(); ++i) {
      auto answer = read_answer((*list)[i], fmt::format("/{}[{}]", resource, i));
      if (!answer) return pass_on(answer);
      read.add(resource, std::move(*answer));
    }
  }
  return read;
}

void Mocks::add(std::string resource, MockedAnswer answer) {
  entries_[std::move(resource)].push_back({std::move(answer)});
}

const MockedAnswer* Mocks::take(const std::string& resource, const json::value& payload, bool any_order,
                                std::string& problem) {
  const auto found = entries_.find(resource);
  const auto use = [](Entry& entry) {
    entry.used = true;
    return &entry.answer;
  };
  if (found != entries_.end()) {
    for (auto& entry : found->second)
      if (!entry.used && entry.answer.args && jsonpath::equal(*entry.answer.args, payload)) return use(entry);
    for (auto& entry : found->second)
      if (!entry.used && !entry.answer.args) return use(entry);
    for (auto& entry : found->second) {
      if (entry.used || any_order) continue;
      problem =
          fmt::format("{} was called with {}, expected was {}", resource, shown(payload), shown(*entry.answer.args));
      return use(entry);
    }
  }
  problem = found == entries_.end()
                ? fmt::format("there is no mock of {}, which is called with {}", resource, shown(payload))
                : fmt::format("none of the {} mocked answers of {} is left for a call with {}", found->second.size(),
                              resource, shown(payload));
  return nullptr;
}

std::vector<Mocks::Leftover> Mocks::leftovers() const {
  std::vector<Leftover> left;
  for (const auto& [resource, entries] : entries_) {
    const auto used = static_cast<std::size_t>(std::ranges::count_if(entries, &Entry::used));
    if (used < entries.size()) left.push_back({resource, used, entries.size()});
  }
  return left;
}

std::string to_text(const Mocks::Leftover& leftover) {
  if (leftover.used == 0) return fmt::format("the mock of {} was never called", leftover.resource);
  const auto left = leftover.answers - leftover.used;
  return fmt::format("{} of the {} mocked answers of {} {} never asked for", left, leftover.answers, leftover.resource,
                     left == 1 ? "was" : "were");
}

}  // namespace tocsin::simulation
