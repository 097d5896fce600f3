// What a person sees: colours and progress only on a terminal, tables in columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::app {

bool stdout_is_terminal();
bool stderr_is_terminal();

enum class Colour { none, red, green, yellow, blue, grey, bold };
// `text` in a colour, where stdout is a terminal (and NO_COLOR is not set).
std::string coloured(Colour colour, std::string_view text);

// A count that runs on stderr while something long goes on; silent where stderr is no terminal.
class Progress {
 public:
  Progress(std::string what, bool wanted);
  void show(std::uint64_t count, int percent = -1);
  void clear();

 private:
  std::string what_;
  bool wanted_;
  bool shown_ = false;
};

// Columns padded to the widest cell; `header` may be empty. Cells are cut at `cell_max` characters, those of the last
// column only where it is no id, which somebody may want to copy.
enum class LastColumn { cut, whole };
std::string table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
                  std::size_t cell_max = 60, LastColumn last = LastColumn::cut);

// Control characters and the like made harmless: text from findings goes to the terminal.
std::string printable(std::string_view text);

}  // namespace tocsin::app
