// Random patterns and events over a small vocabulary, so that they meet often. For the property test and the fuzz
// targets: `Below` is a callable, below(n) gives a number under n.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace tocsin::pattern {

template <class Below>
class RandomCases {
 public:
  explicit RandomCases(Below below) : below_(below) {}

  // Dense cases have three keys and two values: nearly everything happens in arrays and by absence.
  bool is_dense = false;

  std::string pattern() {
    fields_ = 0;
    return pattern_object(0, false);
  }
  std::string event() {
    budget_ = 24;
    return event_object(0);
  }

 private:
  template <std::size_t N>
  std::string_view one_of(const std::string_view (&list)[N]) {
    return list[below_(N)];
  }
  bool chance(int percent) { return static_cast<int>(below_(100)) < percent; }

  // As JSON, with quotes.
  std::string key() {
    static constexpr std::string_view keys[] = {R"("a")",    R"("a")",   R"("b")",   R"("b")",
                                                R"("c")",    R"("d")",   R"("a.b")", R"("ключ")",
                                                R"("q\"k")", R"("x-y")", R"("")",    R"("\u0061")"};
    return std::string(is_dense || chance(70) ? keys[below_(3) * 2] : one_of(keys));
  }
  std::string text() {
    static constexpr std::string_view texts[] = {R"("")",
                                                 R"("a")",
                                                 R"("ab")",
                                                 R"("abc")",
                                                 R"("ABC")",
                                                 R"("aBc")",
                                                 R"("xabcx")",
                                                 R"("abab")",
                                                 R"("xyz")",
                                                 R"("é")",
                                                 R"("É")",
                                                 R"("e\u0301")",
                                                 R"("\u00e9")",
                                                 R"("日本")",
                                                 R"("日")",
                                                 R"("ß")",
                                                 R"("ẞ")",
                                                 R"("SS")",
                                                 R"("K")",
                                                 R"("k")",
                                                 R"("\u212a")",
                                                 R"("😀")",
                                                 R"("𐐀")",
                                                 R"("\ud801\udc28")",
                                                 R"("\ud83d")",
                                                 R"("10.0.0.1")",
                                                 R"("10.0.1.5")",
                                                 R"("010.0.0.1")",
                                                 R"("11.0.0.1")",
                                                 R"("::1")",
                                                 R"("2001:db8::1")",
                                                 R"("2001:db8:1::")",
                                                 R"("::ffff:10.0.0.1")",
                                                 R"("1")",
                                                 R"("100")",
                                                 R"("null")",
                                                 R"("true")",
                                                 R"("a*c")",
                                                 R"("a\\c")",
                                                 R"("a\nb")",
                                                 R"("\u0000")",
                                                 R"("abcabcabc")"};
    return std::string(one_of(texts));
  }
  std::string number() {
    static constexpr std::string_view numbers[] = {"0",
                                                   "-0.0",
                                                   "1",
                                                   "1.0",
                                                   "1e0",
                                                   "2",
                                                   "2.5",
                                                   "25e-1",
                                                   "-1",
                                                   "99.99",
                                                   "100",
                                                   "1e2",
                                                   "100.0",
                                                   "1E+2",
                                                   "0.1",
                                                   "0.10",
                                                   "301.8",
                                                   "3.018e2",
                                                   "9007199254740993",
                                                   "9007199254740992",
                                                   "1e400",
                                                   "1E400",
                                                   "1e-400",
                                                   "4.9e-324",
                                                   "5e-324",
                                                   "123456789012",
                                                   "1.7976931348623157e308",
                                                   "0.30000000000000004",
                                                   "0.1000000000000000055511151231257827",
                                                   "-5000000001",
                                                   "12345678901234567890"};
    return std::string(one_of(numbers));
  }
  std::string comparable() {
    static constexpr std::string_view numbers[] = {"0",   "1",     "2.5",   "-1",          "1e2",
                                                   "0.1", "301.8", "99.99", "123456789012"};
    return std::string(one_of(numbers));
  }
  std::string plain_value() {
    if (is_dense) return chance(50) ? "1" : "2";
    static constexpr std::string_view literals[] = {"true", "false", "null"};
    switch (below_(4)) {
      case 0:
        return number();
      case 1:
        return std::string(one_of(literals));
      default:
        return text();
    }
  }

  std::string wildcard() {
    static constexpr std::string_view wildcards[] = {
        R"("*")",      R"("a*")",      R"("*c")",  R"("a*c")",    R"("*b*")",   R"("*abc*")",
        R"("a*b*c*")", R"("*a*b")",    R"("")",    R"("abc")",    R"("a\\*c")", R"("*日*")",
        R"("ab*ab")",  R"("*ab*ab*")", R"("x*x")", R"("*\\\\*")", R"("1*.1")"};
    return std::string(one_of(wildcards));
  }
  std::string range() {
    static constexpr std::string_view ranges[] = {R"([">",0,"<",100])", R"([">=",1,"<=",1])", R"([">",-1,"<=",2.5])",
                                                  R"([">=",0,"<",3e2])", R"([">=",100,"<",1e300])"};
    static constexpr std::string_view operators[] = {"=", "<", "<=", ">", ">="};
    if (chance(40)) return std::string(one_of(ranges));
    return fmt::format("[\"{}\",{}]", one_of(operators), comparable());
  }
  std::string net() {
    static constexpr std::string_view nets[] = {R"("10.0.0.0/24")",   R"("10.0.0.0/8")",  R"("10.0.0.1/32")",
                                                R"("0.0.0.0/0")",     R"("10.0.0.9/23")", R"("::/0")",
                                                R"("2001:db8::/32")", R"("::1/128")",     R"("2001:db8:1::/48")"};
    return std::string(one_of(nets));
  }
  std::string visible_text() {
    std::string result = text();
    return result == R"("")" ? R"("a")" : result;
  }
  template <class One>
  std::string one_or_list(One one) {
    if (chance(50)) return one();
    std::string list = "[" + one();
    for (auto more = below_(3); more > 0; --more) list += "," + one();
    return list + "]";
  }
  std::string anything_but() {
    switch (below_(6)) {
      case 0:
        return one_or_list([&] { return comparable(); });
      case 1:
        return fmt::format("{{\"prefix\":{}}}", one_or_list([&] { return visible_text(); }));
      case 2:
        return fmt::format("{{\"suffix\":{}}}", one_or_list([&] { return visible_text(); }));
      case 3:
        return fmt::format("{{\"equals-ignore-case\":{}}}", one_or_list([&] { return text(); }));
      case 4:
        return fmt::format("{{\"wildcard\":{}}}", one_or_list([&] { return wildcard(); }));
      default:
        return one_or_list([&] { return text(); });
    }
  }
  std::string alternative() {
    if (is_dense) {
      static constexpr std::string_view few[] = {"1", "2", R"({"exists":false})", R"({"anything-but":1})",
                                                 R"({"exists":true})"};
      return std::string(one_of(few));
    }
    switch (below_(20)) {
      case 0:
        return fmt::format("{{\"exactly\":{}}}", text());
      case 1:
      case 2:
        return fmt::format("{{\"prefix\":{}}}", text());
      case 3:
        return fmt::format("{{\"suffix\":{}}}", text());
      case 4:
        return fmt::format("{{\"equals-ignore-case\":{}}}", text());
      case 5:
        return fmt::format("{{\"prefix\":{{\"equals-ignore-case\":{}}}}}", text());
      case 6:
        return fmt::format("{{\"suffix\":{{\"equals-ignore-case\":{}}}}}", text());
      case 7:
      case 8:
        return fmt::format("{{\"wildcard\":{}}}", wildcard());
      case 9:
      case 10:
        return fmt::format("{{\"numeric\":{}}}", range());
      case 11:
        return fmt::format("{{\"cidr\":{}}}", net());
      case 12:
      case 13:
        return fmt::format("{{\"anything-but\":{}}}", anything_but());
      case 14:
        return R"({"exists":true})";
      case 15:
      case 16:
        return R"({"exists":false})";
      default:
        return plain_value();
    }
  }

  std::string leaf() {
    std::string list = "[" + alternative();
    for (auto more = below_(4); more > 1; --more) list += "," + alternative();
    return list + "]";
  }
  std::string pattern_object(int depth, bool inside_or) {
    std::string object = "{";
    for (auto count = 1 + below_(depth == 0 ? 4 : 3); count > 0; --count) {
      if (object.size() > 1) object += ",";
      if (chance(8) && depth < 3 && fields_ < 12) {
        object += "\"$or\":[" + pattern_object(depth + 1, true);
        for (auto more = 1 + below_(2); more > 0; --more) object += "," + pattern_object(depth + 1, true);
        object += "]";
        continue;
      }
      ++fields_;
      object +=
          key() + ":" + (depth < 3 && chance(inside_or ? 25 : 40) ? pattern_object(depth + 1, inside_or) : leaf());
    }
    return object + "}";
  }

  std::string event_value(int depth) {
    if (--budget_ > 0 && depth < 5) {
      if (chance(25)) return event_object(depth);
      if (chance(is_dense ? 60 : 30)) return event_array(depth);
    }
    return plain_value();
  }
  std::string event_array(int depth) {
    std::string array = "[";
    for (auto count = below_(4); count > 0; --count) {
      if (array.size() > 1) array += chance(20) ? " ,\n" : ",";
      array += chance(60) && depth < 4 ? event_object(depth + 1) : event_value(depth + 1);
    }
    return array + "]";
  }
  std::string event_object(int depth) {
    std::string object = "{";
    for (auto count = below_(depth == 0 ? 6 : 4); count > 0; --count) {
      if (object.size() > 1) object += ",";
      object += key() + ":" + event_value(depth + 1);
    }
    return object + "}";
  }

  Below below_;
  int fields_ = 0;
  int budget_ = 0;
};

}  // namespace tocsin::pattern
