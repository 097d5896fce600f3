// Memory for documents that live no longer than one call: many small pieces, taken one after the other and dropped
// together, which makes parsing and merging nearly twice as fast. Inside this folder only.
#pragma once

#include <memory>
#include <optional>

#include <boost/json/monotonic_resource.hpp>

#include "core/json.h"

namespace tocsin::findings::detail {

class Scratch {
 public:
  explicit Scratch(std::size_t bytes) : bytes_{bytes}, buffer_{std::make_unique_for_overwrite<unsigned char[]>(bytes)} {
    clear();
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  json::storage_ptr storage() { return &*memory_; }
  // Drops all documents that live here. The resource is made anew: its release() (Boost 1.81) gives the memory back,
  // but goes on doubling what it asks for beyond the buffer, until there is not so much.
  void clear() { memory_.emplace(buffer_.get(), bytes_); }

 private:
  std::size_t bytes_;
  std::unique_ptr<unsigned char[]> buffer_;
  std::optional<json::monotonic_resource> memory_;
};

}  // namespace tocsin::findings::detail
