// Measures workflows alone: durable executions a second, transitions, open executions, express ones, Maps.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "parts.h"

int main(int argc, char** argv) {
  using namespace tocsin::bench;
  WorkflowPlan plan;
  std::string folder = ".";
  std::string json;
  std::string version = "tocsin";
  std::string only = "durable,waiting,express,map";
  CLI::App app{"Measures workflows alone: durable executions a second, transitions, open executions, express ones."};
  app.add_option("--folder", folder, "folder for the stores, on the disk to measure")->check(CLI::ExistingDirectory);
  app.add_option("--json", json, "file to append the figures to, as JSON lines");
  app.add_option("--version-text", version, "names the program in the report");
  app.add_option("--only", only, "parts: durable,waiting,express,map");
  app.add_option("--executions", plan.executions, "durable executions to run")->check(CLI::PositiveNumber);
  app.add_option("--map-items", plan.map_items, "items of the greater Map")->check(CLI::PositiveNumber);
  app.add_option("--waiting", plan.waiting, "executions left open")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  plan.folder = std::filesystem::absolute(folder);

  Report report{json, version};
  report.machine(describe_machine(plan.folder));
  if (only.find("durable") != only.npos) measure_durable(plan, report);
  if (only.find("waiting") != only.npos) measure_waiting(plan, report);
  if (only.find("express") != only.npos) measure_express(plan, report);
  if (only.find("map") != only.npos) measure_map(plan, report);
  fmt::print("\n{}\n",
             report.missed() == 0 ? "All aims are met." : fmt::format("{} aims are missed.", report.missed()));
  return 0;
}
