// One delivery as an HTTP request, and what its answer means. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "store/outbox.h"
#include "webhook/webhook.h"

namespace tocsin::webhook {

struct Request {
  std::string url;
  std::string host;  // "hooks.slack.com:443": who is spared more than so many requests at once
  std::string body;
  std::vector<std::string> headers;  // "Name: value"
  std::chrono::milliseconds pace{0};
  std::string reference = {};  // who is told, for logs and receipts
};

// Error: validation (no http or https URL, a header that is none).
Result<Request> read_call(const HttpCall& call);
Result<Request> read_request(const store::Due& due, std::chrono::milliseconds slack_pace);

struct Answer {
  long status = 0;
  std::chrono::seconds retry_after{0};
  std::string beginning = {};  // of the body
};

// Error: unavailable (try again) or validation (final). The message names the receiver in printable form.
store::Outcome judge(const Request& request, const Answer& answer);

// Longest pause that a receiver can ask for.
inline constexpr std::chrono::seconds retry_after_max = std::chrono::minutes{5};

}  // namespace tocsin::webhook
