// A store for tests: a file of its own in a temporary folder, a manual clock, seeded chance, driven by hand.
#pragma once

#include <cstdlib>
#include <string>

#include "core/check.h"
#include "store/store.h"

namespace tocsin::store {

class TestStore {
 public:
  explicit TestStore(std::span<const Migration> migrations = {}, std::uint64_t seed = 1) : random{seed} {
    char pattern[] = "/tmp/tocsin-test-XXXXXX";
    check(mkdtemp(pattern) != nullptr, "a temporary folder can be made");
    folder = pattern;
    migrations_.assign(migrations.begin(), migrations.end());
    open();
  }
  ~TestStore() {
    store.reset();
    std::filesystem::remove_all(folder);
  }
  TestStore(const TestStore&) = delete;
  TestStore& operator=(const TestStore&) = delete;

  // Opens the same file anew, as a process does that was killed and started again.
  void reopen() {
    store.reset();
    open();
  }

  Store* operator->() { return store.get(); }
  Store& operator*() { return *store; }

  // Runs `change` in one transaction; the test fails hard if the disk does.
  template <class F>
  auto write(F change) {
    return store->write(Lane::notice, std::move(change));
  }
  template <class F>
  auto read(F query) {
    return store->read(std::move(query));
  }

  std::filesystem::path folder;
  ManualClock clock{Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}}};
  SeededRandom random;
  std::unique_ptr<Store> store;

 private:
  void open() {
    auto opened = Store::open(
        {.file = folder / "store.db", .clock = &clock, .random = &random, .threaded = false, .durable = false},
        migrations_);
    check(opened.has_value(), opened ? "" : opened.error().message.c_str());
    store = std::move(*opened);
  }
  std::vector<Migration> migrations_;
};

}  // namespace tocsin::store
