// What the matcher keeps of an event: the values at used paths ("leaves") and the arrays that enclose them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pattern/detail/program.h"
#include "pattern/detail/tokens.h"

namespace tocsin::pattern {

struct Leaf {
  enum class Kind : std::uint8_t { string, number, true_value, false_value, null_value };

  const char* data;  // string: unescaped; number: as written. Lives as long as the event and its Event do.
  Index size;
  Index path;
  Index scope;
  Index next;  // of the same path, in the order of the event
  Kind kind;
  bool is_roomy;  // see first_eight()

  // Filled when first asked for.
  bool has_value, has_number, is_comparable;
  Index value;  // value id
  double number;
  Index more;  // in Event::forms; none: nobody asked yet

  std::string_view text() const { return {data, size}; }
  Word word() const { return Word(text(), is_roomy); }
};

// Other forms of a string, filled when first asked for.
struct LeafForms {
  bool has_folded = false, has_address = false;
  Index folded = 0, folded_size = 0;  // in Event::folded
  Index address = none;               // in Event::addresses
};

// An object or array that is an element of an array at a used path. Scope 0 is the event itself. A scope's descendants
// are the scopes after it, up to `end`.
struct Scope {
  Index parent = none;
  Index array = none;
  Index end = 0;
  Index depth = 0;
  Index choice = 0;  // the innermost scope on the way here whose array has others too; 0: there is none
};

// The elements of an array that are scopes, all of one parent, and their descendants: [first, end).
struct ArrayScopes {
  Index first = 0, end = 0;
  Index count = 0;  // of the elements
};

// Arrays inside arrays at used paths, at most. Other nesting is not limited.
inline constexpr Index scope_depth_max = 1024;
// Bytes of an event, at most (places are 32-bit numbers).
inline constexpr std::size_t event_bytes_max = std::size_t{1} << 30;

// The memory for the tokens of one event after another.
class TokenMemory {
 public:
  const TokenRoom& room_for(std::size_t event_bytes);

 private:
  std::size_t size_ = 0;
  std::unique_ptr<char[]> chars_;
  std::unique_ptr<std::uint32_t[]> at_;
  std::unique_ptr<TokenWords[]> token_words_;
  std::unique_ptr<std::uint64_t[]> text_words_;
  TokenRoom room_{};
};

// The working memory for one event after another.
class Event {
 public:
  struct PathLeaves {
    std::uint32_t epoch = 0;  // of the event that the rest belongs to
    Index first = none, last = none;
  };
  struct Frame {
    Index node, scope, own_scope, array;
    bool is_array;
  };

  std::vector<Leaf> leaves;  // the first `leaf_count` are of this event
  std::size_t leaf_count = 0;
  std::vector<LeafForms> forms;
  std::vector<Scope> scopes;
  std::vector<ArrayScopes> arrays;
  std::vector<PathLeaves> path_leaves;  // by path
  std::vector<Index> touched;           // paths that have leaves
  std::uint32_t epoch = 0;              // counts the events, up to epoch_end
  static constexpr std::uint32_t epoch_end = std::uint32_t{1} << 30;
  std::uint64_t steps = 0;  // bytes of text that wildcards looked through, in units of 16

  std::string unescaped;  // texts of strings that had escapes; never grows during an event
  std::string folded;     // from `eight` on
  static constexpr std::size_t eight = 8;
  std::vector<Address> addresses;
  std::vector<Frame> frames;
  std::vector<std::uint64_t> nesting;  // of what is skipped, 64 levels a word
  std::string key;
  TokenMemory tokens;

  void begin(const RuleSet& rules, std::size_t event_bytes);
  Leaf& add_leaf(Index path, Index scope, Leaf::Kind kind, std::string_view text);
  Index add_scope(Index parent, Index array);
  // When all scopes are there.
  void end_scopes();
  // Some array at a used path has two scopes or more, so that there is something to choose.
  bool has_choices = false;

  const PathLeaves* leaves_of(Index path) const {
    const PathLeaves& at = path_leaves.data()[path];
    return at.epoch == epoch ? &at : nullptr;
  }
};

inline void Event::begin(const RuleSet& rules, std::size_t event_bytes) {
  if (++epoch == epoch_end) {
    path_leaves.clear();
    epoch = 1;
  }
  if (path_leaves.size() < rules.paths.size()) path_leaves.resize(rules.paths.size());
  steps = 0;
  leaf_count = 0;
  forms.clear();
  scopes.resize(1);
  arrays.clear();
  touched.clear();
  frames.clear();
  unescaped.clear();
  folded.resize(eight);
  addresses.clear();
  has_choices = false;
  // Unescaping only shrinks, so no text ever moves.
  if (unescaped.capacity() < event_bytes) unescaped.reserve(event_bytes + event_bytes / 4);
}

inline Leaf& Event::add_leaf(Index path, Index scope, Leaf::Kind kind, std::string_view text) {
  if (leaf_count == leaves.size()) leaves.resize(2 * leaf_count + 64);
  PathLeaves& at = path_leaves.data()[path];
  const auto index = static_cast<Index>(leaf_count++);
  Leaf& leaf = leaves.data()[index];
  leaf.data = text.data();
  leaf.size = static_cast<Index>(text.size());
  leaf.path = path;
  leaf.scope = scope;
  leaf.next = none;
  leaf.kind = kind;
  leaf.is_roomy = leaf.has_value = leaf.has_number = false;
  leaf.more = none;
  if (at.epoch != epoch) {
    at = {epoch, index, index};
    touched.push_back(path);
  } else {
    leaves.data()[at.last].next = index;
    at.last = index;
  }
  return leaf;
}

inline Index Event::add_scope(Index parent, Index array) {
  const auto index = static_cast<Index>(scopes.size());
  scopes.push_back({parent, array, 0, scopes.data()[parent].depth + 1, 0});
  has_choices |= ++arrays.data()[array].count > 1;
  return index;
}

struct EventFault {
  const char* reason = nullptr;  // null: the event is valid
  std::size_t at = 0;
};

// Fills `event` from JSON text: an object, valid throughout (RFC 8259, UTF-8), nothing after it.
EventFault scan(const RuleSet& rules, std::string_view text, Event& event);
// The same with a certain tokenizer, for tests.
EventFault scan(const RuleSet& rules, std::string_view text, Event& event, Tokenizer tokenizer);

// Why and where the text is no event, found slowly; no reason if it is one.
EventFault diagnose(std::string_view text);

}  // namespace tocsin::pattern
