#include "asl/detail/exact_json.h"

#include <simdjson.h>

namespace tocsin::asl {
namespace {

json::value convert(const simdjson::dom::element& element) {
  switch (element.type()) {
    case simdjson::dom::element_type::ARRAY: {
      json::array array;
      for (const auto part : simdjson::dom::array(element)) array.push_back(convert(part));
      return array;
    }
    case simdjson::dom::element_type::OBJECT: {
      json::object object;
      for (const auto& field : simdjson::dom::object(element)) object[field.key] = convert(field.value);
      return object;
    }
    case simdjson::dom::element_type::INT64:
      return std::int64_t(element);
    case simdjson::dom::element_type::UINT64:
      return std::uint64_t(element);
    case simdjson::dom::element_type::DOUBLE:
      return double(element);
    case simdjson::dom::element_type::STRING:
      return json::string(std::string_view(element));
    case simdjson::dom::element_type::BOOL:
      return bool(element);
    case simdjson::dom::element_type::NULL_VALUE:
      break;
  }
  return nullptr;
}

}  // namespace

Result<json::value> parse_exact_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  const auto document = parser.parse(text.data(), text.size());
  if (document.error() != simdjson::SUCCESS)
    return fail(ErrorCode::corrupt, std::string("not valid JSON: ") + simdjson::error_message(document.error()));
  try {
    return convert(document.value_unsafe());
  } catch (const simdjson::simdjson_error& thrown) {
    return fail(ErrorCode::corrupt, std::string("not valid JSON: ") + thrown.what());
  }
}

}  // namespace tocsin::asl
