// Matches the lines of a regular file on several threads at once, and gives the answers in the order of the lines.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "match/chunk_reader.h"
#include "match/event_matcher.h"

namespace tocsin::match {

// From where its descriptor stands on; nothing if it is no regular file, or none with a size.
std::optional<FileRest> file_rest(int descriptor);

// At least 1: how many threads are worth it.
unsigned threads_for(const FileRest& file);

// `print` gets the answers to all lines in their order, by one thread at a time; false ends everything. One thread for
// each matcher, of which this one is the first. Memory is some chunks and their answers. False: the file cannot be read
// any further.
bool match_file(const FileRest& file, std::span<EventMatcher> matchers,
                const std::function<bool(const Answers&)>& print);

}  // namespace tocsin::match
