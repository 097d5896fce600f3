// The measurements. Each starts the program with a data folder of its own and leaves nothing behind.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "finding_maker.h"
#include "report.h"
#include "server.h"

namespace tocsin::bench {

struct Plan {
  std::filesystem::path program;
  std::filesystem::path folder;  // exists; on the disk to be measured
  Identity identity = {.account = "111122223333", .region = "us-west-2"};
  std::string kinds = "LOW,HIGH";  // of the throughput runs
  std::size_t batch_findings = 100;
  std::size_t throughput_findings = 40'000;          // of each run, at most
  std::chrono::milliseconds throughput_time{6'000};  // of each run, at most
  std::size_t rate_findings_s = 500;
  std::chrono::seconds rate_time{20};
  std::size_t stored_findings = 100'000;
};

// Durable findings a second through the front, against SQLite alone.
Result<void> measure_throughput(const Plan& plan, const FindingMaker& maker, Report& report);
// At a steady rate: from request to acknowledged, from acknowledged to blocked. `hostile_findings_s` of the findings
// name an address each, the others alternate between LOW and HIGH; `request_findings` go into one request.
struct Mix {
  std::size_t request_findings, hostile_findings_s;
};
Result<void> measure_latency(const Plan& plan, const FindingMaker& maker, Mix mix, Report& report);
// Memory at rest and with many findings, bytes a finding, time to start again.
Result<void> measure_volume(const Plan& plan, const FindingMaker& maker, Report& report);

// A data folder that goes when the measurement ends.
class Folder {
 public:
  explicit Folder(std::filesystem::path path) : path_{std::move(path)} {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tocsin::bench
