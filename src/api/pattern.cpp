#include "api/pattern.h"

#include <mutex>

#include <re2/re2.h>

#include "api/model.h"

namespace tocsin::api {
namespace {

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Java's \uXXXX is RE2's \x{XXXX}. The models also write code points of five and six digits that way.
std::string to_re2(std::string_view java) {
  std::string out;
  for (std::size_t i = 0; i < java.size(); ++i) {
    if (java[i] != '\\' || i + 1 >= java.size()) {
      out += java[i];
      continue;
    }
    if (java[i + 1] == 'u') {
      std::size_t digits = 0;
      while (digits < 6 && i + 2 + digits < java.size() && is_hex(java[i + 2 + digits])) ++digits;
      if (digits >= 4) {
        out.append("\\x{").append(java.substr(i + 2, digits)).append("}");
        i += 1 + digits;
        continue;
      }
    }
    if (java.substr(i).starts_with("\\p{ASCII}")) {
      out += "[[:ascii:]]";
      i += std::string_view("\\p{ASCII}").size() - 1;
      continue;
    }
    out.append(java.substr(i, 2));
    ++i;
  }
  return out;
}

}  // namespace

class Pattern {
 public:
  explicit Pattern(std::string text) : text_{std::move(text)} {}

  // Compiled when first asked for: most patterns of most models never are.
  const RE2& compiled() const {
    std::call_once(once_, [this] {
      RE2::Options options;
      options.set_log_errors(false);
      options.set_dot_nl(true);  // values of many lines (descriptions) are fine where a pattern says .*
      expression_ = std::make_unique<RE2>(to_re2(text_), options);
    });
    return *expression_;
  }

 private:
  std::string text_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<RE2> expression_;
};

std::shared_ptr<const Pattern> make_pattern(std::string java) {
  return std::make_shared<const Pattern>(std::move(java));
}

bool is_enforced(const Pattern& pattern) {
  return pattern.compiled().ok();
}

bool matches(const Pattern& pattern, std::string_view text) {
  const RE2& expression = pattern.compiled();
  return !expression.ok() || RE2::FullMatch(re2::StringPiece(text.data(), text.size()), expression);
}

}  // namespace tocsin::api
