// The EventBridge events that Security Hub sends, written once as bytes.
// Source: Security Hub user guide, "EventBridge event formats for Security Hub".
#pragma once

#include <span>
#include <vector>

#include "asff/asff.h"

namespace tocsin::asff {

inline constexpr std::string_view event_source = "aws.securityhub";
inline constexpr std::string_view imported_detail_type = "Security Hub Findings - Imported";
inline constexpr std::string_view custom_action_detail_type = "Security Hub Findings - Custom Action";

// Findings that one custom action may be sent with. Source: Security Hub user guide, "Using custom actions".
inline constexpr std::size_t custom_action_findings_max = 20;

struct EventHeader {
  std::string id;  // a UUID
  Time time;
  Identity hub;
};

// Who made an update, and what it changed; in the event as detail.updateSource = {type, identity, fields}. Not part of
// AWS's event: the built-in rules look at it, so that a responder's own update does not wake the responder again.
struct UpdateSource {
  std::string type;      // "BATCH_IMPORT_FINDINGS", "BATCH_UPDATE_FINDINGS"
  std::string identity;  // the ARN of who called
  std::vector<std::string> fields;
};

// `finding_json` is one finding as JSON text and is put in as it is. resources = ["<ProductArn>/<Id>"].
std::string imported_event(std::string_view finding_json, const FindingKey& key, const EventHeader& header,
                           const UpdateSource* source = nullptr);

struct CustomAction {
  std::string arn;  // arn:aws:securityhub:<region>:<account>:action/custom/<id>
  std::string name;
  std::string description;
};
// resources = [action.arn]; detail = {actionName, actionDescription, findings}.
std::string custom_action_event(std::span<const std::string> findings_json, const CustomAction& action,
                                const EventHeader& header);

}  // namespace tocsin::asff
