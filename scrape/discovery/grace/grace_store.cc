#include "scrape/discovery/grace/grace_store.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/duration.h"
#include "base/file.h"
#include "base/file_writer.h"
#include "scrape/discovery/grace/saved_targets.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kSuffix = ".targets";

Counter SkipsOf(Telemetry& telemetry, const std::string& reason) {
  return telemetry.AddCounter("sluice_discovery_saved_targets_skipped_total",
                              "Files with the last targets of a discovery that were not used.",
                              {{"reason", reason}});
}

}  // namespace

GraceStore::GraceStore(Options options, Deps deps, ReadGroups read)
    : options_(std::move(options)),
      deps_(std::move(deps)),
      read_(std::move(read)),
      writes_(deps_.telemetry.AddCounter(
          "sluice_discovery_saves_total",
          "Writes of the last targets of a discovery to the data directory.")),
      write_failures_(deps_.telemetry.AddCounter(
          "sluice_discovery_save_failures_total",
          "Last targets of a discovery that could not be written to the data directory.")) {}

GraceStore::~GraceStore() { Stop(); }

std::string GraceStore::PathOf(const std::string& key) const {
  return options_.directory + "/" + key + std::string(kSuffix);
}

void GraceStore::Skip(const std::string& key, const Error& error) {
  const bool is_newer = error.code == ErrorCode::kInvalidInput;
  SkipsOf(deps_.telemetry, is_newer ? "newer" : "damaged").Increment();
  deps_.logger.Warn("the last targets of a discovery cannot be used",
                    {{"file", PathOf(key)}, {"error", error.message}});
}

std::optional<GraceStore::Groups> GraceStore::Load(const std::string& key, milliseconds grace) {
  if (options_.directory.empty() || grace.count() <= 0) return std::nullopt;
  const Result<std::string> bytes = ReadFile(PathOf(key), kSavedTargetsBytesMax);
  if (!bytes.ok()) {
    if (bytes.error().code != ErrorCode::kNotFound) Skip(key, bytes.error());
    return std::nullopt;
  }
  Result<SavedTargets> saved = DecodeSavedTargets(*bytes);
  if (saved.ok() && saved->key != key) {
    saved = Error{ErrorCode::kCorruption, "damaged: it is of another discovery"};
  }
  if (!saved.ok()) {
    Skip(key, saved.error());
    return std::nullopt;
  }
  // A clock that went back, as without a battery, makes nothing old.
  const milliseconds age(std::max<int64_t>(deps_.clock.WallNowMs() - saved->current_at, 0));
  if (age > grace) {
    SkipsOf(deps_.telemetry, "old").Increment();
    deps_.logger.Info("the last targets of a discovery are too old",
                      {{"file", PathOf(key)}, {"age", FormatDuration(age)}});
    return std::nullopt;
  }
  return std::move(saved->groups);
}

void GraceStore::Keep(const std::map<std::string, milliseconds>& graces) {
  if (options_.directory.empty()) return;
  {
    const MutexLock lock(mu_);
    if (stopped_) return;
    schedule_.Keep(graces);
    if (!graces.empty() && !thread_.joinable()) {
      thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
    }
  }
  RemoveOthers(graces);
}

void GraceStore::RemoveOthers(const std::map<std::string, milliseconds>& graces) {
  std::error_code error;
  std::vector<std::filesystem::path> others;
  for (auto each = std::filesystem::directory_iterator(options_.directory, error);
       !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    const std::string key = name.substr(0, name.size() - kSuffix.size());
    if (!graces.contains(key)) others.push_back(each->path());
  }
  for (const auto& path : others) std::filesystem::remove(path, error);
}

void GraceStore::NoteChange(const std::string& key) {
  const MutexLock lock(mu_);
  schedule_.NoteChange(key);
}

void GraceStore::Stop() {
  {
    const MutexLock lock(mu_);
    stopped_ = true;
    if (!thread_.joinable()) return;
    thread_.request_stop();
    wake_.NotifyAll();
  }
  thread_.join();
}

void GraceStore::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    WriteDue();
    const MutexLock lock(mu_);
    if (!stop.stop_requested()) wake_.WaitFor(mu_, options_.poll_max);
  }
  std::vector<std::string> changed;
  {
    const MutexLock lock(mu_);
    changed = schedule_.TakeAll();
  }
  for (const std::string& key : changed) Write(key);
}

void GraceStore::WriteDue() {
  while (true) {
    std::optional<std::string> key;
    {
      const MutexLock lock(mu_);
      key = schedule_.Take(deps_.clock.MonotonicNow());
    }
    if (!key) return;
    Write(*key);
  }
}

void GraceStore::Write(const std::string& key) {
  const std::optional<Groups> groups = read_(key);
  if (!groups) return;
  const MonotonicTime now = deps_.clock.MonotonicNow();
  const Result<size_t> bytes = WriteFile(key, *groups);
  if (bytes.ok()) writes_.Increment();
  if (!bytes.ok()) write_failures_.Increment();
  const std::string error = bytes.ok() ? "" : bytes.error().message;
  if (error != std::exchange(last_error_, error) && !error.empty()) {
    deps_.logger.Warn("cannot keep the last targets of a discovery", {{"error", error}});
  }
  // A failure costs as much as the largest file, so that it is not tried again soon.
  const MutexLock lock(mu_);
  schedule_.NoteWritten(key, now, bytes.ok() ? *bytes : kSavedTargetsBytesMax, bytes.ok());
}

Result<size_t> GraceStore::WriteFile(const std::string& key, const Groups& groups) {
  std::error_code error;
  std::filesystem::create_directories(options_.directory, error);
  if (error) return Error{ErrorCode::kInternal, options_.directory + ": " + error.message()};
  const Result<std::string> bytes =
      EncodeSavedTargets({.key = key, .current_at = deps_.clock.WallNowMs(), .groups = groups});
  if (!bytes.ok()) {
    // What is there is not what is found any more.
    std::filesystem::remove(PathOf(key), error);
    return bytes.error();
  }
  const Status status = WriteFileAtomically(PathOf(key), *bytes);
  if (!status.ok()) return status.error();
  return bytes->size();
}

}  // namespace sluice::scrape
