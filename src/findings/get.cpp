// GetFindings.
#include <fmt/format.h>

#include "findings/detail/columns.h"
#include "findings/detail/page.h"
#include "findings/detail/token.h"
#include "findings/findings.h"

namespace tocsin::findings {
namespace {

// A token holds good for the request that it was given for.
std::string request_mark(const json::object& filters, const json::array& criteria) {
  return fmt::format("{:016x}",
                     static_cast<std::uint64_t>(detail::term_number(to_json(filters), to_json(json::value(criteria)))));
}

// The content of the request's token under "at"; empty where the request has none.
Result<json::object> place_after(const json::object& input, std::string_view mark) {
  const auto token = string_at(input, "NextToken");
  if (token.empty()) return json::object{};
  auto content = detail::read_token(token);
  if (!content) return pass_on(content);
  auto* at = content->if_contains("at");
  if (string_at(*content, "for") != mark || !at || !at->is_object() || at->get_object().empty())
    return detail::bad_token();
  return std::move(at->get_object());
}

}  // namespace

Result<json::object> Findings::get_findings(store::Reader& reader, const json::object& input) const {
  if (auto enabled = hub_.require_enabled(reader); !enabled) return pass_on(enabled);
  static const json::object no_filters;
  static const json::array no_criteria;
  const auto* filters_value = input.if_contains("Filters");
  const auto* criteria_value = input.if_contains("SortCriteria");
  const auto& filters = filters_value && filters_value->is_object() ? filters_value->get_object() : no_filters;
  const auto& criteria = criteria_value && criteria_value->is_array() ? criteria_value->get_array() : no_criteria;
  auto filter = asff::Filter::compile(filters);
  if (!filter) return pass_on(filter);
  auto order = asff::SortOrder::compile(criteria);
  if (!order) return pass_on(order);
  const auto mark = request_mark(filters, criteria);
  auto after = place_after(input, mark);
  if (!after) return pass_on(after);
  auto search = detail::plan(reader, *filter, filters);
  auto page = detail::read_page(reader, {.filter = std::move(*filter),
                                         .order = std::move(*order),
                                         .is_sorted = !criteria.empty(),
                                         .search = std::move(search),
                                         .findings_max = detail::page_size(input),
                                         .after = std::move(*after)});
  if (!page) return pass_on(page);
  json::object answer{{"Findings", std::move(page->findings)}};
  if (!page->next.empty()) answer["NextToken"] = detail::make_token({{"for", mark}, {"at", std::move(page->next)}});
  return answer;
}

}  // namespace tocsin::findings
