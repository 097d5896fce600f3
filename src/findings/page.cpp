#include "findings/detail/page.h"

#include <algorithm>

#include <fmt/format.h>

#include "findings/detail/table.h"
#include "findings/detail/token.h"
#include "findings/detail/walk.h"

namespace tocsin::findings::detail {
namespace {

// The finding with this number, if it matches. Error: corrupt.
Result<std::optional<json::object>> match(store::Reader& reader, const PageRequest& request, std::int64_t seq) {
  auto text = text_of(reader, seq);
  if (!text) return pass_on(text);
  if (!*text) return std::optional<json::object>{};
  auto finding = parse_json_object(**text);
  if (!finding) return fail(ErrorCode::corrupt, "a stored finding cannot be read: " + finding.error().message);
  if (!request.filter.matches(*finding, reader.now())) return std::optional<json::object>{};
  return std::optional<json::object>{std::move(*finding)};
}

// Fills a page from a walk. `place` is where the walk stands, as a token's content.
template <class Walk, class Seq, class Place>
Result<Page> fill(store::Reader& reader, const PageRequest& request, Walk& walk, Seq seq_of, Place place_of) {
  Page page;
  std::int64_t looks = 0;
  json::object last;
  while (auto place = walk.next()) {
    if (std::ssize(page.findings) == request.findings_max || looks == page_looks_max) {
      page.next = std::move(last);
      return page;
    }
    ++looks;
    auto finding = match(reader, request, seq_of(*place));
    if (!finding) return pass_on(finding);
    last = place_of(*place);
    if (*finding) page.findings.push_back(std::move(**finding));
  }
  return page;
}

Result<Page> by_arrival(store::Reader& reader, const PageRequest& request) {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!request.after.empty()) {
    before = integer_at(request.after, "seq", -1);
    if (before < 0) return bad_token();
  }
  // One row more than are looked at tells whether there is another page.
  ArrivalWalk walk{reader, request.search, before, page_looks_max + 1};
  return fill(
      reader, request, walk, [](std::int64_t seq) { return seq; },
      [](std::int64_t seq) { return json::object{{"seq", seq}}; });
}

Result<ColumnPlace> place_in(const json::object& token, std::size_t columns) {
  ColumnPlace place{.values = {}, .seq = integer_at(token, "seq", -1)};
  const auto* values = token.if_contains("values");
  if (place.seq < 0 || !values || !values->is_array() || values->get_array().size() != columns) return bad_token();
  for (const auto& value : values->get_array()) {
    if (!value.is_int64()) return bad_token();
    place.values.push_back(value.get_int64());
  }
  return place;
}

Result<Page> by_columns(store::Reader& reader, const PageRequest& request, const std::vector<SortColumn>& order) {
  std::optional<ColumnPlace> after;
  if (!request.after.empty()) {
    auto place = place_in(request.after, order.size());
    if (!place) return pass_on(place);
    after = std::move(*place);
  }
  ColumnWalk walk{reader, request.search, order, after ? &*after : nullptr, page_looks_max + 1};
  return fill(
      reader, request, walk, [](const ColumnPlace& place) { return place.seq; },
      [](const ColumnPlace& place) {
        return json::object{{"seq", place.seq}, {"values", json::array(place.values.begin(), place.values.end())}};
      });
}

// A step of a path like "Resources[].Id": a member, and whether it is a list.
struct Step {
  std::string_view member;
  bool is_list;
  std::string_view rest;  // of the path
};

Step first_step(std::string_view path) {
  const auto dot = std::min(path.find('.'), path.size());
  auto member = path.substr(0, dot);
  const bool is_list = member.ends_with("[]");
  if (is_list) member.remove_suffix(2);
  return {member, is_list, path.substr(std::min(dot + 1, path.size()))};
}

// Copies the first value at a path that there is, with as much around it as it takes to find it there again. False:
// there is none.
bool copy_at(std::string_view path, const json::object& from, json::object& to) {
  const auto step = first_step(path);
  const auto* value = from.if_contains(step.member);
  if (!value) return false;
  const auto copy = [&](const json::value& found, json::value& place) {
    if (step.rest.empty()) {
      place = found;
      return true;
    }
    if (!found.is_object()) return false;
    if (!place.is_object()) place = json::object{};
    return copy_at(step.rest, found.get_object(), place.get_object());
  };
  if (!step.is_list) return copy(*value, to[step.member]);
  if (!value->is_array()) return false;
  auto& list = to[step.member];
  if (!list.is_array()) list = json::array(1);
  return std::ranges::any_of(value->get_array(),
                             [&](const json::value& element) { return copy(element, list.get_array()[0]); });
}

// As much of a finding as the order looks at: what a token holds to go on behind it.
json::object place_of(const json::object& finding, const asff::SortOrder& order) {
  json::object place;
  for (const auto& criterion : order.criteria()) copy_at(criterion.path, finding, place);
  for (const auto* member : {"Id", "ProductArn"}) copy_at(member, finding, place);
  return place;
}

std::unexpected<Error> too_many_to_sort() {
  return fail(ErrorCode::validation,
              fmt::format("More than {} findings match: give narrower Filters, or sort by UpdatedAt, CreatedAt, "
                          "LastObservedAt, SeverityLabel, SeverityNormalized, WorkflowStatus, RecordState or "
                          "ComplianceStatus, in which any number can be sorted",
                          document_sort_max),
              "InvalidInputException", "SortCriteria");
}

// In an order that no column answers: looks at all that can match, keeps one page of them.
Result<Page> by_documents(store::Reader& reader, const PageRequest& request) {
  const auto before = [&](const json::object& a, const json::object& b) { return request.order.before(a, b); };
  const auto findings_max = static_cast<std::size_t>(request.findings_max);
  std::vector<json::object> first;  // a heap with the last of them on top, one more than the page holds
  std::int64_t looks = 0;
  ArrivalWalk walk{reader, request.search, std::numeric_limits<std::int64_t>::max(), document_sort_max + 1};
  while (const auto seq = walk.next()) {
    if (++looks > document_sort_max) return too_many_to_sort();
    auto finding = match(reader, request, *seq);
    if (!finding) return pass_on(finding);
    if (!*finding || (!request.after.empty() && !before(request.after, **finding))) continue;
    first.push_back(std::move(**finding));
    std::ranges::push_heap(first, before);
    if (first.size() > findings_max + 1) {
      std::ranges::pop_heap(first, before);
      first.pop_back();
    }
  }
  std::ranges::sort_heap(first, before);
  Page page;
  const bool more = first.size() > findings_max;
  if (more) first.pop_back();
  for (auto& finding : first) page.findings.emplace_back(std::move(finding));
  if (more) page.next = place_of(page.findings.back().get_object(), request.order);
  return page;
}

}  // namespace

Result<Page> read_page(store::Reader& reader, const PageRequest& request) {
  if (!request.is_sorted) return by_arrival(reader, request);
  std::vector<SortColumn> order;
  for (const auto& criterion : request.order.criteria()) {
    if (!add_sort_columns(criterion.path, criterion.descending, order)) return by_documents(reader, request);
  }
  return by_columns(reader, request, order);
}

}  // namespace tocsin::findings::detail
