#include "team.h"

#include <chrono>

#include "network.h"

namespace adacolvit {

constexpr int SPINS = 2000;  // some 20 microseconds: longer than most waits, shorter than a time slice

Team::Team(int count) : count(count) {
  try {
    for (int i = 1; i < count; ++i) threads.emplace_back(&Team::help, this, i);
  } catch (...) {  // the system has no more threads to give: those that have begun are ended
    end();
    throw;
  }
}

Team::~Team() { end(); }

void Team::end() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    ended = true;
  }
  called.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void Team::run(void (*new_work)(void*, int), void* new_argument) {
  if (count > 1) {
    std::lock_guard<std::mutex> lock(mutex);
    work = new_work;
    argument = new_argument;
    ++calls;
  }
  called.notify_all();
  new_work(new_argument, 0);
  wait(this);
}

void Team::help(int index) {
  for (int64_t seen = 0;;) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      called.wait(lock, [&] { return ended || calls != seen; });
      if (ended) return;
      seen = calls;
    }
    work(argument, index);
    wait(this);
  }
}

void wait(Team* team) {
  if (team->count == 1) return;
  const int phase = team->phase.load(std::memory_order_acquire);
  if (team->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == team->count) {
    team->arrived.store(0, std::memory_order_relaxed);
    team->phase.store(phase + 1, std::memory_order_release);
    return;
  }
  for (int spin = 0; team->phase.load(std::memory_order_acquire) == phase; ++spin)
    if (spin > SPINS) std::this_thread::yield();
}

// Not in kernels.cpp: a function of the library that is compiled for one instruction set may be linked into all.
double milliseconds() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace adacolvit
