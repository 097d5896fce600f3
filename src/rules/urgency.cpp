#include "rules/urgency.h"

#include <algorithm>

#include <simdjson.h>

namespace tocsin::rules {
namespace {

namespace ondemand = simdjson::ondemand;
using store::Lane;

Lane lane_of_label(std::string_view label) {
  if (label == "CRITICAL") return Lane::alert;
  return label == "MEDIUM" || label == "LOW" || label == "INFORMATIONAL" ? Lane::bulk : Lane::notice;
}

// GuardDuty's own severities. Source: GuardDuty user guide, "Severity levels".
Lane lane_of_number(double severity) {
  if (severity >= 9) return Lane::alert;
  return severity >= 7 ? Lane::notice : Lane::bulk;
}

// The most urgent of the findings.
Lane lane_of_findings(ondemand::array findings) {
  Lane most_urgent = Lane::bulk;
  for (auto finding : findings) {
    std::string_view label;
    Lane lane = Lane::notice;
    if (!finding["Severity"]["Label"].get_string().get(label)) lane = lane_of_label(label);
    most_urgent = std::min(most_urgent, lane);
    if (most_urgent == Lane::alert) break;
  }
  return most_urgent;
}

}  // namespace

Lane lane_of_event(std::string_view event) {
  thread_local ondemand::parser parser;
  thread_local std::string padded;
  padded.reserve(event.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(event);
  ondemand::document document;
  if (parser.iterate(padded.data(), padded.size(), padded.capacity()).get(document)) return Lane::notice;
  std::string_view type;
  if (document["detail-type"].get_string().get(type)) return Lane::notice;
  if (type.ends_with("Custom Action")) return Lane::alert;
  ondemand::object detail;
  if (document["detail"].get_object().get(detail)) return Lane::notice;
  double severity = 0;
  if (type == "GuardDuty Finding")
    return detail["severity"].get_double().get(severity) ? Lane::notice : lane_of_number(severity);
  ondemand::array findings;
  if (detail["findings"].get_array().get(findings)) return Lane::notice;
  bool is_empty = true;
  if (findings.is_empty().get(is_empty) || is_empty) return Lane::notice;
  return lane_of_findings(findings);
}

}  // namespace tocsin::rules
