// The compiled form as a picture, read back from the tables that the matcher walks.
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include "pattern/detail/program.h"
#include "pattern/detail/text.h"
#include "pattern/pattern.h"

namespace tocsin::pattern {
namespace {

class Picture {
 public:
  Picture(const RuleSet& rules, std::span<const std::string> names) : rules_(rules), names_(names) {}

  std::string draw() {
    out_ =
        "digraph rules {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=10, shape=box];\n"
        "  edge [fontname=\"sans-serif\", fontsize=9];\n  key0 [label=\"event\", shape=oval];\n";
    draw_keys();
    for (Index path = 0; path < rules_.paths.size(); ++path) draw_path(path);
    for (Index i = rules_.always.first; i < rules_.always.last; ++i) {
      out_ += fmt::format("  key0 -> sub{} [label=\"always\", style=dashed];\n", rules_.postings[i].index());
    }
    for (Index sub_rule = 0; sub_rule < rules_.sub_rules.size(); ++sub_rule) draw_sub_rule(sub_rule);
    for (Index rule = 0; rule < rules_.rule_ids.size(); ++rule) {
      const std::string label = rule < names_.size()
                                    ? quoted(names_[rule])
                                    : fmt::format("\"rule {}\"", static_cast<std::uint32_t>(rules_.rule_ids[rule]));
      out_ += fmt::format("  {} [label={}, style=filled, fillcolor=lightgrey];\n", rule_name(rule), label);
    }
    return out_ + "}\n";
  }

 private:
  static std::string escaped(std::string_view text) {
    const std::string json = quoted(text);
    std::string out;
    for (const char c : json) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  }

  void draw_keys() {
    for (Index node = 0; node < rules_.key_nodes.size(); ++node) {
      const KeyNode& at = rules_.key_nodes[node];
      if (node != 0) out_ += fmt::format("  key{} [label=\"{}\", shape=oval];\n", node, at.path == none ? "" : "value");
      for (Index slot = at.slots.first; slot < at.slots.last; ++slot) {
        const KeySlot& child = rules_.key_slots[slot];
        if (child.node == none) continue;
        out_ += fmt::format("  key{} -> key{} [label=\"{}\"];\n", node, child.node, escaped(rules_.view(child.key)));
      }
      if (at.path != none) node_of_path_[at.path] = node;
    }
  }

  // Dashed: what is found is still to be tested.
  void draw_postings(Index path, Range postings, const std::string& label) {
    for (Index i = postings.first; i < postings.last; ++i) {
      const Posting posting = rules_.postings[i];
      const std::string target =
          posting.kind() == Posting::rule ? rule_name(posting.index()) : fmt::format("sub{}", posting.index());
      out_ += fmt::format("  key{} -> {} [label=\"{}\"{}];\n", node_of_path_.at(path), target, label,
                          posting.kind() == Posting::first_is_to_test ? ", style=dashed" : "");
    }
  }
  std::string rule_name(Index rule) const {
    return fmt::format("rule{}", static_cast<std::uint32_t>(rules_.rule_ids[rule]));
  }

  void draw_affixes(Index path, Range entries, bool backwards, const char* form) {
    for (Index i = entries.first; i < entries.last; ++i) {
      std::string text(rules_.view(rules_.affixes[i].text));
      if (backwards) text.assign(text.rbegin(), text.rend());
      draw_postings(path, rules_.affixes[i].postings, fmt::format(fmt::runtime(form), escaped(text)));
    }
  }

  void draw_texts(Index path, Range slots, const std::vector<Range>& postings, const char* form) {
    for (Index i = slots.first; i < slots.last; ++i) {
      const TextSlot& slot = rules_.text_slots[i];
      if (slot.value == none) continue;
      draw_postings(path, postings[slot.value], fmt::format(fmt::runtime(form), escaped(rules_.view(slot.text))));
    }
  }

  void draw_path(Index path) {
    const PathIndex& index = rules_.paths[path];
    draw_texts(path, index.strings, rules_.value_postings, "= {}");
    draw_texts(path, index.number_texts, rules_.value_postings, "= number {}");
    draw_texts(path, index.folded, rules_.folded_postings, "ignoring case {}");
    for (Index i = index.numbers.first; i < index.numbers.last; ++i) {
      const NumberSlot& slot = rules_.number_slots[i];
      if (slot.value != none) draw_postings(path, rules_.value_postings[slot.value], fmt::format("= {}", slot.number));
    }
    draw_affixes(path, index.prefixes, false, "starts {}");
    draw_affixes(path, index.folded_prefixes, false, "starts, ignoring case {}");
    draw_affixes(path, index.suffixes, true, "ends {}");
    draw_affixes(path, index.folded_suffixes, true, "ends, ignoring case {}");
    for (const Range nets : {index.nets_v4, index.nets_v6}) {
      for (Index i = nets.first; i < nets.last; ++i) {
        draw_postings(path, rules_.net_entries[i].postings, fmt::format("cidr /{}", rules_.net_entries[i].net.length));
      }
    }
    std::set<std::uint32_t> in_intervals;  // an interval lies in several nodes of the segment tree
    for (Index i = index.numeric.postings_nodes.first; i < index.numeric.postings_nodes.last; ++i) {
      const Range postings = rules_.numeric_nodes[i];
      for (Index p = postings.first; p < postings.last; ++p) {
        if (in_intervals.insert(rules_.postings[p].bits).second) draw_postings(path, {p, p + 1}, "in an interval");
      }
    }
    draw_postings(path, index.on_true, "true");
    draw_postings(path, index.on_false, "false");
    draw_postings(path, index.on_null, "null");
    draw_postings(path, index.on_string, "any string");
    draw_postings(path, index.on_present, "any value");
  }

  void draw_sub_rule(Index number) {
    const CompiledSubRule& sub_rule = rules_.sub_rules[number];
    // One condition that is found by an index leads to the rule at once.
    if (out_.find(fmt::format("-> sub{} ", number)) == std::string::npos) return;
    std::string label = "and";
    for (Index i = sub_rule.predicates.first; i < sub_rule.predicates.last; ++i) {
      const Index predicate = rules_.sub_rule_predicates[i];
      const std::string path(rules_.view(rules_.path_texts[rules_.predicates[predicate].path]));
      label += fmt::format("\\n#{} on {}", predicate, escaped(path));
    }
    out_ += fmt::format("  sub{} [label=\"{}\"];\n  sub{} -> {};\n", number, label, number, rule_name(sub_rule.rule));
  }

  const RuleSet& rules_;
  std::span<const std::string> names_;
  std::map<Index, Index> node_of_path_;
  std::string out_;
};

}  // namespace

std::string to_dot(const RuleSet& rules, std::span<const std::string> names) {
  return Picture(rules, names).draw();
}

}  // namespace tocsin::pattern
