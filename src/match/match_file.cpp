#include "match/match_file.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tocsin::match {
namespace {

// Puts the answers to chunks into order. Who is early leaves them here and goes on, as long as there is room.
class Order {
 public:
  explicit Order(const std::function<bool(const Answers&)>& print) : print_(print) {}

  // Some of the chunk's answers, of which there are too many to hold: waits until it is their turn. False: all is over.
  bool pass(std::uint64_t chunk, Answers& answers) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return turn_ == chunk || is_over_; });
    print(answers);
    return !is_over_;
  }

  // The (other) answers of the chunk. False: all is over.
  bool finish(std::uint64_t chunk, Answers& answers) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return chunk - turn_ < slots_.size() || is_over_; });
    Slot& own = slots_[chunk % slots_.size()];
    std::swap(own.answers, answers);
    own.is_full = true;
    answers.clear();
    for (Slot* slot = &slots_[turn_ % slots_.size()]; slot->is_full; slot = &slots_[turn_ % slots_.size()]) {
      print(slot->answers);
      slot->is_full = false;
      ++turn_;
    }
    moved_.notify_all();
    return !is_over_;
  }

  // Ends it behind the chunk.
  void fail(std::uint64_t chunk) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return turn_ == chunk || is_over_; });
    is_over_ = true;
    moved_.notify_all();
  }

 private:
  struct Slot {
    Answers answers;
    bool is_full = false;
  };

  void print(Answers& answers) {
    is_over_ = is_over_ || !print_(answers);
    answers.clear();
  }

  const std::function<bool(const Answers&)>& print_;
  std::mutex mutex_;
  std::condition_variable moved_;
  std::array<Slot, 16> slots_;
  std::uint64_t turn_ = 0;  // the chunk to be printed next
  bool is_over_ = false;
};

// What the threads share.
struct Work {
  Work(const FileRest& f, const std::function<bool(const Answers&)>& print) : file(f), order(print) {}

  const FileRest file;
  Order order;
  std::atomic<std::uint64_t> next = 0;  // chunk
  std::atomic<bool> was_read = true;
};

void match_chunks(EventMatcher& matcher, Work& work) {
  constexpr std::size_t answers_bytes_max = std::size_t{1} << 20;
  ChunkReader reader(work.file);
  Answers answers;
  while (true) {
    const std::uint64_t chunk = work.next++;
    const ChunkReader::End end = reader.read(chunk, [&](std::string_view line, bool is_cut) {
      matcher.answer(line, is_cut, answers);
      return answers.bytes() < answers_bytes_max || work.order.pass(chunk, answers);
    });
    if (end == ChunkReader::End::failed) {
      work.was_read = false;
      work.order.pass(chunk, answers);
      work.order.fail(chunk);
      return;
    }
    if (!work.order.finish(chunk, answers) || end == ChunkReader::End::end_of_file) return;
  }
}

}  // namespace

std::optional<FileRest> file_rest(int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const off_t begin = ::lseek(descriptor, 0, SEEK_CUR);
  // Files of /proc say that they are empty.
  if (begin < 0 || begin >= status.st_size) return std::nullopt;
  return FileRest{descriptor, static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(status.st_size - begin)};
}

unsigned threads_for(const FileRest& file) {
  constexpr unsigned threads_max = 16;
  const auto chunks = static_cast<unsigned>(std::min<std::uint64_t>(file.size / chunk_bytes + 1, threads_max));
  return std::clamp(std::thread::hardware_concurrency(), 1U, chunks);
}

bool match_file(const FileRest& file, std::span<EventMatcher> matchers,
                const std::function<bool(const Answers&)>& print) {
  ::posix_fadvise(file.descriptor, static_cast<off_t>(file.begin), 0, POSIX_FADV_SEQUENTIAL);
  Work work(file, print);
  {
    std::vector<std::jthread> threads;
    try {
      for (EventMatcher& matcher : matchers.subspan(1)) {
        threads.emplace_back([&matcher, &work] { match_chunks(matcher, work); });
      }
    } catch (const std::system_error&) {
      // No more threads are to be had; fewer do it too.
    }
    match_chunks(matchers.front(), work);
  }
  // As if it had been read from front to back.
  ::lseek(file.descriptor, static_cast<off_t>(file.begin + file.size), SEEK_SET);
  return work.was_read;
}

}  // namespace tocsin::match
