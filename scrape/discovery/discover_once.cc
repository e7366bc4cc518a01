#include "scrape/discovery/discover_once.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "base/logger.h"
#include "base/mutex.h"
#include "base/telemetry.h"
#include "scrape/discovery/discovery.h"
#include "scrape/discovery/discovery_loop.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestWait{1000};
constexpr size_t kLinesMax = 100;

void AddOnce(std::vector<std::string>& lines, std::string line) {
  const bool is_known = std::find(lines.begin(), lines.end(), line) != lines.end();
  if (!is_known && lines.size() < kLinesMax) lines.push_back(std::move(line));
}

// What the discoveries told and logged so far. Thread-safe.
class Round {
 public:
  void Add(const std::string& identity) {
    const MutexLock lock(mu_);
    found_[identity];
    ++silent_;
  }

  void Take(const std::string& identity, const DiscoveryUpdate& update) {
    const MutexLock lock(mu_);
    Found& found = found_.at(identity);
    if (!std::exchange(found.set.complete, true)) --silent_;
    if (update.whole) found.groups.clear();
    for (const TargetGroupPtr& group : update.groups) {
      found.groups.erase(group->source);
      if (!group->targets.empty()) found.groups[group->source] = group;
    }
    changed_.NotifyAll();
  }

  void NoteError(const std::string& identity, std::string line) {
    const MutexLock lock(mu_);
    AddOnce(found_.at(identity).set.errors, std::move(line));
  }

  void NoteWarning(const std::string& identity, std::string line) {
    const MutexLock lock(mu_);
    AddOnce(found_.at(identity).set.warnings, std::move(line));
  }

  void WaitForAll(const Clock& clock, MonotonicTime end) {
    const MutexLock lock(mu_);
    while (silent_ > 0) {
      const auto left = std::chrono::ceil<milliseconds>(end - clock.MonotonicNow());
      if (left.count() <= 0) return;
      changed_.WaitFor(mu_, std::min(left, kLongestWait));
    }
  }

  FirstSet SetOf(const std::string& identity) {
    const MutexLock lock(mu_);
    const Found& found = found_.at(identity);
    FirstSet set = found.set;
    for (const auto& [source, group] : found.groups) set.groups.push_back(*group);
    return set;
  }

 private:
  struct Found {
    FirstSet set;  // but for the groups
    std::map<std::string, TargetGroupPtr> groups;
  };

  Mutex mu_;
  CondVar changed_;
  std::map<std::string, Found> found_ SLUICE_GUARDED_BY(mu_);  // by identity
  size_t silent_ SLUICE_GUARDED_BY(mu_) = 0;
};

// A discovery says in its log what fails.
class RoundLog final : public LogSink {
 public:
  RoundLog(Round& round, std::string identity) : round_(round), identity_(std::move(identity)) {}

  bool Enabled(LogLevel level) const override { return level >= LogLevel::kWarn; }

  void Write(LogLevel level, std::string_view message,
             const std::vector<LogField>& fields) override {
    if (level == LogLevel::kError) {
      round_.NoteError(identity_, Reason(message, fields));
    } else {
      round_.NoteWarning(identity_, Reason(message, fields));
    }
  }

 private:
  // The message itself speaks of what a running agent does about it.
  static std::string Reason(std::string_view message, const std::vector<LogField>& fields) {
    for (const LogField& field : fields) {
      if (field.key == "error" || field.key == "first") return field.value;
    }
    return std::string(message);
  }

  Round& round_;
  const std::string identity_;
};

}  // namespace

std::vector<FirstSet> DiscoverOnce(const std::vector<DiscoveryConfig>& configs,
                                   const DiscoverOnceOptions& options, const Clock& clock) {
  Round round;
  {
    Telemetry telemetry;
    DiscoveryLoop::Options loop_options;
    loop_options.http.user_agent = options.user_agent;
    DiscoveryLoop loop(loop_options, clock);
    std::map<std::string, std::unique_ptr<Discovery>> discoveries;  // by identity
    for (const DiscoveryConfig& config : configs) {
      const std::string& identity = config.identity;
      auto& discovery = discoveries[identity];
      if (discovery != nullptr) continue;
      round.Add(identity);
      const auto sink = [&round, identity](const DiscoveryUpdate& update) {
        round.Take(identity, update);
      };
      discovery = MakeDiscovery(config, sink,
                                {.logger = Logger(std::make_shared<RoundLog>(round, identity)),
                                 .telemetry = telemetry,
                                 .loop = loop,
                                 .config = "once"});
    }
    round.WaitForAll(clock, clock.MonotonicNow() + options.timeout);
  }  // their threads have ended
  std::vector<FirstSet> sets;
  for (const DiscoveryConfig& config : configs) sets.push_back(round.SetOf(config.identity));
  return sets;
}

}  // namespace sluice::scrape
