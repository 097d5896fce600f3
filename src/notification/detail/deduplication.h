// FIFO topics take a message once within five minutes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/transaction.h"

namespace tocsin::notification {

struct Accepted {
  std::string message_id;
  std::int64_t sequence = 0;
};
// `scope` is the message group where deduplication is by group, else empty.
std::optional<Accepted> find_accepted(store::Reader& reader, std::string_view topic, std::string_view scope,
                                      std::string_view id);
void remember_accepted(store::Transaction& transaction, std::string_view topic, std::string_view scope,
                       std::string_view id, const Accepted& accepted);

}  // namespace tocsin::notification
