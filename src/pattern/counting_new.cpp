#include "pattern/counting_new.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> calls = 0;
}

void* operator new(std::size_t size) {
  ++calls;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}

namespace tocsin::pattern {

std::size_t allocation_count() {
  return calls;
}

}  // namespace tocsin::pattern
