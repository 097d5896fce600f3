#include "pattern/detail/program.h"

namespace tocsin::pattern {

Index RuleSet::find_text(Range slots, std::string_view text) const {
  if (slots.empty()) return none;
  const Index mask = slots.size() - 1;
  const std::uint32_t hash = hash_text(text);
  const TextSlot* const table = text_slots.data() + slots.first;
  for (Index i = hash & mask;; i = (i + 1) & mask) {
    const TextSlot& slot = table[i];
    if (slot.value == none) return none;
    if (slot.hash == hash && slot.text.size == text.size() &&
        same_bytes(bytes.data() + slot.text.at, text.data(), text.size())) {
      return slot.value;
    }
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
  if ((node.lengths >> key.size() % 64 & 1) == 0) return none;
  const Index mask = node.slots.size() - 1;
  const std::uint32_t hash = hash_text(key);
  const KeySlot* const table = key_slots.data() + node.slots.first;
  for (Index i = hash & mask;; i = (i + 1) & mask) {
    const KeySlot& slot = table[i];
    if (slot.node == none) return none;
    if (slot.hash == hash && slot.key.size == key.size() &&
        same_bytes(bytes.data() + slot.key.at, key.data(), key.size())) {
      return slot.node;
    }
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
