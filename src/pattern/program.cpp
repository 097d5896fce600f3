#include "pattern/detail/program.h"

namespace tocsin::pattern {

Index RuleSet::find_text(Range slots, std::string_view text) const {
  if (slots.empty()) return none;
  const Index mask = slots.size() - 1;
  const std::uint32_t hash = hash_text(text);
  for (Index i = hash & mask;; i = (i + 1) & mask) {
    const TextSlot& slot = text_slots[slots.first + i];
    if (slot.value == none) return none;
    if (slot.hash == hash && view(slot.text) == text) return slot.value;
  }
}

Index RuleSet::find_number(Range slots, double number) const {
  if (slots.empty()) return none;
  const Index mask = slots.size() - 1;
  for (Index i = hash_number(number) & mask;; i = (i + 1) & mask) {
    const NumberSlot& slot = number_slots[slots.first + i];
    if (slot.value == none) return none;
    if (slot.number == number) return slot.value;
  }
}

Index RuleSet::find_key(const KeyNode& node, std::string_view key) const {
  if (node.slots.empty()) return none;
  const Index mask = node.slots.size() - 1;
  const std::uint32_t hash = hash_text(key);
  for (Index i = hash & mask;; i = (i + 1) & mask) {
    const KeySlot& slot = key_slots[node.slots.first + i];
    if (slot.node == none) return none;
    if (slot.hash == hash && view(slot.key) == key) return slot.node;
  }
}

Index RuleSet::find_dotted_key(Index node, std::string_view key) const {
  while (true) {
    const std::size_t dot = key.find('.');
    node = find_key(key_nodes[node], key.substr(0, dot));
    if (node == none || dot == std::string_view::npos) return node;
    key.remove_prefix(dot + 1);
  }
}

}  // namespace tocsin::pattern
