#include "findings/findings.h"

#include <algorithm>

#include "findings/detail/table.h"
#include "findings/prepared.h"

namespace tocsin::findings {
namespace {

// From the most severe; codes are alphabetical.
constexpr std::array<std::string_view, 5> by_gravity{"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"};

}  // namespace

Findings::Findings(Options options, Announce announce)
    : options_{std::move(options)}, announce_{std::move(announce)}, hub_{options_.identity} {}
Findings::~Findings() = default;

Result<std::optional<json::object>> Findings::find(store::Reader& reader, const asff::FindingKey& key) const {
  const auto stored = detail::Stored::find(reader, detail::store_key(key));
  if (!stored) return std::optional<json::object>{};
  auto document = stored->document(reader);
  if (!document) return pass_on(document);
  return std::optional<json::object>{std::move(*document)};
}

Result<json::object> Findings::get(store::Reader& reader, const asff::FindingKey& key) const {
  auto found = find(reader, key);
  if (!found) return pass_on(found);
  if (!*found) return fail(ErrorCode::not_found, "Finding Not Found");
  return std::move(**found);
}

Summary Findings::summary(store::Reader& reader) const {
  std::array<std::int64_t, detail::labels.size()> labels{};
  std::array<std::int64_t, detail::workflows.size()> workflows{};
  Summary summary;
  auto rows = reader.query("SELECT state, count(*) FROM finding GROUP BY state");
  while (rows.next()) {
    const auto state = rows.integer(0);
    const auto count = rows.integer(1);
    if (state < 0 || state >= detail::states) continue;
    summary.total += count;
    if (detail::record_of(state) != 0) continue;
    summary.active += count;
    labels[static_cast<std::size_t>(detail::label_of(state))] += count;
    workflows[static_cast<std::size_t>(detail::workflow_of(state))] += count;
  }
  for (const auto label : by_gravity)
    summary.by_severity.emplace_back(label, labels[static_cast<std::size_t>(*detail::code_of(detail::labels, label))]);
  for (std::size_t i = 0; i < workflows.size(); ++i)
    summary.by_workflow.emplace_back(detail::workflows[i], workflows[i]);
  return summary;
}

std::int64_t Findings::count(store::Reader& reader, const std::vector<std::string>& labels,
                             const std::vector<std::string>& workflows) const {
  const auto is_among = [](const std::vector<std::string>& wanted, std::string_view name) {
    return wanted.empty() || std::ranges::find(wanted, name) != wanted.end();
  };
  std::int64_t count = 0;
  auto rows = reader.query("SELECT state, count(*) FROM finding GROUP BY state");
  while (rows.next()) {
    const auto state = rows.integer(0);
    if (state < 0 || state >= detail::states) continue;
    if (is_among(labels, detail::labels[static_cast<std::size_t>(detail::label_of(state))]) &&
        is_among(workflows, detail::workflows[static_cast<std::size_t>(detail::workflow_of(state))]))
      count += rows.integer(1);
  }
  return count;
}

}  // namespace tocsin::findings
