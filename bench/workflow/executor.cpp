#include "executor.h"

#include <atomic>
#include <fstream>
#include <semaphore>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "core/check.h"
#include "templates/templates.h"

namespace tocsin::bench {

Executor::Executor(const std::filesystem::path& folder, workflows::InvokeFunction functions)
    : tasks_{Identity{}, std::move(functions), directory_}, machines_{Identity{}}, executions_{machines_, tasks_} {
  auto opened = store::Store::open({.file = folder / "workflows.db", .clock = &clock_, .random = &random_},
                                   workflows::migrations());
  check(opened.has_value(), opened ? "" : opened.error().message.c_str());
  store_ = std::move(*opened);
  executions_.attach(store_->outbox());
  store_->start();
}

Executor::~Executor() {
  store_->stop();
}

std::string Executor::create(const std::string& name, const std::string& definition, const std::string& type) {
  const service::Caller caller;
  const json::object input{
      {"name", name}, {"definition", definition}, {"roleArn", "arn:aws:iam::000000000000:role/r"}, {"type", type}};
  auto made = store_->write(store::Lane::notice, [&](store::Transaction& transaction) {
    return machines_.create(transaction, {.caller = caller, .input = input, .request_id = {}, .endpoint = {}});
  });
  check(made.has_value(), made ? "" : made.error().message.c_str());
  return std::string(string_at(*made, "stateMachineArn"));
}

template <class Change>
void Executor::hand_in(std::size_t count, std::size_t window, Change change) {
  std::counting_semaphore<> room{static_cast<std::ptrdiff_t>(window)};
  for (std::size_t i = 0; i < count; ++i) {
    room.acquire();
    store_->submit(store::Lane::notice, change, [&room](Result<void> done) {
      check(done.has_value(), done ? "" : done.error().message.c_str());
      room.release();
    });
  }
  for (std::size_t i = 0; i < window; ++i) room.acquire();
}

void Executor::start_many(const std::string& machine, std::size_t count, std::size_t window, const std::string& input) {
  hand_in(count, window, [&](store::Transaction& transaction) -> Result<void> {
    auto started = executions_.start(transaction, machine, {}, input);
    if (!started) return pass_on(started);
    return {};
  });
}

void Executor::run_many(const std::string& machine, std::size_t count, std::size_t window, const std::string& input) {
  const service::Caller caller;
  const json::object request{{"stateMachineArn", machine}, {"input", input}};
  hand_in(count, window, [&](store::Transaction& transaction) -> Result<void> {
    auto ended = executions_.start_sync_execution(
        transaction, {.caller = caller, .input = request, .request_id = "run", .endpoint = {}});
    if (!ended) return pass_on(ended);
    check(string_at(*ended, "status") == "SUCCEEDED", "an express execution succeeds");
    return {};
  });
}

std::int64_t Executor::running() {
  auto counts = store_->read(
      [this](store::Reader& reader) -> Result<workflows::ExecutionCounts> { return executions_.count(reader); });
  check(counts.has_value(), "executions can be counted");
  return counts->running;
}

void Executor::wait_for_all() {
  while (running() > 0) std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

void Executor::wait_for(const std::string& machine) {
  const auto status = [&] {
    const auto read = store_->read([&](store::Reader& reader) -> Result<std::string> {
      auto rows = reader.query("SELECT status FROM execution WHERE machine_arn = ? ORDER BY id DESC LIMIT 1", machine);
      return rows.next() ? rows.string(0) : std::string("none");
    });
    return read.value_or("unreadable");
  };
  std::string last = status();
  for (; last == "RUNNING"; last = status()) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  check(last == "SUCCEEDED", "the execution succeeds");
}

std::string record_ip_definition() {
  std::ifstream file{std::filesystem::path{STACKS_FOLDER} / "ip-blocking.yaml"};
  std::stringstream text;
  text << file.rdbuf();
  auto stack = templates::read(text.str());
  check(stack.has_value(), stack ? "" : stack.error().message.c_str());
  std::string definition{
      std::string_view(stack->resources.at("RecordIp").at("Properties").at("DefinitionString").as_string())};
  int number = 0;
  for (const std::string_view name : {"${AddIp}", "${UpdateRuleGroup}", "${SendFinding}"}) {
    const auto arn = fmt::format("arn:aws:lambda:us-east-1:000000000000:function:f{}", ++number);
    for (auto at = definition.find(name); at != definition.npos; at = definition.find(name, at))
      definition.replace(at, name.size(), arn);
  }
  return definition;
}

}  // namespace tocsin::bench
