#include "scrape/discovery/kubernetes/object_watch.h"

#include <utility>

#include "base/hash.h"
#include "scrape/discovery/http_refresher.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Beyond the time after which a server ends a watch.
constexpr seconds kGrace{30};
// Bookmarks come every minute. A connection that is dead without a word costs that long.
constexpr seconds kSilenceMax{150};
constexpr milliseconds kLongestAccessRetry{30'000};

Counter Events(Telemetry& telemetry, const ApiResource& resource, const std::string& event) {
  return telemetry.AddCounter(
      "prometheus_sd_kubernetes_events_total", "The number of Kubernetes events handled.",
      {{"role", std::string(ApiKindName(resource.kind))}, {"event", event}});
}

template <class Shared>
void ForgetGone(std::map<std::string, std::weak_ptr<Shared>>& shared) {
  std::erase_if(shared, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace

ObjectWatch::ObjectWatch(ApiResource resource, std::shared_ptr<ApiAccess> access,
                         const Logger& logger, Telemetry& telemetry, DiscoveryLoop& loop,
                         uint64_t seed)
    : resource_(std::move(resource)),
      access_(std::move(access)),
      logger_(logger.With({"discovery", "kubernetes"})
                  .With({"resource", std::string(ApiKindName(resource_.kind))})),
      loop_(loop),
      machine_(resource_, seed),
      access_retries_(kLongestAccessRetry, seed),
      added_(Events(telemetry, resource_, "add")),
      updated_(Events(telemetry, resource_, "update")),
      deleted_(Events(telemetry, resource_, "delete")),
      failures_(telemetry.AddCounter("prometheus_sd_kubernetes_failures_total",
                                     "The number of failed LIST and WATCH requests.")) {
  AskIn(milliseconds(0));
}

ObjectWatch::~ObjectWatch() {
  if (request_) loop_.CancelRequest(*request_);
  if (timer_) loop_.CancelTimer(*timer_);
}

void ObjectWatch::AskIn(milliseconds pause) {
  timer_ = loop_.StartTimer(loop_.clock().MonotonicNow() + pause, [this] {
    timer_.reset();
    Ask();
  });
}

void ObjectWatch::Ask() {
  const Result<ApiServer> server = access_->Server();
  if (!server.ok()) {
    AskIn(access_retries_.AfterFailure());
    Tell(server.error());
    return;
  }
  access_retries_.AfterSuccess();
  const ListWatch::Question question = machine_.Next();
  HttpRequest request;
  request.url = server->url + question.target;
  request.client = server->client;
  request.headers = {{"Accept", question.accept}};
  request.timeout = question.timeout + kGrace;
  asked_at_ = loop_.clock().MonotonicNow();
  const auto on_end = [this](const HttpAnswer& answer) { OnEnd(answer); };
  if (question.is_stream) {
    request.silence_max = kSilenceMax;
    request_ = loop_.Stream(
        std::move(request), HttpRefresher::kAnswerBytesMax,
        [this](std::string_view bytes) { return OnBytes(bytes); }, on_end);
  } else {
    request.accept_gzip = true;
    request_ = loop_.Ask(std::move(request), HttpRefresher::kAnswerBytesMax, on_end);
  }
}

bool ObjectWatch::OnBytes(std::string_view bytes) {
  const bool go_on = machine_.OnBytes(bytes);
  Apply();
  return go_on;
}

void ObjectWatch::OnEnd(const HttpAnswer& answer) {
  request_.reset();
  const auto lived =
      std::chrono::duration_cast<milliseconds>(loop_.clock().MonotonicNow() - asked_at_);
  AskIn(machine_.OnEnd(answer, lived));
  // Whatever is wrong may be because of replaced credentials.
  if (!machine_.status().ok()) access_->Renew();
  Apply();
  Tell(machine_.status());
}

void ObjectWatch::Apply() {
  const bool was_complete = store_.is_complete();
  std::vector<std::string> changed;
  std::vector<std::string> bad_entries = machine_.TakeBadEntries();
  for (ApiChange& change : machine_.TakeChanges()) {
    store_.Apply(std::move(change), [&](const std::string& key, ObjectStore::Effect effect) {
      CountEffect(effect);
      if (effect == ObjectStore::Effect::kRefused) {
        bad_entries.push_back(key + ": more than " + std::to_string(ObjectStore::kObjectsMax) +
                              " objects");
      } else {
        changed.push_back(key);
      }
    });
  }
  if (!bad_entries.empty()) {
    for (ObjectWatcher* watcher : watchers_) watcher->OnBadEntries(bad_entries);
  }
  if (changed.empty() && was_complete == store_.is_complete()) return;
  for (ObjectWatcher* watcher : watchers_) watcher->OnObjects(resource_.kind, changed);
}

void ObjectWatch::CountEffect(ObjectStore::Effect effect) const {
  if (effect == ObjectStore::Effect::kAdded) added_.Increment();
  if (effect == ObjectStore::Effect::kUpdated) updated_.Increment();
  if (effect == ObjectStore::Effect::kDeleted) deleted_.Increment();
}

void ObjectWatch::Tell(const Status& status) {
  const std::string error = status.ok() ? "" : status.error().message;
  if (!status.ok()) failures_.Increment();
  if (error != std::exchange(last_error_, error) && !error.empty()) {
    logger_.Error("cannot watch objects, keeping the last ones", {{"error", error}});
  }
  for (ObjectWatcher* watcher : watchers_) watcher->OnAnswer(status);
}

ObjectWatches::ObjectWatches(Logger logger, Telemetry& telemetry, DiscoveryLoop& loop)
    : logger_(std::move(logger)), telemetry_(telemetry), loop_(loop) {}

std::shared_ptr<ApiAccess> ObjectWatches::Access(const KubernetesAccess& access) {
  ForgetGone(accesses_);
  std::weak_ptr<ApiAccess>& known = accesses_[access.identity];
  std::shared_ptr<ApiAccess> shared = known.lock();
  if (shared == nullptr) {
    shared = std::make_shared<ApiAccess>(access, ReadPodSurroundings());
    known = shared;
  }
  return shared;
}

std::shared_ptr<ObjectWatch> ObjectWatches::Get(const KubernetesAccess& access,
                                                const ApiResource& resource, uint64_t seed) {
  ForgetGone(watches_);
  const std::string identity = resource.Identity() + "\n" + access.identity;
  std::weak_ptr<ObjectWatch>& known = watches_[identity];
  std::shared_ptr<ObjectWatch> shared = known.lock();
  if (shared == nullptr) {
    shared = std::make_shared<ObjectWatch>(resource, Access(access), logger_, telemetry_, loop_,
                                           seed ^ XxHash64(identity));
    known = shared;
  }
  return shared;
}

}  // namespace sluice::scrape
