#include "machine.h"

#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace tocsin::bench {
namespace {

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  return line;
}

// What follows "name :" in a file of /proc.
std::string field(const std::filesystem::path& file, std::string_view name) {
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    const auto value = line.find_first_not_of(" \t", line.find(':') + 1);
    return value == line.npos ? "" : line.substr(value);
  }
  return {};
}

std::string describe_disk(const std::filesystem::path& folder) {
  struct stat entry{};
  if (stat(folder.c_str(), &entry) != 0) return "unknown";
  const std::string device = fmt::format("{}:{}", major(entry.st_dev), minor(entry.st_dev));
  std::string file_system = "unknown", name = device;
  std::ifstream mounts{"/proc/self/mountinfo"};  // id parent major:minor root point options … - type source options
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words{line};
    std::string id, parent, number;
    words >> id >> parent >> number;
    const auto dash = line.find(" - ");
    if (number != device || dash == line.npos) continue;
    std::istringstream rest{line.substr(dash + 3)};
    rest >> file_system >> name;
  }
  std::error_code ignored;
  auto block = std::filesystem::canonical("/sys/dev/block/" + device, ignored);
  if (!block.empty() && !std::filesystem::exists(block / "queue", ignored)) block = block.parent_path();  // a partition
  const std::string rotational = first_line(block / "queue/rotational");
  return fmt::format("{} on {}{}", file_system, name,
                     rotational.empty()  ? ""
                     : rotational == "0" ? " (not rotational)"
                                         : " (rotational)");
}

Latencies sync_latency(const std::filesystem::path& folder, std::size_t bytes, int times) {
  using SteadyClock = std::chrono::steady_clock;
  Latencies latencies;
  const auto file = folder / "sync.tmp";
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string block(bytes, 'x');
  for (int i = 0; i < times && descriptor >= 0; ++i) {
    const auto started = SteadyClock::now();
    if (write(descriptor, block.data(), block.size()) != static_cast<ssize_t>(block.size())) break;
    if (fdatasync(descriptor) != 0) break;
    latencies.add(std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - started));
  }
  if (descriptor >= 0) close(descriptor);
  std::filesystem::remove(file);
  return latencies;
}

}  // namespace

Machine describe_machine(const std::filesystem::path& folder) {
  Machine machine;
  machine.load = std::strtod(first_line("/proc/loadavg").c_str(), nullptr);
  machine.cpu = field("/proc/cpuinfo", "model name");
  machine.cores = std::thread::hardware_concurrency();
  machine.memory_gb = std::strtod(field("/proc/meminfo", "MemTotal").c_str(), nullptr) / (1024.0 * 1024.0);
  machine.disk = describe_disk(folder);
  machine.sync_4_kb = sync_latency(folder, 4u << 10, 300);
  machine.sync_128_kb = sync_latency(folder, 128u << 10, 200);
  return machine;
}

}  // namespace tocsin::bench
