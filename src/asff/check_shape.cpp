#include "asff/detail/check_shape.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tocsin::asff::detail {
namespace {

// The pattern that the service quotes for timestamps and types when it refuses one.
constexpr std::string_view timestamp_pattern =
    R"((\d\d\d\d)-[0-1](\d)-[0-3](\d)[Tt](?:[0-2](\d):[0-5](\d):[0-5](\d)|23:59:60)(?:\.(\d)+)?(?:[Zz]|[+-](\d\d)(?::?(\d\d))?)$)";
constexpr std::string_view finding_type_pattern = "^([^/]+)(/[^/]+){0,2}$";
constexpr std::string_view account_pattern = R"(^\d{12}$)";
constexpr std::string_view non_blank_pattern = R"(.*\S.*)";

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// \s of a regular expression: ASCII's six, and Unicode's.
bool is_blank(std::string_view text) {
  static constexpr std::string_view wide[] = {"\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
                                              "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u2028",
                                              "\u2029", "\u202F", "\u205F", "\u3000", "\uFEFF"};
  while (!text.empty()) {
    const char c = text.front();
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      text.remove_prefix(1);
      continue;
    }
    const auto* space = std::ranges::find_if(wide, [&](std::string_view w) { return text.starts_with(w); });
    if (space == std::end(wide)) return false;
    text.remove_prefix(space->size());
  }
  return true;
}

// One to three parts between slashes, none empty.
bool is_finding_type(std::string_view text) {
  const auto slashes = std::ranges::count(text, '/');
  return !text.empty() && slashes <= 2 && text.front() != '/' && text.back() != '/' &&
         text.find("//") == std::string_view::npos;
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

class Checker {
 public:
  Checker(const Leniency& leniency, std::vector<Violation>& out) : leniency_{leniency}, out_{out} {}

  void value(const json::value& value, const Shape& shape, const Place& place) {
    switch (shape.kind) {
      case Kind::structure:
        if (const auto* object = value.if_object()) return structure(*object, shape, place);
        return add(place, "should be object");
      case Kind::list:
        return list(value, shape, place);
      case Kind::map:
        return map(value, shape, place);
      case Kind::string:
        return string(value, shape, place);
      case Kind::integer:
      case Kind::number:
        return number(value, shape, place);
      case Kind::boolean:
        if (!value.is_bool()) add(place, "should be boolean");
        return;
    }
  }

  void structure(const json::object& object, const Shape& shape, const Place& place) {
    std::uint64_t seen = 0;
    for (const auto& [name, part] : object) {
      const Member* member = shape.member(name);
      if (!member) continue;
      seen |= member->required;
      this->value(part, table_.at(member->shape), Place{.up = &place, .name = member->name});
    }
    if (seen == shape.required_bits) return;
    for (std::size_t i = 0; i < shape.required.size(); ++i) {
      if (!(seen & (std::uint64_t{1} << i))) add(place, "should have required property '{}'", shape.required[i]);
    }
  }

 private:
  template <class... Args>
  void add(const Place& place, fmt::format_string<Args...> message, Args&&... args) {
    if (out_.size() >= violations_max) return;
    out_.push_back({.path = path_of(place),
                    .message = fmt::format(message, std::forward<Args>(args)...),
                    .error_code = "InvalidInput"});
  }

  void list(const json::value& value, const Shape& shape, const Place& place) {
    const auto* array = value.if_array();
    if (!array) return add(place, "should be array");
    const auto size = static_cast<std::int64_t>(array->size());
    if (size > shape.max) add(place, "should NOT have more than {} items", shape.max);
    if (size < shape.min) add(place, "should NOT have fewer than {} items", shape.min);
    const Shape& element = table_.at(shape.of);
    for (std::size_t i = 0; i < array->size() && out_.size() < violations_max; ++i)
      this->value((*array)[i], element, Place{.up = &place, .index = i});
  }

  void map(const json::value& value, const Shape& shape, const Place& place) {
    const auto* object = value.if_object();
    if (!object) return add(place, "should be object");
    const bool free = leniency_.maps_free;
    if (static_cast<std::int64_t>(object->size()) > shape.max && !free)
      add(place, "should NOT have more than {} properties", shape.max);
    const Shape& key = table_.at(shape.key);
    const Shape& element = table_.at(shape.of);
    for (const auto& [name, part] : *object) {
      if (out_.size() >= violations_max) return;
      const Place here{.up = &place, .name = name};
      if (static_cast<std::int64_t>(name.size()) > key.max && static_cast<std::int64_t>(characters(name)) > key.max &&
          !free)
        add(place, "property name '{}' should NOT be longer than {} characters", name.substr(0, 24), key.max);
      if (free && part.is_string()) continue;
      this->value(part, element, here);
    }
  }

  void string(const json::value& value, const Shape& shape, const Place& place) {
    const auto* text = value.if_string();
    if (!text) return add(place, "should be string");
    const std::string_view view = *text;
    // There are never more characters than bytes.
    if (static_cast<std::int64_t>(view.size()) > shape.max && static_cast<std::int64_t>(characters(view)) > shape.max)
      return add(place, "should NOT be longer than {} characters", shape.max);
    if (shape.min > 0 && static_cast<std::int64_t>(view.size()) < shape.min * 4 &&
        static_cast<std::int64_t>(characters(view)) < shape.min)
      return add(place, "should NOT be shorter than {} characters", shape.min);
    if (!shape.enumeration.empty() && std::ranges::find(shape.enumeration, view) == shape.enumeration.end())
      return add(place, "should be equal to one of the allowed values");
    format(view, shape, place);
  }

  void format(std::string_view text, const Shape& shape, const Place& place) {
    switch (shape.format) {
      case Format::any:
        return;
      case Format::non_blank:
        if (is_blank(text)) add(place, "should match pattern \"{}\"", non_blank_pattern);
        return;
      case Format::timestamp:
        if (!parse_timestamp(text)) add(place, "should match pattern \"{}\"", timestamp_pattern);
        return;
      case Format::account:
        if (!is_account(text)) add(place, "should match pattern \"{}\"", account_pattern);
        return;
      case Format::finding_type:
        if (!is_finding_type(text)) add(place, "should match pattern \"{}\"", finding_type_pattern);
        return;
    }
  }

  void number(const json::value& value, const Shape& shape, const Place& place) {
    double amount = 0;
    if (const auto* i = value.if_int64()) {
      amount = static_cast<double>(*i);
    } else if (const auto* u = value.if_uint64()) {
      amount = static_cast<double>(*u);
    } else if (const auto* d = value.if_double(); d && (shape.kind == Kind::number || std::trunc(*d) == *d)) {
      amount = *d;
    } else {
      return add(place, "should be {}", shape.kind == Kind::integer ? "integer" : "number");
    }
    if (amount > static_cast<double>(shape.max)) add(place, "should be <= {}", shape.max);
    if (amount < static_cast<double>(shape.min)) add(place, "should be >= {}", shape.min);
  }

  const ShapeTable& table_ = shape_table();
  const Leniency& leniency_;
  std::vector<Violation>& out_;
};

}  // namespace

void check_shape(const json::value& value, const Shape& shape, const Place& place, const Leniency& leniency,
                 std::vector<Violation>& out) {
  Checker{leniency, out}.value(value, shape, place);
}

void check_finding_shape(const json::object& finding, const Leniency& leniency, std::vector<Violation>& out) {
  Checker{leniency, out}.structure(finding, shape_table().root(), Place{});
}

}  // namespace tocsin::asff::detail
