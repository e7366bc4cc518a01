#include "scrape/discovery/kubernetes/kubernetes_discovery.h"

#include <algorithm>
#include <utility>

#include "scrape/discovery/kubernetes/api_object.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestRetry{30'000};

std::vector<ApiKind> KindsOf(const KubernetesSdConfig& config) {
  const KubernetesRole role = config.role;
  std::vector<ApiKind> kinds = {KindOf(role)};
  const bool has_endpoints =
      role == KubernetesRole::kEndpoints || role == KubernetesRole::kEndpointSlice;
  const bool has_pods = has_endpoints || role == KubernetesRole::kPod;
  if (has_endpoints) kinds.push_back(ApiKind::kService);
  if (has_endpoints) kinds.push_back(ApiKind::kPod);
  if (has_pods && config.attach_node) kinds.push_back(ApiKind::kNode);
  if (has_pods && config.attach_deployment) kinds.push_back(ApiKind::kReplicaSet);
  if (has_pods && config.attach_cronjob) kinds.push_back(ApiKind::kJob);
  if (config.attach_namespace && role != KubernetesRole::kNode) {
    kinds.push_back(ApiKind::kNamespace);
  }
  return kinds;
}

// What is on one node only, as far as the API server can tell.
std::string NodeSelector(const KubernetesSdConfig& config, ApiKind kind) {
  if (config.node.empty()) return "";
  if (kind == ApiKind::kNode) return "metadata.name=" + config.node;
  return kind == ApiKind::kPod ? "spec.nodeName=" + config.node : "";
}

}  // namespace

std::vector<ApiResource> ResourcesOf(const KubernetesSdConfig& config) {
  std::vector<std::string> namespaces = config.namespaces;
  if (namespaces.empty()) namespaces.emplace_back();
  std::vector<ApiResource> resources;
  for (const ApiKind kind : KindsOf(config)) {
    ApiResource resource;
    resource.kind = kind;
    resource.field_selector = NodeSelector(config, kind);
    if (const auto selector = config.selectors.find(kind); selector != config.selectors.end()) {
      resource.label_selector = selector->second.label;
      resource.field_selector = BothSelectors(selector->second.field, resource.field_selector);
    }
    const bool has_addresses = kind == ApiKind::kEndpoints || kind == ApiKind::kEndpointSlice;
    if (has_addresses) resource.node = config.node;
    if (kind == ApiKind::kNode) {
      resources.push_back(resource);
      continue;
    }
    for (const std::string& ns : namespaces) {
      ApiResource of_namespace = resource;
      if (kind != ApiKind::kNamespace) {
        of_namespace.ns = ns;
      } else if (!ns.empty()) {
        of_namespace.field_selector = "metadata.name=" + ns;
      }
      resources.push_back(std::move(of_namespace));
    }
  }
  return resources;
}

// Finds objects in the copies, and remembers which were asked for.
class KubernetesDiscovery::Lookup final : public ObjectLookup {
 public:
  explicit Lookup(const KubernetesDiscovery& discovery) : discovery_(discovery) {}

  JsonView Find(ApiKind kind, const std::string& key) override {
    asked_for_.insert({kind, key});
    const std::string* text = discovery_.Find(kind, key);
    return text == nullptr ? JsonView() : Parse(*text);
  }

  JsonView Parse(const std::string& text) {
    auto json = JsonDocument::Parse(text);
    if (!json.ok()) return {};  // never: it was written by us
    documents_.push_back(std::move(*json));
    return documents_.back()->root();
  }

  // What was wrong with the objects that were read; empty when nothing was.
  std::string Mismatch() const {
    for (const auto& document : documents_) {
      if (auto mismatch = document->TakeMismatch()) return *mismatch;
    }
    return {};
  }

  const std::set<DependencyIndex::Object>& asked_for() const { return asked_for_; }

 private:
  const KubernetesDiscovery& discovery_;
  std::vector<std::unique_ptr<JsonDocument>> documents_;
  std::set<DependencyIndex::Object> asked_for_;
};

KubernetesDiscovery::KubernetesDiscovery(KubernetesSdConfig config, DiscoverySink sink,
                                         DiscoveryDeps deps)
    : config_(std::move(config)),
      sink_(std::move(sink)),
      deps_(std::move(deps)),
      logger_(deps_.logger.With({"discovery", "kubernetes"})),
      shared_(deps_.kubernetes != nullptr
                  ? deps_.kubernetes
                  : std::make_shared<ObjectWatches>(deps_.logger, deps_.telemetry, deps_.loop)),
      metrics_(deps_.telemetry, "kubernetes", deps_.config),
      retries_(kLongestRetry, deps_.seed) {
  deps_.loop.Post([this] { Start(); });
}

KubernetesDiscovery::~KubernetesDiscovery() {
  deps_.loop.Run([this] {
    if (timer_) deps_.loop.CancelTimer(*timer_);
    for (const auto& [kind, watches] : watches_) {
      for (const auto& watch : watches) watch->Unsubscribe(*this);
    }
    watches_.clear();
  });
}

Status KubernetesDiscovery::AddOwnNamespace(const PodSurroundings& surroundings) {
  const Result<std::string> own = OwnNamespace(surroundings);
  if (!own.ok()) return own.error();
  std::vector<std::string>& namespaces = config_.namespaces;
  const bool is_there = std::find(namespaces.begin(), namespaces.end(), *own) != namespaces.end();
  if (!is_there) namespaces.push_back(*own);
  return Status::Ok();
}

Status KubernetesDiscovery::ReadSurroundings() {
  const std::shared_ptr<ApiAccess> access = shared_->Access(config_.access);
  if (config_.node_local) {
    config_.node = access->surroundings().node;
    if (config_.node.empty()) {
      return Error{ErrorCode::kRetryable,
                   "node_local needs the environment variable NODE_NAME, set from spec.nodeName"};
    }
  }
  return config_.own_namespace ? AddOwnNamespace(access->surroundings()) : Status::Ok();
}

void KubernetesDiscovery::Start() {
  timer_.reset();
  if (const Status status = ReadSurroundings(); !status.ok()) {
    OnAnswer(status);
    if (status.error().message != std::exchange(last_error_, status.error().message)) {
      logger_.Error("cannot discover targets", {{"error", status.error().message}});
    }
    timer_ = deps_.loop.StartTimer(deps_.loop.clock().MonotonicNow() + retries_.AfterFailure(),
                                   [this] { Start(); });
    return;
  }
  for (const ApiResource& resource : ResourcesOf(config_)) {
    auto watch = shared_->Get(config_.access, resource, deps_.seed);
    watch->Subscribe(*this);
    watches_[resource.kind].push_back(std::move(watch));
  }
  // Others may have needed the same before.
  if (AllComplete()) TellAll();
}

bool KubernetesDiscovery::AllComplete() const {
  return std::all_of(watches_.begin(), watches_.end(), [](const auto& entry) {
    return std::all_of(entry.second.begin(), entry.second.end(),
                       [](const auto& watch) { return watch->store().is_complete(); });
  });
}

const std::string* KubernetesDiscovery::Find(ApiKind kind, const std::string& key) const {
  const auto watches = watches_.find(kind);
  if (watches == watches_.end()) return nullptr;
  for (const auto& watch : watches->second) {
    if (const std::string* text = watch->store().Find(key); text != nullptr) return text;
  }
  return nullptr;
}

TargetGroup KubernetesDiscovery::Build(const std::string& key) {
  Lookup lookup(*this);
  TargetGroup group;
  const std::string* text = Find(KindOf(config_.role), key);
  if (text == nullptr) {
    group.source = GroupSource(config_.role, key);
  } else {
    group = BuildGroup(config_, key, lookup.Parse(*text), lookup);
  }
  dependencies_.Set(key, lookup.asked_for());
  const std::string mismatch = lookup.Mismatch();
  if (!mismatch.empty()) OnBadEntries({group.source + ": " + mismatch});
  return group;
}

void KubernetesDiscovery::TellAll() {
  TargetGroups groups;
  for (const auto& watch : watches_[KindOf(config_.role)]) {
    for (const auto& [key, object] : watch->store().objects()) groups.push_back(Build(key));
  }
  metrics_.last_success.Set(static_cast<double>(deps_.loop.clock().WallNowMs()) / 1000);
  if (auto update = book_.Replace(std::move(groups))) sink_(std::move(*update));
}

void KubernetesDiscovery::OnObjects(ApiKind kind, const std::vector<std::string>& keys) {
  if (!book_.told()) {
    if (AllComplete()) TellAll();
    return;
  }
  std::set<std::string> changed;
  for (const std::string& key : keys) {
    if (kind == KindOf(config_.role)) {
      changed.insert(key);
    } else {
      dependencies_.AddDependents({kind, key}, changed);
    }
  }
  TargetGroups groups;
  for (const std::string& key : changed) groups.push_back(Build(key));
  metrics_.last_success.Set(static_cast<double>(deps_.loop.clock().WallNowMs()) / 1000);
  if (auto update = book_.PutAll(std::move(groups))) sink_(std::move(*update));
}

void KubernetesDiscovery::OnBadEntries(const std::vector<std::string>& bad_entries) {
  metrics_.bad_entries.Increment(static_cast<double>(bad_entries.size()));
  const std::string& bad = bad_entries.front();
  if (bad == std::exchange(last_bad_entry_, bad)) return;
  logger_.Warn("entries are left out", {{"count", bad_entries.size()}, {"first", bad}});
}

void KubernetesDiscovery::OnAnswer(const Status& status) {
  if (!status.ok()) metrics_.failures.Increment();
}

}  // namespace sluice::scrape
