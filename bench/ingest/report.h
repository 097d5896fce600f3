// The figures, as a table for people and as JSON lines for comparing runs.
#pragma once

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

#include "latencies.h"
#include "machine.h"

namespace tocsin::bench {

// What a figure should be.
struct Aim {
  enum class Sense { at_least, at_most } sense;
  double value;
};

class Report {
 public:
  // `lines`: a file that the JSON lines are appended to; empty: none. `version` names the program measured.
  Report(const std::filesystem::path& lines, std::string version);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  void machine(const Machine& machine);
  void section(const std::string& title);
  void figure(const std::string& name, double value, const std::string& unit, std::optional<Aim> aim = {});
  // p50, p99, p99.9 and the longest, in ms. The aim is p99's.
  void latencies(const std::string& name, const Latencies& latencies, std::optional<Aim> p99_aim = {});
  void note(const std::string& text);

  // Figures that missed their aim.
  int missed() const { return missed_; }

 private:
  void line(const std::string& name, double value, const std::string& unit, std::optional<bool> met);

  std::FILE* lines_ = nullptr;
  std::string version_, started_, section_, machine_;
  int missed_ = 0;
};

}  // namespace tocsin::bench
