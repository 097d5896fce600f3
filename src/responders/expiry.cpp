#include "responders/responders.h"

namespace tocsin::responders {

Result<json::value> get_expired_ip(std::chrono::hours retention, Ports& ports) {
  auto expired = ports.table->expire(retention);
  if (!expired) return pass_on(expired);
  json::array list;
  for (const auto& host : *expired) list.push_back(json::object{{"IP", host}});
  const bool needed = !list.empty();
  return json::value(json::object{{"PruningNeeded", needed}, {"ExpiredIPList", std::move(list)}});
}

Result<json::value> remove_ip(const json::value& input, Ports& ports) {
  const auto* list = find(input, "ExpiredIPList");
  if (!list || !list->is_array())
    return fail(ErrorCode::validation, "ExpiredIPList is missing", "KeyError", "ExpiredIPList");
  json::array removed;
  json::array kept;
  for (const auto& entry : list->get_array()) {
    const auto host = entry.is_object() ? string_at(entry.get_object(), "IP") : std::string_view();
    if (host.empty())
      return fail(ErrorCode::validation, "an entry of ExpiredIPList has no IP", "KeyError", "ExpiredIPList");
    auto gone = ports.table->remove(host);
    if (!gone) return pass_on(gone);
    (*gone ? removed : kept).push_back(json::value(host));
  }
  return json::value(json::object{{"Removed", std::move(removed)}, {"Kept", std::move(kept)}});
}

}  // namespace tocsin::responders
