// Finds findings in whatever a file or a message holds: arrays, {"Findings": […]}, JSON lines, concatenated JSON,
// EventBridge events of Security Hub and GuardDuty, GuardDuty's own findings, and any of these inside SNS
// notifications, SQS messages and Lambda records. Bytes go in piece by piece; what is held in memory is one element,
// not the file.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "asff/asff.h"

namespace tocsin::asff {

// One element (a finding, an event, a record) may be this large; a larger one is refused and passed over.
inline constexpr std::size_t element_bytes_max = std::size_t{1024} * 1024;
// Messages inside messages (an event in a notification in a queue's message) are opened this deep, and hold this many
// findings.
inline constexpr int nesting_max = 5;
inline constexpr std::size_t element_findings_max = 1000;

enum class Form : std::uint8_t { asff, guardduty, imported_event, custom_action_event, guardduty_event };
std::string_view to_string(Form form);

struct Position {
  std::uint64_t byte = 0;  // of the element's first byte, from 0
  std::uint64_t line = 1;
};

// A finding ready to be validated and imported, or why there is none. Error: validation, message for people.
struct Recognised {
  Position position;
  Form form = Form::asff;        // where `finding` holds
  Result<json::object> finding;  // ASFF; GuardDuty's are converted
  std::string id = {};           // of what was refused, where it names one
};

// The findings of one document (an element as above). Never empty: a document without findings is one refusal.
std::vector<Recognised> recognise(json::value document, const Identity& hub);

// The same for a stream of bytes.
//   Recogniser r{hub};
//   while (bytes = read()) { r.feed(bytes); while (auto item = r.next()) use(*item); }
//   r.finish(); while (auto item = r.next()) use(*item);
namespace detail {
class ElementScanner;
struct Element;
}  // namespace detail

class Recogniser {
 public:
  explicit Recogniser(Identity hub);
  ~Recogniser();
  Recogniser(const Recogniser&) = delete;
  Recogniser& operator=(const Recogniser&) = delete;

  void feed(std::string_view bytes);
  // No more bytes: what is unfinished is refused.
  void finish();
  std::optional<Recognised> next();

  // Bytes fed so far.
  std::uint64_t bytes_seen() const;

 private:
  Identity hub_;
  std::unique_ptr<detail::ElementScanner> scanner_;
  std::deque<Recognised> ready_;

  void take_in(std::vector<detail::Element>& elements);
};

}  // namespace tocsin::asff
