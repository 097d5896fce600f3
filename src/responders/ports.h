// What responders need of the world. Inside Tocsin these are bound to the store, within one transaction (room
// builtins); the same responders can run as Lambda functions with adapters that call AWS.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"

namespace tocsin::responders {

struct FindingRef {
  std::string id;
  std::string product_arn;
};

// Security Hub.
class FindingHub {
 public:
  virtual ~FindingHub() = default;
  // The finding as it is now; nothing where the hub has none. Error: the hub cannot be asked.
  virtual Result<std::optional<json::object>> get(const FindingRef& finding) = 0;
  // BatchUpdateFindings for one finding; `changes` holds the request's other members (Note, Workflow, …). An
  // unprocessed update is an error.
  virtual Result<void> update(const FindingRef& finding, const json::object& changes) = 0;
};

// A topic that incidents are published to.
class Topic {
 public:
  virtual ~Topic() = default;
  // Attributes are String ones. Gives the message id.
  virtual Result<std::string> publish(std::string_view topic_arn, std::string_view subject, std::string_view message,
                                      const std::vector<std::pair<std::string, std::string>>& attributes) = 0;
};

struct BlockOrder {
  std::string host;
  std::string timestamp, finding_id, account_id, region, reason;
};

struct BlockResult {
  std::string host;          // canonical
  bool is_new = false;       // the firewall does not hold it yet
  std::string since = {};    // when this block of it began; tells it from an earlier one
  std::string refused = {};  // why the gate refused it: a code ("SpecialPurpose"); empty: it was not
  std::string reason = {};   // the same in a sentence
};

// The table of blocked addresses, behind the gate.
class BlockTable {
 public:
  virtual ~BlockTable() = default;
  virtual Result<BlockResult> block(const BlockOrder& order) = 0;
  // Everything that is to be blocked now, as prefixes.
  virtual Result<std::vector<std::string>> wanted() = 0;
  // Marks what has outlived `retention` as to be released; returns all that waits for release or removal.
  virtual Result<std::vector<std::string>> expire(std::chrono::hours retention) = 0;
  // Says what the firewall was given, and later that it holds it.
  virtual Result<void> submitted(const std::vector<std::string>& prefixes) = 0;
  // Says that the rule group was made to hold all that is wanted, in so many entries, by the rules that `settings`
  // describes. Asked later, the answer is that number while nothing has changed on either side; nothing where that is
  // not known. So of many updates that come together the first does the work.
  // `one_each`: an entry an address.
  virtual Result<void> remember_enforced(std::string_view, std::string_view, std::size_t, bool /*one_each*/) {
    return {};
  }
  virtual Result<std::optional<std::size_t>> enforced(std::string_view /*rule_group_arn*/,
                                                      std::string_view /*settings*/) {
    return std::optional<std::size_t>{};
  }
  // Adds to these rules what has come to be wanted since, and says that they hold it: an update in which nothing else
  // is read or written. Returns the number of entries; nothing where that is not known to be all there is to do.
  virtual Result<std::optional<std::size_t>> enforce_new(std::string_view /*rule_group_arn*/,
                                                         std::string_view /*settings*/,
                                                         const std::vector<std::int64_t>& /*priorities*/) {
    return std::optional<std::size_t>{};
  }
  // Says that the rule group had no room for all that is wanted; full(), soon after and with nothing having left it,
  // says so again, so that not each of many new addresses costs the attempt.
  virtual void remember_full(std::string_view, std::string_view, const Error&) {}
  virtual std::optional<Error> full(std::string_view /*rule_group_arn*/, std::string_view /*settings*/) { return {}; }
  // Whether this address is wanted and the rule group holds it. Asked only where enforced() gave a number.
  virtual Result<bool> is_held(std::string_view) { return false; }
  virtual Result<void> confirmed(const std::vector<std::string>& prefixes) = 0;
  // Removes a row that the firewall has released; false if it has not, or the address was seen again.
  virtual Result<bool> remove(std::string_view host) = 0;
};

// A stateless rule group of Network Firewall.
class RuleGroup {
 public:
  virtual ~RuleGroup() = default;
  struct Description {
    json::object rule_group;  // the RuleGroup document
    std::string update_token;
    std::int64_t capacity = 0;
  };
  virtual Result<Description> describe(std::string_view arn) = 0;
  // `priorities`: the rules in it that hold blocks. Error: conflict (stale token), validation (capacity).
  virtual Result<void> update(std::string_view arn, Description changed,
                              const std::vector<std::int64_t>& priorities) = 0;
};

// How soon people must see a message: that a block was made, failed or was refused; a finding that cannot wait; others.
enum class Urgency { containment, alert, normal, low };

// What a message announces, each key once, and what a digest of many messages says of it.
struct Announcement {
  std::vector<std::string> keys;
  Urgency urgency = Urgency::normal;
  std::string summary;  // message/subject.h
};

// Posts to a web hook, some time soon and at least once. What a message announces is named by keys, each announced
// once.
class Webhook {
 public:
  virtual ~Webhook() = default;
  virtual Result<bool> was_announced(std::string_view key) = 0;
  // Posts, and notes the keys as announced; they are forgotten if the message is given up.
  virtual Result<void> post(std::string_view url, std::string_view body, const Announcement& what) = 0;
};

// Those that a responder does not use may be null.
struct Ports {
  FindingHub* hub = nullptr;
  Topic* topic = nullptr;
  BlockTable* table = nullptr;
  RuleGroup* rule_group = nullptr;
  Webhook* webhook = nullptr;
  Time now;
};

}  // namespace tocsin::responders
