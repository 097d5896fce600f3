// Memory for documents that live no longer than one call: many small pieces, taken one after the other and dropped
// together, which makes parsing and merging nearly twice as fast. Inside this folder only.
#pragma once

#include <memory>

#include <boost/json/monotonic_resource.hpp>

#include "core/json.h"

namespace tocsin::findings::detail {

class Scratch {
 public:
  explicit Scratch(std::size_t bytes)
      : buffer_{std::make_unique_for_overwrite<unsigned char[]>(bytes)}, memory_{buffer_.get(), bytes} {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  json::storage_ptr storage() { return &memory_; }
  // Drops all documents that live here.
  void clear() { memory_.release(); }

 private:
  std::unique_ptr<unsigned char[]> buffer_;
  json::monotonic_resource memory_;
};

}  // namespace tocsin::findings::detail
