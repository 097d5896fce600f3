#include "pattern/detail/program.h"

namespace tocsin::pattern {

Index RuleSet::find_dotted_key(Index node, std::string_view key) const {
  while (true) {
    const std::size_t dot = key.find('.');
    node = find_key(key_nodes[node], Word(key.substr(0, dot)));
    if (node == none || dot == std::string_view::npos) return node;
    key.remove_prefix(dot + 1);
  }
}

}  // namespace tocsin::pattern
