#include "asff/recognise.h"

#include <utility>

#include <fmt/format.h>

#include "asff/detail/element_scanner.h"
#include "asff/event.h"
#include "asff/guardduty.h"

namespace tocsin::asff {
namespace {

constexpr std::string_view guardduty_detail_type = "GuardDuty Finding";

const json::object* object_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value ? value->if_object() : nullptr;
}

// Opens a document until findings come out.
class Opener {
 public:
  explicit Opener(const Identity& hub) : hub_{hub} {}
  std::vector<Recognised> out = {};

  void open(json::value document, int depth, Form form = Form::asff) {
    if (out.size() >= element_findings_max) return;
    if (depth > nesting_max) return refuse("messages inside messages, too many levels deep");
    if (auto* array = document.if_array()) {
      if (array->empty()) return refuse("an empty list");
      for (auto& element : *array) open(std::move(element), depth + 1, form);
    } else if (auto* object = document.if_object()) {
      open_object(std::move(*object), depth, form);
    } else {
      refuse("this is not a JSON object");
    }
  }

 private:
  void refuse(std::string reason, std::string id = {}) {
    out.push_back({.position = {},
                   .form = Form::asff,
                   .finding = fail(ErrorCode::validation, std::move(reason)),
                   .id = std::move(id)});
  }

  void open_object(json::object object, int depth, Form form) {
    if (object_at(object, "detail") && (object.contains("detail-type") || object.contains("source")))
      return open_event(std::move(object), depth);
    if (open_message(object, depth) || open_list(object, depth, form)) return;
    if (is_guardduty(object)) return add_guardduty(object, form == Form::asff ? Form::guardduty : form);
    if (object.contains("ProductArn") || object.contains("SchemaVersion") || object.contains("GeneratorId")) {
      out.push_back({.position = {}, .form = form, .finding = std::move(object)});
    } else if (object.contains("class_uid") || object.contains("finding_info")) {
      refuse("this is an OCSF finding; only ASFF and GuardDuty findings are taken");
    } else {
      refuse(
          "this is no finding: neither ASFF (ProductArn), nor GuardDuty (type, resource), nor an event that holds one");
    }
  }

  void add_guardduty(const json::object& finding, Form form) {
    std::string id{string_at(finding, "id", string_at(finding, "Id"))};
    out.push_back({.position = {}, .form = form, .finding = from_guardduty(finding, hub_), .id = std::move(id)});
  }

  void open_event(json::object event, int depth) {
    const std::string type{string_at(event, "detail-type")};
    auto detail = std::move(event.at("detail").get_object());
    if (type == guardduty_detail_type) {
      // A GuardDuty finding says itself where it is from; the event says it as well.
      for (const auto& [name, from] : {std::pair{"accountId", "account"}, std::pair{"region", "region"}}) {
        const bool pascal = detail.contains("Type");
        if (const auto* value = event.if_contains(from); value && !pascal && !detail.contains(name))
          detail.emplace(name, *value);
      }
      return add_guardduty(detail, Form::guardduty_event);
    }
    auto* findings = detail.if_contains("findings");
    const bool imported = type == imported_detail_type || type.empty();
    if ((imported || type == custom_action_detail_type) && findings && findings->is_array())
      return open(std::move(*findings), depth, imported ? Form::imported_event : Form::custom_action_event);
    if (type == "Findings Imported V2")
      return refuse("an event of Security Hub's second version carries OCSF; only ASFF is taken");
    refuse(fmt::format("an event \"{}\" from \"{}\" holds no findings", type.substr(0, 64),
                       string_at(event, "source").substr(0, 64)));
  }

  // An SNS notification, a queue's message, a Lambda record: the text inside is the document.
  bool open_message(const json::object& object, int depth) {
    std::string_view text;
    if (const auto* sns = object_at(object, "Sns")) {
      text = string_at(*sns, "Message");
    } else if (string_at(object, "Type") == "Notification") {
      text = string_at(object, "Message");
    } else if (object.contains("body") || object.contains("Body")) {
      text = string_at(object, "body", string_at(object, "Body"));
    } else {
      return false;
    }
    auto inner = parse_json(text);
    if (inner) {
      open(std::move(*inner), depth + 1);
    } else {
      refuse("the message inside is " + inner.error().message);
    }
    return true;
  }

  bool open_list(json::object& object, int depth, Form form) {
    for (const char* name : {"Findings", "findings", "Records", "Messages"}) {
      auto* list = object.if_contains(name);
      if (!list || !list->is_array()) continue;
      open(std::move(*list), depth, form);
      return true;
    }
    return false;
  }

  const Identity& hub_;
};

std::string id_of(const Recognised& item) {
  if (!item.id.empty() || !item.finding) return item.id;
  return std::string{string_at(*item.finding, "Id")};
}

}  // namespace

std::string_view to_string(Form form) {
  switch (form) {
    case Form::asff:
      return "ASFF finding";
    case Form::guardduty:
      return "GuardDuty finding";
    case Form::imported_event:
      return "Security Hub event";
    case Form::custom_action_event:
      return "Security Hub custom action";
    case Form::guardduty_event:
      return "GuardDuty event";
  }
  return "";
}

std::vector<Recognised> recognise(json::value document, const Identity& hub) {
  Opener opener{hub};
  opener.open(std::move(document), 0);
  for (auto& item : opener.out) item.id = id_of(item);
  return std::move(opener.out);
}

Recogniser::Recogniser(Identity hub) : hub_{std::move(hub)}, scanner_{std::make_unique<detail::ElementScanner>()} {}
Recogniser::~Recogniser() = default;

void Recogniser::feed(std::string_view bytes) {
  std::vector<detail::Element> elements;
  scanner_->feed(bytes, elements);
  take_in(elements);
}

void Recogniser::finish() {
  std::vector<detail::Element> elements;
  scanner_->finish(elements);
  take_in(elements);
}

void Recogniser::take_in(std::vector<detail::Element>& elements) {
  const auto refuse = [&](Position at, std::string reason) {
    ready_.push_back({.position = at, .form = Form::asff, .finding = fail(ErrorCode::validation, std::move(reason))});
  };
  for (auto& element : elements) {
    if (!element.fault.empty()) {
      refuse(element.position, std::move(element.fault));
      continue;
    }
    auto document = parse_json(element.text);
    if (!document) {
      refuse(element.position, std::move(document.error().message));
      continue;
    }
    for (auto& item : recognise(std::move(*document), hub_)) {
      item.position = element.position;
      ready_.push_back(std::move(item));
    }
  }
}

std::optional<Recognised> Recogniser::next() {
  if (ready_.empty()) return std::nullopt;
  auto item = std::move(ready_.front());
  ready_.pop_front();
  return item;
}

std::uint64_t Recogniser::bytes_seen() const {
  return scanner_->bytes_seen();
}

}  // namespace tocsin::asff
