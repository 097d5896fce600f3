#include <algorithm>

#include <fmt/format.h>

#include "asl/detail/intrinsic.h"
#include "asl/detail/text.h"
#include "asl/history.h"
#include "digest/digest.h"

namespace tocsin::asl {
namespace {

constexpr std::size_t coded_characters_max = 10'000;  // Base64Encode, Base64Decode, Hash

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::validation, std::move(message));
}

Result<std::string_view> text_argument(const Arguments& arguments, std::size_t index) {
  if (const auto* text = arguments[index].if_string()) return std::string_view(*text);
  return refuse(
      fmt::format("argument {} must be a string, but was: {}", index + 1, to_text(arguments[index]).substr(0, 200)));
}

// "{}" is the next argument; "\{", "\}", "\'" and "\\" are the characters themselves.
Result<json::value> format(const Arguments& arguments) {
  const auto pattern = text_argument(arguments, 0);
  if (!pattern) return refuse(pattern.error().message);
  std::string out;
  std::size_t next = 1;
  for (std::size_t i = 0; i < pattern->size(); ++i) {
    const char c = (*pattern)[i];
    const char following = i + 1 < pattern->size() ? (*pattern)[i + 1] : '\0';
    if (c == '\\' && (following == '{' || following == '}' || following == '\'' || following == '\\')) {
      out += following;
      ++i;
    } else if (c == '{' && following == '}') {
      if (next >= arguments.size()) return refuse("there are fewer arguments than '{}' in the string");
      out += to_java_text(arguments[next++]);
      ++i;
    } else if (c == '{' || c == '}') {
      return refuse("a brace that is no '{}' must be written as '\\\\{' or '\\\\}'");
    } else {
      out += c;
    }
  }
  if (next != arguments.size()) return refuse("there are more arguments than '{}' in the string");
  return json::value(json::string(out));
}

Result<json::value> hash(const Arguments& arguments) {
  const auto algorithm = text_argument(arguments, 1);
  if (!algorithm) return refuse(algorithm.error().message);
  const std::string data =
      arguments[0].is_string() ? std::string(std::string_view(arguments[0].get_string())) : to_text(arguments[0]);
  if (data.size() > coded_characters_max) return refuse("the data to hash has more than 10000 characters");
  std::string (*const digest)(std::string_view) = *algorithm == "MD5"       ? &digest::md5
                                                  : *algorithm == "SHA-1"   ? &digest::sha1
                                                  : *algorithm == "SHA-256" ? &digest::sha256
                                                  : *algorithm == "SHA-384" ? &digest::sha384
                                                  : *algorithm == "SHA-512" ? &digest::sha512
                                                                            : nullptr;
  if (!digest) return refuse("the algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512");
  return json::value(json::string(digest::hex(digest(data))));
}

Result<json::value> decode(const Arguments& arguments) {
  const auto text = text_argument(arguments, 0);
  if (!text) return refuse(text.error().message);
  if (text->size() > coded_characters_max) return refuse("the data to decode has more than 10000 characters");
  const auto bytes = digest::from_base64(*text);
  if (!bytes) return refuse("the data is not valid Base64");
  // The result must be text: what is no UTF-8 could not be stored or sent.
  std::string quoted = "\"";
  for (const char c : *bytes) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      quoted += c;
  }
  auto value = parse_json(quoted + "\"");
  if (!value) return refuse("the decoded data is not valid UTF-8");
  return value;
}

Result<json::value> encode(const Arguments& arguments) {
  const auto text = text_argument(arguments, 0);
  if (!text) return refuse(text.error().message);
  if (text->size() > coded_characters_max) return refuse("the data to encode has more than 10000 characters");
  return json::value(json::string(digest::base64(*text)));
}

// Shallow, the second object's members win. Deep merging exists in the signature only: the service refuses it too.
Result<json::value> merge(Arguments& arguments) {
  if (!arguments[0].is_object() || !arguments[1].is_object()) return refuse("arguments 1 and 2 must be objects");
  if (!arguments[2].is_bool()) return refuse("argument 3 must be true or false");
  if (arguments[2].get_bool()) return refuse("deep merging is not supported; argument 3 must be false");
  for (auto& member : arguments[1].get_object()) arguments[0].get_object()[member.key()] = std::move(member.value());
  return std::move(arguments[0]);
}

Result<json::value> add(const Arguments& arguments) {
  const auto a = integer_argument(arguments, 0);
  const auto b = integer_argument(arguments, 1);
  if (!a) return refuse(a.error().message);
  if (!b) return refuse(b.error().message);
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*a, *b, &sum)) return refuse("the sum does not fit into 64 bits");
  return json::value(sum);
}

// In [start, end). With a seed the number is the same each time; which number it is, is ours, not the service's.
Result<json::value> random_number(const Arguments& arguments, Random& random) {
  const auto start = integer_argument(arguments, 0);
  const auto end = integer_argument(arguments, 1);
  if (!start) return refuse(start.error().message);
  if (!end) return refuse(end.error().message);
  if (*start >= *end) return refuse("the start of the range must be less than its end");
  const auto width = static_cast<std::uint64_t>(*end) - static_cast<std::uint64_t>(*start);
  std::uint64_t drawn = 0;
  if (arguments.size() > 2) {
    const auto seed = integer_argument(arguments, 2);
    if (!seed) return refuse(seed.error().message);
    drawn = SeededRandom(static_cast<std::uint64_t>(*seed)).below(width);
  } else {
    drawn = random.below(width);
  }
  return json::value(static_cast<std::int64_t>(static_cast<std::uint64_t>(*start) + drawn));
}

// Each character of the second argument is a delimiter; empty pieces are dropped.
Result<json::value> split(const Arguments& arguments) {
  const auto text = text_argument(arguments, 0);
  const auto delimiters = text_argument(arguments, 1);
  if (!text) return refuse(text.error().message);
  if (!delimiters) return refuse(delimiters.error().message);
  json::array pieces;
  std::string piece;
  const auto flush = [&] {
    if (!piece.empty()) pieces.emplace_back(json::string(piece));
    piece.clear();
  };
  for (std::size_t i = 0; i < text->size();) {
    std::size_t length = 1;  // one UTF-8 character
    while (i + length < text->size() && ((*text)[i + length] & 0xC0) == 0x80) ++length;
    const auto character = text->substr(i, length);
    if (delimiters->find(character) != delimiters->npos)
      flush();
    else
      piece += character;
    i += length;
  }
  flush();
  return json::value(std::move(pieces));
}

Result<json::value> from_text(const Arguments& arguments) {
  const auto text = text_argument(arguments, 0);
  if (!text) return refuse(text.error().message);
  if (text->find_first_not_of(" \t\r\n") == text->npos) return json::value(nullptr);
  auto value = parse_json(*text);
  if (!value) return refuse("the string is not valid JSON");
  return value;
}

}  // namespace

Result<json::value> call_text_function(Function function, Arguments& arguments, Random& random) {
  switch (function) {
    case Function::format:
      return format(arguments);
    case Function::hash:
      return hash(arguments);
    case Function::base64_encode:
      return encode(arguments);
    case Function::base64_decode:
      return decode(arguments);
    case Function::json_merge:
      return merge(arguments);
    case Function::json_to_string:
      return json::value(json::string(to_text(arguments[0])));
    case Function::math_add:
      return add(arguments);
    case Function::math_random:
      return random_number(arguments, random);
    case Function::string_split:
      return split(arguments);
    case Function::string_to_json:
      return from_text(arguments);
    default:
      break;
  }
  return json::value(json::string(make_uuid(random)));
}

}  // namespace tocsin::asl
