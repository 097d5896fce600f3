#include "playbook/report.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace tocsin::playbook {
namespace {

using asl::EventId;
using asl::HistoryEvent;

std::string shortened(std::string_view text, std::size_t characters_max) {
  std::size_t seen = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80 || seen++ < characters_max) continue;
    return printable(text.substr(0, at)) + "…";
  }
  return printable(text);
}

bool is_failure(std::string_view type) {
  return type.ends_with("Failed") || type.ends_with("TimedOut");
}

// How deep inside Parallel and Map states each state lies.
void note_depths(const asl::Machine& machine, int depth, std::unordered_map<std::string_view, int>& depths) {
  for (const auto& state : machine.states) {
    depths[state.name] = depth;
    if (const auto* parallel = std::get_if<asl::ParallelFields>(&state.fields))
      for (const auto& branch : parallel->branches) note_depths(branch, depth + 1, depths);
    if (const auto* map = std::get_if<asl::MapFields>(&state.fields)) note_depths(*map->processor, depth + 1, depths);
  }
}

}  // namespace

class PathReport::Path {
 public:
  Path(asl::DefinitionPtr definition, Time start, ReportOptions options)
      : definition_{std::move(definition)}, start_{start}, options_{options} {
    if (definition_) note_depths(definition_->machine, 0, depths_);
  }

  std::vector<std::string> add(const HistoryEvent& event) {
    auto& place = place_of(event);
    if (event.type.ends_with("StateEntered"))
      entered(event, place);
    else
      inside(event, place);
    return std::exchange(lines_, {});
  }

 private:
  // What is known at an event: the state it belongs to, and the item of the Map around it.
  struct Place {
    bool is_failure = false;
    std::string state;
    std::string item;  // "[3]"
    std::int64_t retries = 0;
  };
  using Key = std::pair<std::int64_t, EventId>;

  Place& place_of(const HistoryEvent& event) {
    Place place;
    if (const auto found = places_.find({event.child, event.previous}); found != places_.end()) place = found->second;
    after_failure_ = place.is_failure;
    place.is_failure = is_failure(event.type);
    if (event.type == "MapIterationStarted") {
      place.item += fmt::format("[{}]", integer_at(event.details, "index"));
    }
    if (event.type.ends_with("StateEntered")) {
      place.state = string_at(event.details, "name");
      place.retries = 0;
    }
    return places_[{event.child, event.id}] = std::move(place);
  }

  int depth(const Place& place) const {
    const auto found = depths_.find(place.state);
    return found == depths_.end() ? 0 : found->second;
  }

  void line(const HistoryEvent& event, const Place& place, int extra, const std::string& text) {
    const auto indent = static_cast<std::size_t>(2 * (depth(place) + extra));
    lines_.push_back(
        fmt::format("{:>9}  {}{}", duration_text(event.timestamp - start_), std::string(indent, ' '), text));
  }

  std::string paint(Tone tone, std::string_view text) const { return toned(tone, text, options_.colour); }

  void entered(const HistoryEvent& event, const Place& place) {
    const auto type = event.type.substr(0, event.type.size() - std::string_view("StateEntered").size());
    const auto child = event.child == 0 ? std::string() : fmt::format(" (child {})", event.child);
    line(event, place, 0,
         fmt::format("{}{}{}  {}", paint(Tone::bold, printable(place.state)), place.item, child,
                     paint(Tone::faint, type)));
  }

  std::string value(const HistoryEvent& event, std::string_view member) const {
    return shortened(string_at(event.details, member), options_.value_characters_max);
  }

  void inside(const HistoryEvent& event, Place& place) {
    const auto type = event.type;
    if ((type.ends_with("Scheduled") || type == "ParallelStateStarted" || type == "MapStateStarted") && after_failure_)
      line(event, place, 1,
           paint(Tone::note, fmt::format("retry {} after {}", ++place.retries,
                                         duration_text(event.timestamp - failed_at_[place.state]))));
    if (type == "LambdaFunctionScheduled" || type == "ActivityScheduled")
      line(event, place, 1, fmt::format("→ {} {}", value(event, "resource"), value(event, "input")));
    else if (type == "TaskScheduled")
      line(event, place, 1,
           fmt::format("→ {}:{} {}", value(event, "resourceType"), value(event, "resource"),
                       value(event, "parameters")));
    else if (type == "LambdaFunctionSucceeded" || type == "ActivitySucceeded" || type == "TaskSucceeded")
      line(event, place, 1, "← " + value(event, "output"));
    else if (is_failure(type) && !type.starts_with("Execution"))
      failed(event, place);
    else if (type == "FailStateEntered")
      line(event, place, 1, "fails");
    else if (type == "MapIterationAborted")
      line(event, place, 0, paint(Tone::faint, fmt::format("item {} aborted", place.item)));
    else if (type.ends_with("Aborted"))
      line(event, place, 1, paint(Tone::faint, type));
  }

  void failed(const HistoryEvent& event, const Place& place) {
    failed_at_[place.state] = event.timestamp;
    if (event.type == "MapIterationFailed")
      return line(event, place, 0, paint(Tone::wrong, fmt::format("✗ item {} failed", place.item)));
    const auto error = value(event, "error"), cause = value(event, "cause");
    line(event, place, 1,
         paint(Tone::wrong,
               fmt::format("✗ {}{}{}", error.empty() ? event.type : error, cause.empty() ? "" : ": ", cause)));
  }

  asl::DefinitionPtr definition_;
  Time start_;
  ReportOptions options_;
  std::unordered_map<std::string_view, int> depths_;
  std::map<Key, Place> places_;
  std::map<std::string, Time, std::less<>> failed_at_;
  bool after_failure_ = false;
  std::vector<std::string> lines_;
};

PathReport::PathReport(asl::DefinitionPtr definition, Time start, ReportOptions options)
    : path_{std::make_unique<Path>(std::move(definition), start, options)} {}
PathReport::~PathReport() = default;
PathReport::PathReport(PathReport&&) noexcept = default;
PathReport& PathReport::operator=(PathReport&&) noexcept = default;

std::vector<std::string> PathReport::add(const HistoryEvent& event) {
  return path_->add(event);
}

std::vector<std::string> path_taken(const asl::DefinitionPtr& definition, const simulation::Simulation& run, Time start,
                                    const ReportOptions& options, std::size_t lines_max) {
  PathReport report(definition, start, options);
  std::vector<std::string> lines;
  for (const auto& event : run.history) {
    for (auto& line : report.add(event)) lines.push_back(std::move(line));
    if (lines.size() < lines_max) continue;
    lines.push_back(fmt::format("… {} events in all", run.history.size()));
    break;
  }
  return lines;
}

std::string duration_text(Microseconds duration) {
  auto rest = duration.count();
  if (rest < 0) return "-" + duration_text(-duration);
  const std::pair<std::int64_t, char> units[] = {{86'400'000'000, 'd'}, {3'600'000'000, 'h'}, {60'000'000, 'm'}};
  std::string text;
  for (const auto& [length, unit] : units) {
    if (rest < length) continue;
    text += fmt::format("{}{}", rest / length, unit);
    rest %= length;
  }
  if (rest == 0) return text.empty() ? "0s" : text;
  if (rest % 1'000'000 == 0) return text + fmt::format("{}s", rest / 1'000'000);
  return text + fmt::format("{:.3f}s", static_cast<double>(rest) / 1e6);
}

std::string printable(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    clean += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return clean;
}

std::string toned(Tone tone, std::string_view text, bool colour) {
  if (!colour || tone == Tone::plain) return std::string(text);
  const int code = tone == Tone::right   ? 32
                   : tone == Tone::wrong ? 31
                   : tone == Tone::note  ? 33
                   : tone == Tone::faint ? 90
                                         : 1;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace tocsin::playbook
