#include "app/import.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "asff/recognise.h"

namespace tocsin::app {
namespace {

constexpr std::size_t batch_findings_max = 100;
constexpr std::size_t batch_bytes_max = 5u << 20;
constexpr int busy_tries_max = 20;
constexpr std::string_view no_id = "unknown";  // what the hub calls a finding without an Id

class Importer {
 public:
  Importer(Client& client, const std::function<void(const ImportReport&)>& progress)
      : client_{client}, progress_{progress} {}

  Result<void> take(asff::Recognised item) {
    if (!item.finding) {
      count_form("unknown");
      refuse({item.position.line, item.id, item.finding.error().message});
      return {};
    }
    std::string text = to_json(*item.finding);
    std::string id{string_at(*item.finding, "Id")};
    if (id.empty()) id = no_id;
    // An answer names refused findings by their id, so that one must be the only one of its batch.
    if (bytes_ + text.size() > batch_bytes_max || std::ranges::find(batch_, id, &Waiting::id) != batch_.end())
      if (auto sent = send(); !sent) return sent;
    bytes_ += text.size();
    batch_.push_back({item.position.line, std::move(id), item.form, std::move(text)});
    return batch_.size() == batch_findings_max ? send() : Result<void>{};
  }

  Result<void> send() {
    if (batch_.empty()) return {};
    std::string body = R"({"Findings":[)";
    body.reserve(bytes_ + batch_.size() + 16);
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      if (i > 0) body += ',';
      body += batch_[i].text;
    }
    body += "]}";
    auto answer = post(body);
    if (!answer && (answer.error().code != ErrorCode::validation || batch_.size() == 1)) {
      if (answer.error().code != ErrorCode::validation) return pass_on(answer);
      count_forms();
      refuse({batch_[0].line, batch_[0].id, answer.error().message});
    } else if (!answer) {
      // The request as a whole was refused (one finding of the wrong shape is enough): each alone tells which.
      auto each = std::exchange(batch_, {});
      for (std::size_t i = 0; i < each.size(); ++i) {
        bytes_ = each[i].text.size();
        batch_.assign(1, std::move(each[i]));
        if (auto sent = send(); !sent) {
          std::move(each.begin() + static_cast<std::ptrdiff_t>(i) + 1, each.end(), std::back_inserter(batch_));
          return sent;
        }
      }
      return {};
    } else {
      count_forms();
      settle(*answer);
    }
    batch_.clear();
    bytes_ = 0;
    if (progress_) progress_(report);
    return {};
  }

  void interrupt(Error error) {
    report.interrupted = ImportReport::Interruption{
        .error = std::move(error), .waiting = batch_.size(), .from_line = batch_.empty() ? 0 : batch_.front().line};
  }

  ImportReport report;

 private:
  struct Waiting {
    std::uint64_t line;
    std::string id;
    asff::Form form;
    std::string text;
  };

  Result<json::object> post(const std::string& body) {
    for (int tries = 1;; ++tries) {
      auto answer = client_.json_target("tocsin", "Tocsin_20261122.ImportFindings", body);
      if (answer || answer.error().code != ErrorCode::throttled || tries == busy_tries_max) return answer;
      std::this_thread::sleep_for(std::chrono::milliseconds{100 * tries});
    }
  }

  void settle(const json::object& answer) {
    report.taken += static_cast<std::uint64_t>(integer_at(answer, "SuccessCount"));
    const auto* failed = find(answer, "FailedFindings");
    if (!failed || !failed->is_array()) return;
    for (const auto& one : failed->get_array()) {
      const auto& object = one.get_object();
      const auto id = string_at(object, "Id");
      const auto found = std::ranges::find(batch_, id, &Waiting::id);
      refuse({found == batch_.end() ? 0 : found->line, std::string(id),
              fmt::format("{}: {}", string_at(object, "ErrorCode"), string_at(object, "ErrorMessage"))});
    }
  }

  void refuse(Refusal refusal) {
    ++report.refused;
    if (report.refusals.size() < refusals_max) report.refusals.push_back(std::move(refusal));
  }

  // Those of a batch that has its answer.
  void count_forms() {
    for (const Waiting& waiting : batch_) count_form(asff::to_string(waiting.form));
  }

  void count_form(std::string_view form) {
    auto found = std::ranges::find(report.forms, form, &std::pair<std::string, std::uint64_t>::first);
    if (found == report.forms.end()) found = report.forms.insert(report.forms.end(), {std::string(form), 0});
    ++found->second;
  }

  Client& client_;
  const std::function<void(const ImportReport&)>& progress_;
  std::vector<Waiting> batch_;
  std::size_t bytes_ = 0;
};

struct Input {
  explicit Input(const std::string& path) : file{path == "-" ? gzdopen(0, "rb") : gzopen(path.c_str(), "rb")} {}
  ~Input() {
    if (file) gzclose(file);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  gzFile file;
};

// Why no more can be read; nothing at the plain end of the file.
std::optional<Error> damage_of(gzFile file, const std::string& path) {
  int code = Z_OK;
  const std::string_view message = gzerror(file, &code);
  if (code == Z_OK || code == Z_STREAM_END) return std::nullopt;
  if (code == Z_BUF_ERROR)
    return Error{ErrorCode::validation, fmt::format("'{}' is compressed (gzip) and ends in the middle: it was cut off, "
                                                    "or is still being written",
                                                    path)};
  if (code == Z_DATA_ERROR)
    return Error{ErrorCode::validation, fmt::format("'{}' is compressed (gzip) and damaged: {}", path, message)};
  return Error{ErrorCode::not_found, fmt::format("'{}' cannot be read any further: {}", path,
                                                 code == Z_ERRNO ? std::strerror(errno) : std::string(message))};
}

// 0: not known.
std::int64_t bytes_of(const std::string& path) {
  struct stat status{};
  return path != "-" && stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : 0;
}

// Of the file as it lies on the disk, compressed or not.
int percent_read(gzFile file, std::int64_t bytes) {
  return bytes > 0 ? static_cast<int>(std::clamp<std::int64_t>(gzoffset(file) * 100 / bytes, 0, 100)) : -1;
}

}  // namespace

Result<void> check_input(const std::string& path) {
  if (path == "-") return {};
  struct stat status{};
  const bool there = stat(path.c_str(), &status) == 0;
  if (there && !S_ISDIR(status.st_mode) && access(path.c_str(), R_OK) == 0) return {};
  return fail(ErrorCode::not_found,
              fmt::format("the file '{}' cannot be read: {}", path,
                          there && S_ISDIR(status.st_mode) ? "it is a folder" : std::strerror(errno)));
}

ImportReport import_file(Client& client, const std::string& path, const Identity& hub,
                         const std::function<void(const ImportReport&)>& progress) {
  Importer importer{client, progress};
  Input input{path};
  asff::Recogniser recogniser{hub};
  const auto stop = [&](Error error) {
    importer.interrupt(std::move(error));
    importer.report.bytes = recogniser.bytes_seen();
    return std::move(importer.report);
  };
  if (!input.file) return stop({ErrorCode::not_found, fmt::format("the file '{}' cannot be opened", path)});
  const auto drain = [&]() -> Result<void> {
    while (auto item = recogniser.next())
      if (auto taken = importer.take(std::move(*item)); !taken) return taken;
    return {};
  };
  std::string buffer(256u << 10, '\0');
  const auto bytes = bytes_of(path);
  std::optional<Error> damage;  // of the file: what could be read of it still goes in
  for (;;) {
    const int read = gzread(input.file, buffer.data(), static_cast<unsigned>(buffer.size()));
    if (read <= 0) {
      damage = damage_of(input.file, path);
      break;
    }
    importer.report.percent = percent_read(input.file, bytes);
    recogniser.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(read)));
    if (auto drained = drain(); !drained) return stop(std::move(drained).error());
  }
  recogniser.finish();
  if (auto drained = drain(); !drained) return stop(std::move(drained).error());
  if (auto sent = importer.send(); !sent) return stop(std::move(sent).error());
  if (damage) return stop(std::move(*damage));
  importer.report.bytes = recogniser.bytes_seen();
  return std::move(importer.report);
}

namespace {

std::string to_text(const ImportReport::Interruption& interruption) {
  std::string text = fmt::format("  stopped: {}\n", interruption.error.message);
  if (interruption.waiting > 0)
    text += fmt::format("  the {} findings from line {} on were sent last and got no answer\n", interruption.waiting,
                        interruption.from_line);
  text +=
      "  What is counted as taken in is in, and stays. Repeating the whole import is safe: a finding that is there\n"
      "  already is updated, not doubled, and what was done about it is not done again.\n";
  return text;
}

}  // namespace

std::string to_text(const ImportReport& report, std::size_t refusals_shown) {
  std::string text = fmt::format("{} findings taken in, {} refused", report.taken, report.refused);
  const char* separator = "  (";
  for (const auto& [form, count] : report.forms) {
    text += fmt::format("{}{} {}", separator, form, count);
    separator = ", ";
  }
  text += !report.forms.empty() ? ")\n" : report.interrupted ? "\n" : "  (there are none in it)\n";
  const std::size_t shown = std::min(refusals_shown, report.refusals.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Refusal& refusal = report.refusals[i];
    text += fmt::format("  refused: line {}{}{}: {}\n", refusal.line, refusal.id.empty() ? "" : ", ",
                        refusal.id.substr(0, 80), refusal.reason);
  }
  if (report.refused > shown) text += fmt::format("  … and {} more (--json lists them)\n", report.refused - shown);
  if (report.interrupted) text += to_text(*report.interrupted);
  return text;
}

json::object to_document(const ImportReport& report) {
  json::array refusals;
  for (const auto& refusal : report.refusals)
    refusals.push_back(json::object{{"line", refusal.line}, {"id", refusal.id}, {"reason", refusal.reason}});
  json::object forms;
  for (const auto& [form, count] : report.forms) forms.emplace(form, count);
  json::object document{{"taken", report.taken},
                        {"refused", report.refused},
                        {"bytes", report.bytes},
                        {"forms", std::move(forms)},
                        {"refusals", std::move(refusals)}};
  if (const auto& interruption = report.interrupted)
    document["interrupted"] = {{"reason", interruption->error.message},
                               {"unanswered", interruption->waiting},
                               {"fromLine", interruption->from_line},
                               {"repeatingIsSafe", true}};
  return document;
}

}  // namespace tocsin::app
