#include <cstring>

#include "pattern/detail/event.h"
#include "pattern/detail/text.h"

namespace tocsin::pattern {
namespace {

// Walks the tokens of a text along the key tree. The tokenizer has checked which token may follow which; what depends
// on nesting (commas before keys, matching brackets) is checked here.
class Walker {
 public:
  Walker(const RuleSet& rules, const char* text, const TokenRoom& room, const Tokens& tokens, Event& event)
      : rules_(rules),
        nodes_(rules.key_nodes.data()),
        text_(text),
        room_(room),
        chars_(room.chars),
        count_(tokens.count),
        has_backslash_(tokens.has_backslash),
        event_(event) {}

  // False: not valid, or `is_too_deep`.
  bool run() {
    // That the last one is no colon means that each key has a value, so that each value has a token behind it.
    if (count_ == 0 || chars_[0] != '{' || chars_[count_ - 1] != '}') return false;
    open(0, 0, none, 0);
    while (!event_.frames.empty()) {
      // Not copied: what was just written in parts would be read at once, for which the processor has to wait.
      const Event::Frame& frame = event_.frames.back();
      if (!(frame.is_array ? array(frame) : object(frame))) return false;
    }
    event_.end_scopes();
    return i_ == count_;
  }
  bool is_too_deep = false;

 private:
  // A frame for the container whose opening token is at `i`, and on to the token after that.
  void open(Index node, Index scope, Index own_scope, Index i) {
    const bool is_array = chars_[i] == '[';
    Index array = none;
    if (is_array) {
      array = static_cast<Index>(event_.arrays.size());
      const auto first = static_cast<Index>(event_.scopes.size());
      event_.arrays.push_back({first, first, 0});
    }
    event_.frames.push_back({node, scope, own_scope, array, is_array});
    i_ = i + 1;
  }

  bool close(const Event::Frame& frame) {
    const auto end = static_cast<Index>(event_.scopes.size());
    if (frame.own_scope != none) event_.scopes[frame.own_scope].end = end;
    if (frame.is_array) event_.arrays[frame.array].end = end;
    event_.frames.pop_back();
    ++i_;
    return true;
  }

  // Whether rules look into the container at token `i`.
  bool is_wanted(const KeyNode& node, Index i) const {
    return !node.slots.empty() || (chars_[i] == '[' && node.path != none);
  }

  // The members of an object from token i_ on, until one has to be gone into, or to its end.
  bool object(const Event::Frame& frame) {
    const Index node_index = frame.node, scope = frame.scope;
    const KeyNode& node = nodes_[node_index];
    while (true) {
      if (chars_[i_] == '}') return close(frame);
      if (chars_[i_] == ',') ++i_;
      // Not so in an object: a closing bracket, or a value without a key.
      if (chars_[i_] != '"' || chars_[i_ + 1] != ':') return false;
      const Index child = find_child(node_index, node, i_);
      const Index value = i_ + 2;
      const char c = chars_[value];
      if (c != '{' && c != '[') {
        if (child != none && nodes_[child].path != none) add_leaf(nodes_[child].path, scope, value);
        i_ = value + 1;
      } else if (child != none && is_wanted(nodes_[child], value)) {
        open(child, scope, none, value);
        return true;
      } else if (!skip(value)) {
        return false;
      }
    }
  }

  bool array(const Event::Frame& frame) {
    const Index node_index = frame.node, outer = frame.scope;
    const KeyNode& node = nodes_[node_index];
    while (true) {
      if (chars_[i_] == ']') return close(frame);
      if (chars_[i_] == ',') ++i_;
      const char c = chars_[i_];
      if (c == '{' || c == '[') {
        if (event_.scopes[outer].depth >= scope_depth_max) {
          is_too_deep = true;
          return false;
        }
        if (is_wanted(node, i_)) {
          const Index scope = event_.add_scope(outer, frame.array);
          open(node_index, scope, scope, i_);
          return true;
        }
        if (!skip(i_)) return false;
      } else {
        // Not so in an array: a closing brace, or a key.
        if (c == '}' || c == 0 || (c == '"' && chars_[i_ + 1] == ':')) return false;
        if (node.path != none) add_leaf(node.path, outer, i_);
        ++i_;
      }
    }
  }

  // The end of the text of the token at `i`: behind a string's last byte, or a scalar's.
  const char* end_of(Index i) const {
    const char* p = text_ + room_.at[i + 1];
    while (static_cast<unsigned char>(p[-1]) <= ' ') --p;
    return p;
  }

  // Whether one of the bits [first, last) is set.
  static bool any_bit(const std::uint64_t* words, std::size_t first, std::size_t last) {
    if (first == last) return false;
    const std::size_t word = first / 64, last_word = (last - 1) / 64;
    const std::uint64_t from = ~std::uint64_t{0} << first % 64, to = ~std::uint64_t{0} >> (63 - (last - 1) % 64);
    if (word == last_word) return (words[word] & from & to) != 0;
    if ((words[word] & from) != 0 || (words[last_word] & to) != 0) return true;
    for (std::size_t i = word + 1; i < last_word; ++i) {
      if (words[i] != 0) return true;
    }
    return false;
  }

  std::string_view string_at(Index i) const {
    const char* begin = text_ + room_.at[i] + 1;
    return {begin, static_cast<std::size_t>(end_of(i) - 1 - begin)};
  }
  bool has_escape(std::string_view raw) const {
    const auto begin = static_cast<std::size_t>(raw.data() - text_);
    return has_backslash_ && any_bit(room_.backslashes, begin, begin + raw.size());
  }

  Index find_child(Index node_index, const KeyNode& node, Index i) {
    std::string_view key = string_at(i);
    const auto begin = static_cast<std::size_t>(key.data() - text_);
    bool has_dot = node.is_deep && any_bit(room_.dots, begin, begin + key.size());
    if (has_escape(key)) {
      event_.key.clear();
      append_unescaped(event_.key, key);
      key = event_.key;
      has_dot = node.is_deep;
    }
    // A key with dots names a path of several steps.
    if (has_dot) return rules_.find_dotted_key(node_index, key);
    if ((node.lengths >> key.size() % 64 & 1) == 0) return none;
    return rules_.find_key(node, Word(key, begin >= 8 && key.data() != event_.key.data()));
  }

  void add_leaf(Index path, Index scope, Index i) {
    const char* begin = text_ + room_.at[i];
    switch (chars_[i]) {
      case '"': {
        std::string_view raw = string_at(i);
        if (has_escape(raw)) {
          const std::size_t at = event_.unescaped.size();
          append_unescaped(event_.unescaped, raw);
          event_.add_leaf(path, scope, Leaf::Kind::string, std::string_view(event_.unescaped).substr(at));
          return;
        }
        event_.add_leaf(path, scope, Leaf::Kind::string, raw).is_roomy = room_.at[i] >= 8;
        return;
      }
      case 't':
        event_.add_leaf(path, scope, Leaf::Kind::true_value, {begin, 4});
        return;
      case 'f':
        event_.add_leaf(path, scope, Leaf::Kind::false_value, {begin, 5});
        return;
      case 'n':
        event_.add_leaf(path, scope, Leaf::Kind::null_value, {begin, 4});
        return;
      default:
        event_.add_leaf(path, scope, Leaf::Kind::number, {begin, static_cast<std::size_t>(end_of(i) - begin)});
    }
  }

  // From the opening token at `i` to behind the closing one. Between two brackets everything is in the innermost open
  // container, so its commas are checked at once. The kinds of the open ones are bits: 1 is an object.
  bool skip(Index i) {
    std::uint64_t kinds = 0;
    int depth = 0;  // levels in `kinds`; 64 more for each word of event_.nesting
    event_.nesting.clear();
    std::uint64_t wrong = 0;
    Index word = i / 64;
    std::uint64_t from = ~std::uint64_t{0} << i % 64;  // tokens not yet looked at
    const Index words = (count_ + 63) / 64;
    for (; word < words; ++word, from = ~std::uint64_t{0}) {
      const TokenWords& words_here = room_.token_words[word];
      const std::uint64_t opens = words_here.opens, braces = words_here.braces;
      const std::uint64_t key_commas = words_here.key_commas, plain_commas = words_here.plain_commas;
      for (std::uint64_t brackets = words_here.brackets & from; brackets != 0; brackets &= brackets - 1) {
        const std::uint64_t bit = brackets & -brackets;
        const std::uint64_t before = from & (bit - 1);
        wrong |= before & ((kinds & 1) != 0 ? plain_commas : key_commas);
        from = -bit << 1;
        const std::uint64_t is_brace = (braces & bit) != 0 ? 1 : 0;
        const std::uint64_t rest = brackets & (brackets - 1), next = rest & -rest;
        if ((opens & bit) != 0 && (next & ~opens) != 0 && depth > 0) {
          // Opened and closed at once: nothing to remember.
          wrong |= (from & (next - 1) & (is_brace != 0 ? plain_commas : key_commas)) |
                   (is_brace ^ ((braces & next) != 0 ? 1 : 0));
          from = -next << 1;
          brackets = rest;
          continue;
        }
        if ((opens & bit) != 0) {
          if (depth == 64) {
            event_.nesting.push_back(kinds);
            depth = 0;
          }
          kinds = kinds << 1 | is_brace;
          ++depth;
          continue;
        }
        wrong |= (kinds & 1) ^ is_brace;
        kinds >>= 1;
        if (--depth > 0) continue;
        if (event_.nesting.empty()) {
          i_ = word * 64 + static_cast<Index>(__builtin_ctzll(bit)) + 1;
          return wrong == 0;
        }
        kinds = event_.nesting.back();
        event_.nesting.pop_back();
        depth = 64;
      }
      wrong |= from & ((kinds & 1) != 0 ? plain_commas : key_commas);
    }
    return false;
  }

  const RuleSet& rules_;
  const KeyNode* nodes_;
  const char* text_;
  const TokenRoom& room_;
  const char* chars_;
  Index count_;
  bool has_backslash_;
  Event& event_;
  Index i_ = 0;
};

Tokenizer best_tokenizer() {
  static const Tokenizer best = [] {
    Tokenizer list[3];
    tokenizers_here(list);
    return list[0];
  }();
  return best;
}

enum class Walked { to_the_end, too_deep, invalid };

inline __attribute__((always_inline)) Walked walk_tokens(const RuleSet& rules, const char* text, const TokenRoom& room,
                                                         const Tokens& tokens, Event& event) {
  Walker walker(rules, text, room, tokens, event);
  if (walker.run()) return Walked::to_the_end;
  return walker.is_too_deep ? Walked::too_deep : Walked::invalid;
}

using Walk = Walked (*)(const RuleSet&, const char*, const TokenRoom&, const Tokens&, Event&);

__attribute__((flatten)) Walked walk_anywhere(const RuleSet& rules, const char* text, const TokenRoom& room,
                                              const Tokens& tokens, Event& event) {
  return walk_tokens(rules, text, room, tokens, event);
}

// The same code for a processor that has an instruction for each step through a mask.
#if defined(__x86_64__)
__attribute__((flatten, target("bmi,bmi2,popcnt"))) Walked walk_with_bmi(const RuleSet& rules, const char* text,
                                                                         const TokenRoom& room, const Tokens& tokens,
                                                                         Event& event) {
  return walk_tokens(rules, text, room, tokens, event);
}
#endif

Walk best_walk() {
  static const Walk best = []() -> Walk {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
        __builtin_cpu_supports("popcnt") != 0) {
      return walk_with_bmi;
    }
#endif
    return walk_anywhere;
  }();
  return best;
}

}  // namespace

EventFault scan(const RuleSet& rules, std::string_view text, Event& event, Tokenizer tokenizer) {
  if (text.size() > event_bytes_max) return {"over 1 GiB", event_bytes_max};
  event.begin(rules, text.size());
  const TokenRoom& room = event.tokens.room_for(text.size());
  const Tokens tokens = tokenizer(text.data(), text.size(), room);
  if (tokens.is_valid && (!tokens.has_non_ascii || is_valid_utf8(text))) {
    const Walked walked = best_walk()(rules, text.data(), room, tokens, event);
    if (walked == Walked::to_the_end) return {};
    if (walked == Walked::too_deep) return {"arrays are nested too deeply", 0};
  }
  const EventFault fault = diagnose(text);
  return fault.reason != nullptr ? fault : EventFault{"malformed", 0};
}

EventFault scan(const RuleSet& rules, std::string_view text, Event& event) {
  return scan(rules, text, event, best_tokenizer());
}

}  // namespace tocsin::pattern
