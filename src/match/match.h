// The command `tocsin match`: event patterns against events, from files, without a server. The engine is in `pattern`;
// this room reads lines and prints answers.
#pragma once

#include <iosfwd>
#include <string>

namespace tocsin::match {

struct Options {
  std::string rules = {};    // file of JSON lines {"name", "pattern"}
  std::string events = {};   // file of events, one JSON object a line; empty or "-": `in`
  bool check = false;        // only validate the rules
  bool count = false;        // totals per rule instead of an answer per event
  bool dot = false;          // the compiled indexes as a Graphviz digraph
  std::string explain = {};  // a rule's name: for each event, the first condition that failed
};

// To `out`, one line for each line of events: an array of the names of the rules that match, in the order of the rules
// file; `null` for a line that is no event, with its number and the reason to `err`. With `check`: {"name", "error"}
// for each bad rule. With `count`: {"name", "matches"} for each rule. With `explain`: {"matched", "path", "wanted",
// "found", "reason"}.
// Returns 0; 1: a rule or an event was bad; 2: a file cannot be read, or the rule to explain is not there.
int run_match(const Options& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace tocsin::match
