#include "server.h"

#include <charconv>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace tocsin::bench {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds start_patience{120'000};
constexpr milliseconds stop_patience{60'000};

milliseconds since(SteadyClock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(SteadyClock::now() - start);
}

std::string last_words(const std::filesystem::path& log) {
  std::ifstream file{log};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  return text.size() > 2'000 ? text.substr(text.size() - 2'000) : text;
}

// utime + stime of a `stat` file of /proc (proc(5)).
milliseconds cpu_of(const std::filesystem::path& stat) {
  std::ifstream file{stat};
  std::string text;
  std::getline(file, text);
  const auto after_name = text.rfind(')');
  if (after_name == text.npos) return milliseconds{0};
  long long user = 0, system = 0;
  // After the name: state ppid pgrp session tty_nr tpgid flags minflt cminflt majflt cmajflt utime stime
  if (std::sscanf(text.c_str() + after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user,
                  &system) != 2)
    return milliseconds{0};
  return milliseconds{(user + system) * 1000 / sysconf(_SC_CLK_TCK)};
}

}  // namespace

Result<Server> Server::start(const Options& options) {
  Server server{options};
  const auto started = SteadyClock::now();
  if (auto launched = server.launch(); !launched) return pass_on(launched);
  auto line = server.read_ready_line();
  if (!line) return pass_on(line);
  server.start_time_ = since(started);
  const auto at = line->find("http://127.0.0.1:");
  if (at == line->npos) return fail(ErrorCode::unavailable, fmt::format("'{}' names no loopback address", *line));
  server.target_.host = "127.0.0.1";
  server.target_.region = options.identity.region;
  const char* digits = line->c_str() + at + 17;
  std::from_chars(digits, line->c_str() + line->size(), server.target_.port);
  if (auto read = server.read_credentials(); !read) return pass_on(read);
  return server;
}

Result<void> Server::launch() {
  std::filesystem::create_directories(options_.data);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(ErrorCode::unavailable, "no pipe");
  output_ = ends[0];
  const std::string log = options_.data / "server.log", program = options_.program, data = options_.data;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const auto& identity = options_.identity;
  const char* words[] = {program.c_str(), "serve",
                         "--data",        data.c_str(),
                         "--listen",      "127.0.0.1:0",
                         "--account",     identity.account.c_str(),
                         "--region",      identity.region.c_str(),
                         nullptr,         nullptr,
                         nullptr};
  const std::string config = options_.data / "bench.toml";
  if (!options_.config.empty()) {
    std::ofstream{config} << options_.config;
    words[std::size(words) - 3] = "--config";
    words[std::size(words) - 2] = config.c_str();
  }
  const int error = posix_spawn(&process_, program.c_str(), &actions, nullptr, const_cast<char**>(words), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error == 0) return {};
  process_ = -1;
  return fail(ErrorCode::unavailable, fmt::format("cannot run {}: {}", program, std::strerror(error)));
}

Result<std::string> Server::read_ready_line() const {
  std::string line;
  const auto started = SteadyClock::now();
  while (since(started) < start_patience) {
    pollfd waiting{.fd = output_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, 100) <= 0) continue;
    char c = 0;
    const auto got = read(output_, &c, 1);
    if (got <= 0) break;
    if (c != '\n') {
      line += c;
    } else if (line.find("http://") != line.npos) {
      return line;
    } else {
      line.clear();
    }
  }
  return fail(ErrorCode::unavailable,
              fmt::format("the server did not start: '{}'\n{}", line, last_words(options_.data / "server.log")));
}

Result<void> Server::read_credentials() {
  std::ifstream file{options_.data / "credentials"};
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find('=');
    if (equals == line.npos) continue;
    const auto first = line.find_first_not_of(' ', equals + 1);
    const std::string value = first == line.npos ? "" : line.substr(first, line.find_last_not_of(" \r") - first + 1);
    if (line.starts_with("aws_access_key_id")) target_.access_key_id = value;
    if (line.starts_with("aws_secret_access_key")) target_.secret_access_key = Secret{value};
  }
  if (!target_.access_key_id.empty() && !target_.secret_access_key.empty()) return {};
  return fail(ErrorCode::not_found, "the server has written no credentials");
}

Server::Server(Server&& other) noexcept
    : options_{std::move(other.options_)},
      target_{std::move(other.target_)},
      process_{std::exchange(other.process_, -1)},
      output_{std::exchange(other.output_, -1)},
      start_time_{other.start_time_} {}

Server::~Server() {
  kill();
}

double Server::status_mb(std::string_view field) const {
  std::ifstream file{fmt::format("/proc/{}/status", process_)};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(field)) return std::strtod(line.c_str() + field.size(), nullptr) / 1024.0;
  return 0;
}
double Server::rss_mb() const {
  return status_mb("VmRSS:");
}
double Server::rss_peak_mb() const {
  return status_mb("VmHWM:");
}

CpuUse Server::cpu() const {
  CpuUse use{.all = cpu_of(fmt::format("/proc/{}/stat", process_))};
  std::error_code ignored;
  for (const auto& thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process_), ignored))
    use.busiest_thread = std::max(use.busiest_thread, cpu_of(thread.path() / "stat"));
  return use;
}

bool Server::wait(milliseconds patience, int& status) {
  const auto started = SteadyClock::now();
  for (;;) {
    if (waitpid(process_, &status, WNOHANG) == process_) break;
    if (since(started) >= patience) return false;
    std::this_thread::sleep_for(milliseconds{1});
  }
  process_ = -1;
  close(output_);
  output_ = -1;
  return true;
}

Result<milliseconds> Server::stop() {
  const auto started = SteadyClock::now();
  int status = 0;
  ::kill(process_, SIGTERM);
  if (!wait(stop_patience, status)) return fail(ErrorCode::unavailable, "the server does not stop");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(ErrorCode::unavailable,
                fmt::format("the server stopped badly ({})\n{}", status, last_words(options_.data / "server.log")));
  return since(started);
}

void Server::kill() {
  if (process_ <= 0) return;
  int status = 0;
  ::kill(process_, SIGKILL);
  wait(stop_patience, status);
}

}  // namespace tocsin::bench
