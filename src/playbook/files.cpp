#include <filesystem>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "playbook/source.h"

namespace tocsin::playbook {
namespace {

Result<std::string> read_stream(std::istream& in, const std::string& name) {
  std::string text;
  char block[1 << 16];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > file_bytes_max)
      return fail(ErrorCode::validation, fmt::format("{}: longer than {} MB", name, file_bytes_max >> 20));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return read_stream(std::cin, "stdin");
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return fail(ErrorCode::not_found, fmt::format("{}: is a folder", path));
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::not_found, fmt::format("{}: cannot be read", path));
  return read_stream(file, path);
}

}  // namespace tocsin::playbook
