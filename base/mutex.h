// A std::mutex, lock guard and condition variable that clang's thread-safety analysis understands.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define SLUICE_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define SLUICE_THREAD_ANNOTATION(x)
#endif

#define SLUICE_GUARDED_BY(mu) SLUICE_THREAD_ANNOTATION(guarded_by(mu))
#define SLUICE_REQUIRES(...) SLUICE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define SLUICE_EXCLUDES(...) SLUICE_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace sluice {

class SLUICE_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() SLUICE_THREAD_ANNOTATION(acquire_capability()) { mu_.lock(); }

  void Unlock() SLUICE_THREAD_ANNOTATION(release_capability()) { mu_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mu_;
};

class SLUICE_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mu) SLUICE_THREAD_ANNOTATION(acquire_capability(mu)) : mu_(mu) {
    mu_.Lock();
  }

  ~MutexLock() SLUICE_THREAD_ANNOTATION(release_capability()) { mu_.Unlock(); }

  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

// Every wait has a deadline: callers loop, so that a missed wake-up costs time and never a hang.
class CondVar {
 public:
  void NotifyAll() { cv_.notify_all(); }

  // Waits at most `timeout`; may return early.
  void WaitFor(Mutex& mu, std::chrono::milliseconds timeout) SLUICE_REQUIRES(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    cv_.wait_for(lock, timeout);
    lock.release();
  }

 private:
  std::condition_variable cv_;
};

}  // namespace sluice
