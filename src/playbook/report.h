// An execution as a person reads it: the states it went through, what tasks were asked and answered, retries with their
// delays, and how it ended.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "asl/definition.h"
#include "simulation/simulate.h"

namespace tocsin::playbook {

struct ReportOptions {
  bool colour = false;
  std::size_t value_characters_max = 160;
};

// The path through an execution, event by event.
class PathReport {
 public:
  // `definition` tells how deep states lie inside others; it may be null.
  PathReport(asl::DefinitionPtr definition, Time start, ReportOptions options);
  ~PathReport();
  PathReport(PathReport&&) noexcept;
  PathReport& operator=(PathReport&&) noexcept;

  // The next event; the lines that it makes, without line ends.
  std::vector<std::string> add(const asl::HistoryEvent& event);

 private:
  class Path;
  std::unique_ptr<Path> path_;
};

// The whole path; at most `lines_max` lines.
std::vector<std::string> path_taken(const asl::DefinitionPtr& definition, const simulation::Simulation& run, Time start,
                                    const ReportOptions& options, std::size_t lines_max = 2'000);

// "2d 3h", "1.5s", "0s".
std::string duration_text(Microseconds duration);

// Control characters made harmless: text from files goes to the terminal.
std::string printable(std::string_view text);

enum class Tone { plain, right, wrong, note, faint, bold };
std::string toned(Tone tone, std::string_view text, bool colour);

}  // namespace tocsin::playbook
