// SPDX-License-Identifier: Apache-2.0
// Makes things number 0, 1, 2, ... ahead of who takes them, on threads, and gives them out in
// order.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace gyre {

template <typename T>
class Prefetcher {
 public:
  // `make` is called from `workers` threads (0: from the caller's, when something is taken). At
  // most `ahead` things, or one for each worker, are ready or under way: the bound on the memory.
  // Nothing is made before the first Next.
  Prefetcher(std::function<T(int64_t)> make, int workers, int ahead)
      : make_(std::move(make)), workers_(workers), ahead_(std::max(ahead, workers)) {}
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  ~Prefetcher() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    work_or_stop_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // The next Next() gives this one. What is under way is dropped.
  void Seek(int64_t number) {
    {
      const std::lock_guard lock(mutex_);
      ++generation_;
      slots_.clear();
      next_deliver_ = next_start_ = number;
    }
    work_or_stop_.notify_all();
  }

  // Throws what `make` threw for it.
  T Next() {
    if (workers_ == 0) return make_(next_deliver_++);
    for (int i = static_cast<int>(threads_.size()); i < workers_; ++i) {
      threads_.emplace_back([this] { Work(); });
    }
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] {
      const auto slot = slots_.find(next_deliver_);
      return slot != slots_.end() && slot->second.done;
    });
    Slot slot = std::move(slots_.extract(next_deliver_).mapped());
    ++next_deliver_;
    lock.unlock();
    work_or_stop_.notify_all();
    if (slot.error) std::rethrow_exception(slot.error);
    return std::move(slot.made);
  }

 private:
  struct Slot {
    bool done = false;
    T made;
    std::exception_ptr error;
  };

  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_or_stop_.wait(lock, [&] { return stop_ || next_start_ < next_deliver_ + ahead_; });
      if (stop_) return;
      const int64_t number = next_start_++;
      const int64_t born = generation_;
      slots_[number];
      lock.unlock();
      Slot slot;
      try {
        slot.made = make_(number);
      } catch (...) {
        slot.error = std::current_exception();
      }
      slot.done = true;
      lock.lock();
      if (born != generation_) continue;
      slots_[number] = std::move(slot);
      done_.notify_all();
    }
  }

  const std::function<T(int64_t)> make_;
  const int workers_, ahead_;

  std::mutex mutex_;  // guards all below
  std::condition_variable work_or_stop_, done_;
  bool stop_ = false;
  int64_t generation_ = 0;  // Seek makes things of older ones worthless
  int64_t next_deliver_ = 0, next_start_ = 0;
  std::map<int64_t, Slot> slots_;  // started, not delivered
  std::vector<std::thread> threads_;
};

}  // namespace gyre
