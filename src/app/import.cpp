#include "app/import.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>

#include "asff/recognise.h"

namespace tocsin::app {
namespace {

constexpr std::size_t batch_findings_max = 100;
constexpr std::size_t batch_bytes_max = 5u << 20;
constexpr int busy_tries_max = 20;

class Importer {
 public:
  Importer(Client& client, const std::function<void(const ImportReport&)>& progress)
      : client_{client}, progress_{progress} {}

  Result<void> take(asff::Recognised item) {
    count_form(item);
    if (!item.finding) {
      refuse({item.position.line, item.id, item.finding.error().message});
      return {};
    }
    std::string text = to_json(*item.finding);
    if (bytes_ + text.size() > batch_bytes_max)
      if (auto sent = send(); !sent) return sent;
    bytes_ += text.size();
    batch_.push_back({item.position.line, std::string(string_at(*item.finding, "Id")), std::move(text)});
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
    if (!answer && (answer.error().code == ErrorCode::unavailable || answer.error().code == ErrorCode::denied ||
                    batch_.size() == 1)) {
      if (answer.error().code != ErrorCode::validation) return pass_on(answer);
      refuse({batch_[0].line, batch_[0].id, answer.error().message});
    } else if (!answer) {
      // The request as a whole was refused (one finding of the wrong shape is enough): each alone tells which.
      auto each = std::exchange(batch_, {});
      for (auto& one : each) {
        bytes_ = one.text.size();
        batch_.assign(1, std::move(one));
        if (auto sent = send(); !sent) return sent;
      }
      return {};
    } else {
      settle(*answer);
    }
    batch_.clear();
    bytes_ = 0;
    if (progress_) progress_(report);
    return {};
  }

  ImportReport report;

 private:
  struct Waiting {
    std::uint64_t line;
    std::string id, text;
  };

  Result<json::object> post(const std::string& body) {
    for (int tries = 1;; ++tries) {
      auto answer = client_.rest("securityhub", "POST", "/findings/import", body);
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

  void count_form(const asff::Recognised& item) {
    const std::string form = item.finding ? std::string(asff::to_string(item.form)) : "unknown";
    auto found = std::ranges::find(report.forms, form, &std::pair<std::string, std::uint64_t>::first);
    if (found == report.forms.end()) found = report.forms.insert(report.forms.end(), {form, 0});
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

}  // namespace

Result<ImportReport> import_file(Client& client, const std::string& path, const Identity& hub,
                                 const std::function<void(const ImportReport&)>& progress) {
  Input input{path};
  if (!input.file) return fail(ErrorCode::not_found, fmt::format("the file '{}' cannot be read", path));
  Importer importer{client, progress};
  asff::Recogniser recogniser{hub};
  const auto drain = [&]() -> Result<void> {
    while (auto item = recogniser.next())
      if (auto taken = importer.take(std::move(*item)); !taken) return taken;
    return {};
  };
  std::string buffer(256u << 10, '\0');
  for (;;) {
    const int read = gzread(input.file, buffer.data(), static_cast<unsigned>(buffer.size()));
    int code = Z_OK;
    if (read < 0)
      return fail(ErrorCode::validation,
                  fmt::format("the file '{}' cannot be read: {}", path, gzerror(input.file, &code)));
    if (read == 0) break;
    recogniser.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(read)));
    if (auto drained = drain(); !drained) return pass_on(drained);
  }
  recogniser.finish();
  if (auto drained = drain(); !drained) return pass_on(drained);
  if (auto sent = importer.send(); !sent) return pass_on(sent);
  importer.report.bytes = recogniser.bytes_seen();
  return std::move(importer.report);
}

std::string to_text(const ImportReport& report, std::size_t refusals_shown) {
  std::string text = fmt::format("{} findings taken in, {} refused", report.taken, report.refused);
  const char* separator = "  (";
  for (const auto& [form, count] : report.forms) {
    text += fmt::format("{}{} {}", separator, form, count);
    separator = ", ";
  }
  text += report.forms.empty() ? "\n" : ")\n";
  const std::size_t shown = std::min(refusals_shown, report.refusals.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Refusal& refusal = report.refusals[i];
    text += fmt::format("  refused: line {}{}{}: {}\n", refusal.line, refusal.id.empty() ? "" : ", ",
                        refusal.id.substr(0, 80), refusal.reason);
  }
  if (report.refused > shown) text += fmt::format("  … and {} more (--json lists them)\n", report.refused - shown);
  return text;
}

json::object to_document(const ImportReport& report) {
  json::array refusals;
  for (const auto& refusal : report.refusals)
    refusals.push_back(json::object{{"line", refusal.line}, {"id", refusal.id}, {"reason", refusal.reason}});
  json::object forms;
  for (const auto& [form, count] : report.forms) forms.emplace(form, count);
  return {{"taken", report.taken},
          {"refused", report.refused},
          {"bytes", report.bytes},
          {"forms", std::move(forms)},
          {"refusals", std::move(refusals)}};
}

}  // namespace tocsin::app
