#include <algorithm>

#include <fmt/format.h>

#include "asl/detail/reader.h"

namespace tocsin::asl {
namespace {

constexpr double count_max = 2'147'483'647;

void read_processor_config(Reader& processor, MapFields& map, Kind kind) {
  const auto* object = processor.take_object("ProcessorConfig");
  if (!object) return;
  Reader config(*object, processor.below("ProcessorConfig"), processor.report());
  if (const auto mode = config.take_string("Mode")) {
    if (*mode != "INLINE" && *mode != "DISTRIBUTED")
      config.wrong("Mode", "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]");
    map.is_distributed = *mode == "DISTRIBUTED";
  }
  if (const auto type = config.take_string("ExecutionType")) {
    if (*type != "STANDARD" && *type != "EXPRESS")
      config.wrong("ExecutionType", "The field 'ExecutionType' should have one of these values: [STANDARD, EXPRESS]");
    map.express_children = *type == "EXPRESS";
  } else if (map.is_distributed) {
    config.missing({"ExecutionType"});
  }
  config.refuse_others();
  if (map.is_distributed && kind == Kind::express)
    config.wrong("Mode", "Express state machine does not support Map state with Mode 'DISTRIBUTED'");
}

void read_batcher(Reader& state, MapFields& map) {
  const auto* object = state.take_object("ItemBatcher");
  if (!object) return;
  Reader reader(*object, state.below("ItemBatcher"), state.report());
  ItemBatcher batcher;
  batcher.items_max = reader.take_number_or_path("MaxItemsPerBatch", {1, count_max});
  batcher.bytes_max = reader.take_number_or_path("MaxInputBytesPerBatch", {1, 262'144});
  batcher.batch_input = reader.take_template("BatchInput");
  if (!batcher.items_max.is_set() && !batcher.bytes_max.is_set())
    reader.report().schema("At least one of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
                           reader.location());
  reader.refuse_others();
  map.batcher = std::move(batcher);
}

// A label becomes part of a name: at most 40 characters, no blanks, wildcards, brackets, separators or control
// characters.
void read_label(Reader& state, MapFields& map) {
  const auto label = state.take_string("Label");
  if (!label) return;
  const auto characters = std::count_if(label->begin(), label->end(), [](char c) { return (c & 0xC0) != 0x80; });
  const bool bad = std::any_of(label->begin(), label->end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f ||
           std::string_view("?*<>{}[]:;,\\|^~$#%&`\"").find(c) != std::string_view::npos;
  });
  if (characters > 40) state.wrong("Label", "The field 'Label' must have at most 40 characters");
  if (bad) state.wrong("Label", "The field 'Label' has characters that are not allowed");
  map.label = *label;
}

// Checked as far as their fields go. Running them is not supported: the Map fails with States.ItemReaderFailed or
// States.ResultWriterFailed, and the warning says so beforehand.
void read_outside_data(Reader& state, MapFields& map) {
  if (const auto* object = state.take_object("ItemReader")) {
    Reader reader(*object, state.below("ItemReader"), state.report());
    reader.take_string("Resource");
    reader.take_template("Parameters");
    if (const auto* config = reader.take_object("ReaderConfig")) {
      Reader fields(*config, reader.below("ReaderConfig"), state.report());
      fields.exclude("MaxItems", "MaxItemsPath");
    }
    reader.refuse_others();
    map.has_item_reader = true;
    state.report().warning("UNSUPPORTED_FIELD",
                           "ItemReader is not supported: this state fails with States.ItemReaderFailed",
                           state.below("ItemReader"));
  }
  if (const auto* object = state.take_object("ResultWriter")) {
    Reader reader(*object, state.below("ResultWriter"), state.report());
    reader.take_string("Resource");
    reader.take_template("Parameters");
    reader.take_object("WriterConfig");
    reader.refuse_others();
    map.has_result_writer = true;
    state.report().warning("UNSUPPORTED_FIELD",
                           "ResultWriter is not supported: this state fails with States.ResultWriterFailed",
                           state.below("ResultWriter"));
  }
}

}  // namespace

MapFields read_map(Reader& state, QueryLanguage language, Kind kind, int depth) {
  MapFields map;
  state.exclude("ItemProcessor", "Iterator");
  const bool old = state.has("Iterator");
  map.is_old_iterator = old;
  if (const auto* object = state.take_object(old ? "Iterator" : "ItemProcessor")) {
    Reader processor(*object, state.below(old ? "Iterator" : "ItemProcessor"), state.report());
    read_processor_config(processor, map, kind);
    const auto children = map.is_distributed && map.express_children ? Kind::express : kind;
    map.processor = std::make_unique<Machine>(read_machine(processor, language, children, depth + 1));
    processor.refuse_others();
  } else if (!state.has("ItemProcessor") && !state.has("Iterator")) {
    state.missing({"ItemProcessor"});
  }
  if (language == QueryLanguage::json_path) {
    map.items_path = state.take_path("ItemsPath");
    map.concurrency_max = state.take_number_or_path("MaxConcurrency", {0, count_max});
    map.failures_tolerated = state.take_number_or_path("ToleratedFailureCount", {0, count_max});
    map.failure_percentage_tolerated = state.take_number_or_path("ToleratedFailurePercentage", {0, 100, false});
    state.exclude("ItemSelector", "Parameters");
    map.item_selector = state.take_template(state.has("ItemSelector") ? "ItemSelector" : "Parameters");
    read_batcher(state, map);
    read_outside_data(state, map);
  } else {
    for (const auto* field : {"Items", "MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage",
                              "ItemSelector", "ItemBatcher", "ItemReader", "ResultWriter"})
      state.take(field);
  }
  read_label(state, map);
  return map;
}

}  // namespace tocsin::asl
