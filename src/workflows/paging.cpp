#include "workflows/paging.h"

#include <algorithm>

#include "digest/digest.h"

namespace tocsin::workflows {

std::string make_token(std::string_view last) {
  return digest::base64("after:" + std::string(last));
}

Result<Page> read_page(const json::object& input, std::int64_t size_default, std::int64_t size_max) {
  Page page;
  page.size = integer_at(input, "maxResults");
  page.size = page.size <= 0 ? size_default : std::min(page.size, size_max);
  if (const auto token = string_at(input, "nextToken"); !token.empty()) {
    const auto text = digest::from_base64(token);
    if (!text || !text->starts_with("after:"))
      return fail(ErrorCode::validation, "Invalid Token: '" + std::string(token.substr(0, 64)) + "'", "InvalidToken",
                  "nextToken");
    page.after = text->substr(6);
  }
  return page;
}

}  // namespace tocsin::workflows
