// The Security Hub subscription of this account: whether the hub is on, its settings, its tags, the standards it
// subscribes to, and the custom actions that findings can be sent to. Documents in, documents out, as AWS's operations
// of the same names have them.
//
// Tocsin runs no security checks of its own: a standard's subscription is kept and shown, so that scripts and
// templates that enable one work, and is honest about having no controls (StandardsControlsUpdatable).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/identity.h"
#include "core/json.h"
#include "core/result.h"
#include "store/transaction.h"

namespace tocsin::findings {

// An event's custom action, as stored.
struct ActionTarget {
  std::string arn;
  std::string name;
  std::string description;
};

// Tags a hub that a stack enabled.
inline constexpr std::string_view stack_tag = "tocsin:enabled-by";

class Hub {
 public:
  explicit Hub(Identity identity) : identity_{std::move(identity)} {}

  const Identity& identity() const { return identity_; }
  std::string arn() const { return identity_.arn("securityhub", "hub/default"); }

  // Error: denied, InvalidAccessException, where the hub is not enabled.
  Result<void> require_enabled(store::Reader& reader) const;
  bool is_enabled(store::Reader& reader) const;

  // Error: conflict, ResourceConflictException, where it is on already.
  Result<json::object> enable(store::Transaction& transaction, const json::object& input) const;
  Result<json::object> describe(store::Reader& reader, const json::object& input) const;
  Result<json::object> update_configuration(store::Transaction& transaction, const json::object& input) const;
  // Ends the subscription and those to standards. Findings and custom actions stay, and are back when the hub is
  // enabled again. Source: Security Hub user guide, "Effect of account actions on Security Hub data".
  Result<json::object> disable(store::Transaction& transaction) const;

  Result<json::object> describe_standards(store::Reader& reader, const json::object& input) const;
  Result<json::object> enable_standards(store::Transaction& transaction, const json::object& input) const;
  Result<json::object> disable_standards(store::Transaction& transaction, const json::object& input) const;
  Result<json::object> enabled_standards(store::Reader& reader, const json::object& input) const;
  Result<json::object> describe_standards_controls(store::Reader& reader, const json::object& input) const;

  Result<json::object> create_action_target(store::Transaction& transaction, const json::object& input) const;
  Result<json::object> describe_action_targets(store::Reader& reader, const json::object& input) const;
  Result<json::object> update_action_target(store::Transaction& transaction, const json::object& input) const;
  Result<json::object> delete_action_target(store::Transaction& transaction, const json::object& input) const;
  // Error: not_found, ResourceNotFoundException.
  Result<ActionTarget> action_target(store::Reader& reader, std::string_view arn) const;

  // The hub and the custom actions can bear tags.
  Result<json::object> tag(store::Transaction& transaction, const json::object& input) const;
  Result<json::object> untag(store::Transaction& transaction, const json::object& input) const;
  Result<json::object> list_tags(store::Reader& reader, const json::object& input) const;

 private:
  Result<void> require_taggable(store::Reader& reader, std::string_view arn) const;
  void subscribe(store::Transaction& transaction, std::string_view standards_arn, const json::object& inputs) const;

  Identity identity_;
};

}  // namespace tocsin::findings
