// Realistic findings of our own making, the same for the same seed: every GuardDuty type natively and as Security Hub
// shows it, and posture and vulnerability findings in the shapes that Prowler, Trivy and Amazon Inspector export.
// Remote addresses come from the documentation ranges and from a few public ones, since documentation addresses are not
// global and never blocked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/identity.h"
#include "core/json.h"

namespace tocsin::samples {

struct Options {
  std::uint64_t seed = 1;
  Identity hub = {};  // whose account, Region and partition the findings name
  Time now;           // the newest time in them
};

enum class Form : std::uint8_t {
  asff,             // a finding for BatchImportFindings
  guardduty_event,  // an EventBridge event "GuardDuty Finding"; its detail is the finding in camelCase
};

struct Sample {
  std::string kind;  // "guardduty Backdoor:EC2/Spambot", "prowler s3_bucket_public_access", "trivy", "inspector"
  Form form;
  json::object document;
};

// Every kind once: each GuardDuty type natively, then as ASFF; then each posture and vulnerability kind.
std::vector<Sample> one_of_each(const Options& options);

// `count` samples, kinds drawn at random, every finding with an id of its own.
std::vector<Sample> generate(const Options& options, std::size_t count);

// All GuardDuty finding types, current, newer and retired, sorted.
std::span<const std::string_view> guardduty_types();

}  // namespace tocsin::samples
