// The threads that work on one call together.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace adacolvit {

struct Team {
  explicit Team(int count);
  ~Team();
  Team(const Team&) = delete;

  // Runs work(argument, index) for index 0 .. count - 1, index 0 in the calling thread; returns when all are done.
  void run(void (*work)(void*, int), void* argument);

  const int count;

 private:
  friend void wait(Team* team);
  void help(int index);
  void end();

  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable called;
  void (*work)(void*, int) = nullptr;
  void* argument = nullptr;
  int64_t calls = 0;
  bool ended = false;
  std::atomic<int> arrived{0};
  std::atomic<int> phase{0};
};

}  // namespace adacolvit
