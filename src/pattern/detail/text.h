// Text of JSON strings: escapes, UTF-8, Unicode simple case folding.
#pragma once

#include <string>
#include <string_view>

#include "pattern/detail/hash.h"

namespace tocsin::pattern {

// Appends `raw` (between the quotes of a JSON string, grammar already checked) with its escapes resolved. A lone
// surrogate becomes its three-byte form, which equals no valid UTF-8 and only itself.
void append_unescaped(std::string& out, std::string_view raw);

// Checks the escapes of `raw`; the offset of the first bad byte, or npos.
std::size_t find_bad_escape(std::string_view raw);

bool is_valid_utf8(std::string_view text);

// Appends the simple case folding (CaseFolding.txt, C and S) of UTF-8 text; other bytes pass unchanged.
void append_folded(std::string& out, const Word& word);
std::string folded(std::string_view text);

// `text` as a JSON string with its quotes.
std::string quoted(std::string_view text);

}  // namespace tocsin::pattern
