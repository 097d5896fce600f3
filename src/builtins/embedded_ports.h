// The responders' ports over one transaction. Inside this folder only.
#pragma once

#include "builtins/builtins.h"
#include "containment/containment.h"
#include "functions/functions.h"
#include "responders/ports.h"
#include "service/service.h"

namespace tocsin::builtins {

// Calls operations of the API in the name of the function.
class Api {
 public:
  Api(store::Transaction& transaction, const service::Directory& directory, const Identity& identity,
      const functions::Invocation& invocation);
  Result<json::object> call(std::string_view service, std::string_view operation, const json::object& input);
  const service::Caller& caller() const { return caller_; }

 private:
  store::Transaction& transaction_;
  const service::Directory& directory_;
  service::Caller caller_;
};

class EmbeddedHub final : public responders::FindingHub {
 public:
  EmbeddedHub(Api& api, store::Reader& reader, const FindFinding& find) : api_{api}, reader_{reader}, find_{find} {}
  Result<std::optional<json::object>> get(const responders::FindingRef& finding) override {
    return find_(reader_, finding);
  }
  Result<void> update(const responders::FindingRef& finding, const json::object& changes) override;

 private:
  Api& api_;
  store::Reader& reader_;
  const FindFinding& find_;
};

class EmbeddedTopic final : public responders::Topic {
 public:
  explicit EmbeddedTopic(Api& api) : api_{api} {}
  Result<std::string> publish(std::string_view topic_arn, std::string_view subject, std::string_view message,
                              const std::vector<std::pair<std::string, std::string>>& attributes) override;

 private:
  Api& api_;
};

class EmbeddedBlockTable final : public responders::BlockTable {
 public:
  EmbeddedBlockTable(store::Transaction& transaction, containment::Containment& containment, std::string table,
                     std::string actor, std::chrono::hours retention)
      : transaction_{transaction},
        containment_{containment},
        tables_{containment.tables()},
        table_{std::move(table)},
        actor_{std::move(actor)},
        retention_{retention} {}
  Result<responders::BlockResult> block(const responders::BlockOrder& order) override;
  Result<std::vector<std::string>> wanted() override;
  Result<std::vector<std::string>> expire(std::chrono::hours retention) override;
  Result<void> submitted(const std::vector<std::string>& prefixes) override;
  Result<void> remember_enforced(std::string_view rule_group_arn, std::string_view settings, std::size_t entries,
                                 bool one_each) override;
  Result<std::optional<std::size_t>> enforced(std::string_view rule_group_arn, std::string_view settings) override;
  Result<std::optional<std::size_t>> enforce_new(std::string_view rule_group_arn, std::string_view settings,
                                                 const std::vector<std::int64_t>& priorities) override;
  void remember_full(std::string_view rule_group_arn, std::string_view settings, const Error& error) override;
  std::optional<Error> full(std::string_view rule_group_arn, std::string_view settings) override;
  Result<bool> is_held(std::string_view host) override;
  Result<void> confirmed(const std::vector<std::string>& prefixes) override;
  Result<bool> remove(std::string_view host) override;

 private:
  store::Transaction& transaction_;
  containment::Containment& containment_;
  containment::BlockTables& tables_;
  std::string table_, actor_;
  std::chrono::hours retention_;
};

class EmbeddedRuleGroup final : public responders::RuleGroup {
 public:
  EmbeddedRuleGroup(store::Transaction& transaction, containment::RuleGroups& groups)
      : transaction_{transaction}, groups_{groups} {}
  Result<Description> describe(std::string_view arn) override;
  Result<void> update(std::string_view arn, Description changed, const std::vector<std::int64_t>& priorities) override;

 private:
  store::Transaction& transaction_;
  containment::RuleGroups& groups_;
};

class EmbeddedWebhook final : public responders::Webhook {
 public:
  explicit EmbeddedWebhook(store::Transaction& transaction) : transaction_{transaction} {}
  Result<bool> was_announced(std::string_view key) override;
  Result<void> post(std::string_view url, std::string_view body, const responders::Announcement& what) override;

 private:
  store::Transaction& transaction_;
};

}  // namespace tocsin::builtins
