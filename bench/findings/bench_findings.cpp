// What the findings room does by itself: bodies of BatchImportFindings in batches of 100, prepared on as many threads
// as the machine has, stored by the committer with fsync, no rules behind it; against SQLite alone writing the same
// rows and the same bodies on the same disk. Then: the same findings again with a later UpdatedAt, and pages of
// GetFindings.
#include <atomic>
#include <filesystem>
#include <semaphore>
#include <thread>

#include <fmt/format.h>

#include "core/check.h"
#include "finding_maker.h"
#include "findings/findings.h"
#include "sqlite_alone.h"

namespace tocsin::bench {
namespace {

constexpr std::size_t batch_findings = 100;
constexpr std::ptrdiff_t batches_waiting_max = 64;
const Identity hub{.account = "111122223333", .region = "us-west-2"};
constexpr std::string_view caller_arn = "arn:aws:iam::111122223333:user/admin";

// Time on the wall, and processor time of the whole process, which other work on the machine disturbs less.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(SteadyClock::now() - started_).count(); }
  double processor_us() const { return processor_now() - processor_started_; }

 private:
  using SteadyClock = std::chrono::steady_clock;
  static double processor_now() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
  }
  SteadyClock::time_point started_ = SteadyClock::now();
  double processor_started_ = processor_now();
};

class Bench {
 public:
  Bench(std::filesystem::path folder, std::size_t findings_count)
      : folder_{std::move(folder)},
        batches_{findings_count / batch_findings},
        maker_{hub, clock_.now()},
        findings_{{.identity = hub, .clock = &clock_, .providers = findings::Providers::anyone},
                  [this](store::Transaction&, std::string_view event) -> Result<void> {
                    announced_bytes_ += event.size();
                    return {};
                  }} {
    for (const char* part : {"room.db", "room.db-wal", "room.db-shm"}) std::filesystem::remove(folder_ / part);
    auto opened =
        store::Store::open({.file = folder_ / "room.db", .clock = &clock_, .random = &random_}, findings::migrations());
    check(opened.has_value(), opened ? "" : opened.error().message.c_str());
    store_ = std::move(*opened);
    store_->start();
    const auto enabled =
        store_->write(store::Lane::notice, [&](store::Transaction& t) { return findings_.hub().enable(t, {}); });
    check(enabled.has_value(), "the hub can be enabled");
  }

  void run() {
    fmt::print("{} findings in batches of {}, {} threads\n", count(), batch_findings, threads());
    const double first = import("new findings", "");
    import("the same again, a later UpdatedAt", "2099-01-01T00:00:00.000Z");
    import("the same again, nothing newer", "2099-01-01T00:00:00.000Z");
    pages();
    store_->stop();
    yardsticks(first);
  }

 private:
  static std::size_t threads() { return std::max(1u, std::thread::hardware_concurrency()); }
  std::size_t count() const { return batches_ * batch_findings; }

  // Replaces the value of every "UpdatedAt" at a finding's own level, which the maker writes with one length.
  static void set_updated_at(std::string& body, std::string_view to) {
    constexpr std::string_view member = "\"UpdatedAt\":\"";
    for (std::size_t at = 0; (at = body.find(member, at)) != body.npos;) {
      at += member.size();
      body.replace(at, body.find('"', at) - at, to);
    }
  }

  // Findings a second from bodies to durable.
  double import(std::string_view name, std::string_view updated_at) {
    std::vector<std::string> bodies;
    for (std::size_t i = 0; i < batches_; ++i) {
      bodies.push_back(maker_.batch(Kind::quiet, i * batch_findings, batch_findings));
      if (!updated_at.empty()) set_updated_at(bodies.back(), updated_at);
    }
    std::size_t bytes = 0;
    for (const auto& body : bodies) bytes += body.size();
    std::counting_semaphore<batches_waiting_max> room{batches_waiting_max};
    std::atomic<std::size_t> next = 0;
    std::atomic<std::size_t> done = 0;
    const auto commits = store_->commits();
    const Stopwatch watch;
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 0; i < threads(); ++i)
        workers.emplace_back([&] {
          for (std::size_t batch; (batch = next++) < batches_;) {
            auto prepared = findings_.prepare_import_body(bodies[batch], caller_arn);
            check(prepared.has_value(), prepared ? "" : prepared.error().message.c_str());
            room.acquire();
            store_->submit(
                store::Lane::bulk,
                [&, prepared = std::move(*prepared)](store::Transaction& transaction) -> Result<void> {
                  const auto taken = findings_.import(transaction, prepared);
                  check(taken && taken->failed.empty(), "a batch is taken");
                  return {};
                },
                [&](Result<void> committed) {
                  check(committed.has_value(), "a batch is committed");
                  room.release();
                  ++done;
                });
          }
        });
    }
    while (done < batches_) std::this_thread::sleep_for(std::chrono::microseconds{200});
    const double rate = static_cast<double>(count()) / watch.seconds();
    fmt::print("  {:<44} {:>9.0f} findings/s, {:>5.1f} MB/s, {:>6.1f} us of processor a finding, {} commits\n", name,
               rate, rate * static_cast<double>(bytes) / static_cast<double>(count()) / 1e6,
               watch.processor_us() / static_cast<double>(count()), store_->commits() - commits);
    std::fflush(stdout);
    return rate;
  }

  void page(std::string_view name, std::string_view request) {
    auto input = *parse_json_object(request);
    const Stopwatch watch;
    int pages = 0;
    std::size_t found = 0;
    while (pages < 50) {
      const auto answer = store_->read([&](store::Reader& reader) { return findings_.get_findings(reader, input); });
      check(answer.has_value(), answer ? "" : answer.error().message.c_str());
      ++pages;
      found += answer->at("Findings").get_array().size();
      if (!answer->contains("NextToken")) break;
      input["NextToken"] = answer->at("NextToken");
    }
    fmt::print("  {:<44} {:>9.2f} ms a page ({} pages, {} findings)\n", name, watch.seconds() * 1e3 / pages, pages,
               found);
    std::fflush(stdout);
  }

  void pages() {
    page("GetFindings, no filter", "{}");
    page("GetFindings, by severity and status",
         R"({"Filters": {"SeverityLabel": [{"Value": "LOW", "Comparison": "EQUALS"}],
             "WorkflowStatus": [{"Value": "NEW", "Comparison": "EQUALS"}]}})");
    page("GetFindings, a severity that none has",
         R"({"Filters": {"SeverityLabel": [{"Value": "CRITICAL", "Comparison": "EQUALS"}]}})");
    page("GetFindings, one resource", R"({"Filters": {"ResourceId": [{"Value": "absent", "Comparison": "EQUALS"}]}})");
    page("GetFindings, by product and text",
         R"({"Filters": {"ProductName": [{"Value": "Prowler", "Comparison": "EQUALS"}]}})");
    page("GetFindings, newest UpdatedAt first", R"({"SortCriteria": [{"Field": "UpdatedAt", "SortOrder": "desc"}]})");
    page("GetFindings, by severity, then UpdatedAt",
         R"({"SortCriteria": [{"Field": "SeverityNormalized", "SortOrder": "desc"},
                              {"Field": "UpdatedAt", "SortOrder": "desc"}]})");
  }

  void yardsticks(double rate) {
    const auto rows = read_stored_rows(folder_ / "room.db");
    check(rows.has_value(), rows ? "" : rows.error().message.c_str());
    for (const auto& [name, yardstick] : {std::pair{"SQLite alone, the same rows and indexes", Yardstick::rows},
                                          std::pair{"SQLite alone, the bodies in one table", Yardstick::bodies}}) {
      const auto alone = commit_rates(*rows, yardstick, {rows->findings}, folder_);
      check(alone.has_value(), alone ? "" : alone.error().message.c_str());
      fmt::print("  {:<44} {:>9.0f} findings/s in the same commits; the room does {:.2f}\n", name, alone->front(),
                 rate / alone->front());
    }
    fmt::print("  stored body {} bytes on average\n", rows->body_bytes / rows->findings);
  }

  std::filesystem::path folder_;
  std::size_t batches_;
  SystemClock clock_;
  SystemRandom random_;
  FindingMaker maker_;
  std::atomic<std::size_t> announced_bytes_ = 0;
  findings::Findings findings_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace
}  // namespace tocsin::bench

int main(int count, char** arguments) {
  const std::filesystem::path folder = count > 1 ? arguments[1] : std::filesystem::temp_directory_path();
  const std::size_t findings = count > 2 ? std::stoul(arguments[2]) : 100'000;
  tocsin::bench::Bench{folder, findings}.run();
}
