#include "app/terminal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace tocsin::app {
namespace {

// Characters, not bytes: continuation bytes of UTF-8 do not count.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cut(std::string_view text, std::size_t most) {
  if (width_of(text) <= most) return std::string(text);
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < text.size(); ++bytes) {
    if ((static_cast<unsigned char>(text[bytes]) & 0xc0) != 0x80 && seen++ == most - 1) break;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

}  // namespace

bool stdout_is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}
bool stderr_is_terminal() {
  return isatty(STDERR_FILENO) == 1;
}

std::string coloured(Colour colour, std::string_view text) {
  static const bool wanted = stdout_is_terminal() && std::getenv("NO_COLOR") == nullptr;
  if (!wanted || colour == Colour::none) return std::string(text);
  const int code = colour == Colour::red      ? 31
                   : colour == Colour::green  ? 32
                   : colour == Colour::yellow ? 33
                   : colour == Colour::blue   ? 34
                   : colour == Colour::grey   ? 90
                                              : 1;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

Progress::Progress(std::string what, bool wanted) : what_{std::move(what)}, wanted_{wanted && stderr_is_terminal()} {}

void Progress::show(std::uint64_t count, int percent) {
  if (!wanted_) return;
  fmt::print(stderr, "\r{} {}{}", count, what_, percent < 0 ? "" : fmt::format(" ({} %)", percent));
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

std::string table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
                  std::size_t cell_max, LastColumn last) {
  std::vector<std::size_t> widths;
  const auto measure = [&](const std::vector<std::string>& row) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(cut(row[i], cell_max)));
  };
  measure(header);
  for (const auto& row : rows) measure(row);
  std::string text;
  const auto print = [&](const std::vector<std::string>& row, Colour colour) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool is_whole = last == LastColumn::whole && i + 1 == row.size();
      const std::string cell = is_whole ? row[i] : cut(row[i], cell_max);
      line += cell;
      if (i + 1 < row.size()) line.append(widths[i] - width_of(cell) + 2, ' ');
    }
    text += coloured(colour, line) + "\n";
  };
  if (!header.empty()) print(header, Colour::bold);
  for (const auto& row : rows) print(row, Colour::none);
  return text;
}

std::string printable(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    clean += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return clean;
}

}  // namespace tocsin::app
