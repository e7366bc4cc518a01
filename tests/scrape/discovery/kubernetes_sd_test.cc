#include <atomic>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "polling_fixture.h"
#include "scrape/discovery/kubernetes/kubernetes_discovery.h"
#include "tests/support/temp_dir.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;
using test::Fault;
using test::ScriptedRequest;
using test::ScriptedResponse;
using Names = std::vector<std::string>;

std::string Pod(const std::string& name, const std::string& ip, const std::string& version) {
  return R"({"metadata":{"namespace":"ns","name":")" + name + R"(","resourceVersion":")" + version +
         R"("},"spec":{"nodeName":"n1","containers":[{"name":"c"}]},"status":{"podIP":")" + ip +
         R"("}})";
}

std::string Event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

std::string Listed(const std::string& version) {
  return Event("BOOKMARK", R"({"metadata":{"resourceVersion":")" + version +
                               R"(","annotations":{"k8s.io/initial-events-end":"true"}}})");
}

// A stream that goes on without a word until it is released, and then ends in order.
ScriptedResponse Stream(const std::string& events) {
  ScriptedResponse response = test::Json(events + std::string(events.size(), '\n'));
  response.fault = Fault::kHangMidBody;
  return response;
}

// A stream that ends in the middle of what is not `events`.
ScriptedResponse Torn(const std::string& events) {
  ScriptedResponse response = test::Json(events + Pod("torn", "10.9.9.9", "99").substr(0, 30) +
                                         std::string(events.size() + 30, '\n'));
  response.fault = Fault::kCloseMidBody;
  return response;
}

bool Has(const ScriptedRequest& request, const std::string& text) {
  return request.target.find(text) != std::string::npos;
}

struct Fixture : test::PollingFixture {
  KubernetesSdConfig Config(KubernetesRole role = KubernetesRole::kPod) {
    KubernetesSdConfig config;
    config.role = role;
    config.access.identity = "test";
    config.access.api_server = server.Url();
    return config;
  }

  // Lets time pass until `done`.
  bool AdvanceUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 2000 && !done(); ++i) {
      clock.Advance(milliseconds(200));
      server.WaitForRequests(server.request_count() + 1, milliseconds(5));
    }
    return done();
  }

  bool AdvanceUntilRequests(size_t count) {
    return AdvanceUntil([&] { return server.request_count() >= count; });
  }

  std::string Target(size_t request) const { return server.requests().at(request).target; }
};

TEST_CASE("pods are followed over a stream", "[kubernetes_sd]") {
  Fixture f;
  f.server.SetScript([](const ScriptedRequest& request) {
    if (Has(request, "sendInitialEvents")) {
      return Stream(Event("ADDED", Pod("a", "10.0.0.1", "1")) + Listed("5"));
    }
    return Stream(Event("ADDED", Pod("b", "10.0.0.2", "6")) +
                  Event("DELETED", Pod("a", "10.0.0.1", "7")));
  });
  f.Start(f.Config());
  REQUIRE(f.sink.WaitFor({"10.0.0.1"}));
  CHECK(f.server.requests().at(0).headers.at("accept") == "application/json");
  f.server.ReleaseHanging();
  REQUIRE(f.AdvanceUntilRequests(2));
  CHECK_THAT(f.Target(1), Catch::Contains("resourceVersion=5&"));
  REQUIRE(f.sink.WaitFor({"10.0.0.2"}));
  CHECK(
      f.WaitForExposed(R"(prometheus_sd_kubernetes_events_total{event="delete",role="pod"})", "1"));
  CHECK(f.Exposed("prometheus_sd_kubernetes_failures_total") == "0");
}

TEST_CASE("a stream that breaks amid an object goes on where it was", "[kubernetes_sd]") {
  Fixture f;
  f.server.SetScript([](const ScriptedRequest& request) {
    if (Has(request, "sendInitialEvents")) {
      return Torn(Event("ADDED", Pod("a", "10.0.0.1", "1")) + Listed("5"));
    }
    return Stream(Event("MODIFIED", Pod("a", "10.0.0.3", "8")));
  });
  f.Start(f.Config());
  REQUIRE(f.sink.WaitFor({"10.0.0.1"}));
  CHECK(f.WaitForExposed("prometheus_sd_kubernetes_failures_total", "1"));
  REQUIRE(f.AdvanceUntilRequests(2));
  CHECK_THAT(f.Target(1), Catch::Contains("resourceVersion=5&"));
  REQUIRE(f.sink.WaitFor({"10.0.0.3"}));
}

TEST_CASE("targets stay while everything has to be asked for again", "[kubernetes_sd]") {
  Fixture f;
  std::atomic<int> listings = 0;
  f.server.SetScript([&](const ScriptedRequest& request) {
    if (Has(request, "sendInitialEvents")) {
      if (++listings == 2) return ScriptedResponse{.status = 503};
      const std::string ip = listings == 1 ? "10.0.0.1" : "10.0.0.2";
      return Torn(Event("ADDED", Pod("p" + ip, ip, "1")) + Listed("5"));
    }
    if (listings >= 3) return Stream("\n");
    return Stream(Event("ERROR", R"({"code":410,"message":"too old"})"));
  });
  f.Start(f.Config());
  REQUIRE(f.sink.WaitFor({"10.0.0.1"}));
  REQUIRE(f.AdvanceUntilRequests(3));
  CHECK_THAT(f.Target(2), Catch::Contains("sendInitialEvents"));
  CHECK(f.sink.calls() == 1);
  REQUIRE(f.AdvanceUntilRequests(4));
  REQUIRE(f.sink.WaitFor({"10.0.0.2"}));
}

TEST_CASE("a token that was rotated is used at the next question", "[kubernetes_sd]") {
  Fixture f;
  const test::TempDir folder;
  const std::string path = folder.File("token");
  std::ofstream(path) << "old";
  f.server.SetScript([](const ScriptedRequest& request) {
    const auto sent = request.headers.find("authorization");
    if (sent == request.headers.end() || sent->second != "Bearer new") {
      return ScriptedResponse{.status = 401};
    }
    return Stream(Event("ADDED", Pod("a", "10.0.0.1", "1")) + Listed("5"));
  });
  KubernetesSdConfig config = f.Config();
  HttpClientConfig client;
  client.authorization.emplace();
  client.authorization->credentials_file = path;
  config.access.client = std::make_shared<const HttpClient>(client);
  f.Start(config);
  REQUIRE(f.AdvanceUntilRequests(2));
  CHECK(f.sink.calls() == 0);
  std::ofstream(path) << "new";
  // How many more come with the old token is a matter of luck; the first with the new one stays.
  REQUIRE(f.AdvanceUntil([&f] { return f.sink.calls() > 0; }));
  REQUIRE(f.sink.WaitFor({"10.0.0.1"}));
  CHECK(f.WaitForExposed(R"(sluice_discovery_bad_entries_total{config="j",mechanism="kubernetes"})",
                         "0"));
}

TEST_CASE("a server without streams is listed in pages and watched", "[kubernetes_sd]") {
  Fixture f;
  f.server.SetScript([](const ScriptedRequest& request) {
    if (Has(request, "sendInitialEvents")) return ScriptedResponse{.status = 422};
    if (Has(request, "watch=1")) {
      return Stream(Event("ADDED", Pod("c", "10.0.0.3", "9")));
    }
    const bool last = Has(request, "continue=x");
    return test::Json(R"({"metadata":{"resourceVersion":"7","continue":")" +
                      std::string(last ? "" : "x") + R"("},"items":[)" +
                      (last ? Pod("b", "10.0.0.2", "2") : Pod("a", "10.0.0.1", "1")) + ",null]}");
  });
  f.Start(f.Config());
  REQUIRE(f.AdvanceUntilRequests(4));
  REQUIRE(f.sink.WaitFor({"10.0.0.1", "10.0.0.2", "10.0.0.3"}));
  CHECK_THAT(f.Target(3), Catch::Contains("resourceVersion=7&"));
  CHECK(f.WaitForExposed(R"(sluice_discovery_bad_entries_total{config="j",mechanism="kubernetes"})",
                         "2"));
}

TEST_CASE("discoveries that need the same share one watch", "[kubernetes_sd]") {
  Fixture f;
  f.server.SetScript([](const ScriptedRequest&) {
    return Stream(Event("ADDED", Pod("a", "10.0.0.1", "1")) + Listed("5"));
  });
  const auto shared = std::make_shared<ObjectWatches>(Logger(), f.telemetry, f.loop);
  const auto start = [&](const KubernetesSdConfig& config, test::GroupSink& sink) {
    return std::make_unique<KubernetesDiscovery>(config, sink.Callback(),
                                                 DiscoveryDeps{.logger = Logger(),
                                                               .telemetry = f.telemetry,
                                                               .loop = f.loop,
                                                               .config = "j",
                                                               .seed = 1,
                                                               .kubernetes = shared});
  };
  test::GroupSink sink;
  auto first = start(f.Config(), f.sink);
  REQUIRE(f.sink.WaitFor({"10.0.0.1"}));
  KubernetesSdConfig config = f.Config();
  config.attach_job = true;
  const auto second = start(config, sink);
  REQUIRE(sink.WaitFor({"10.0.0.1"}));
  CHECK(f.server.request_count() == 1);
  // The watch outlives whoever had it first.
  first.reset();
  test::GroupSink third_sink;
  const auto third = start(f.Config(), third_sink);
  REQUIRE(third_sink.WaitFor({"10.0.0.1"}));
  CHECK(f.server.request_count() == 1);
}

TEST_CASE("only the groups of what changed are told", "[kubernetes_sd]") {
  Fixture f;
  const std::string slice = R"({"metadata":{"namespace":"ns","name":"s1","labels":)"
                            R"({"kubernetes.io/service-name":"s"},"resourceVersion":"1"},)"
                            R"("endpoints":[{"addresses":["10.0.0.1"],"targetRef":)"
                            R"({"kind":"Pod","namespace":"ns","name":"a"}}],"ports":[{"port":1}]})";
  const std::string other = R"({"metadata":{"namespace":"ns","name":"s2","resourceVersion":"1"},)"
                            R"("endpoints":[{"addresses":["10.0.0.2"]}],"ports":[{"port":2}]})";
  std::atomic<bool> pod_changes = false;
  f.server.SetScript([&](const ScriptedRequest& request) {
    if (Has(request, "/endpointslices")) {
      return Stream(Event("ADDED", slice) + Event("ADDED", other) + Listed("5"));
    }
    if (Has(request, "/services")) return Stream(Listed("5"));
    if (!Has(request, "sendInitialEvents")) {
      return Stream(Event("MODIFIED", Pod("a", "10.0.0.9", "9")));
    }
    return Torn(Event("ADDED", Pod("a", "10.0.0.1", "1")) + Listed("5"));
  });
  std::vector<Names> told;
  Mutex mu;
  f.discovery = MakeDiscovery(
      {.identity = "x", .mechanism = f.Config(KubernetesRole::kEndpointSlice)},
      [&, sink = f.sink.Callback()](DiscoveryUpdate update) {
        {
          const MutexLock lock(mu);
          told.emplace_back();
          for (const TargetGroupPtr& group : update.groups) told.back().push_back(group->source);
        }
        sink(std::move(update));
      },
      {.logger = Logger(), .telemetry = f.telemetry, .loop = f.loop, .config = "j", .seed = 1});
  REQUIRE(f.sink.WaitForCalls(1));
  REQUIRE(f.AdvanceUntilRequests(4));
  REQUIRE(f.sink.WaitForCalls(2));
  const MutexLock lock(mu);
  CHECK(told.at(0) == Names{"endpointslice/ns/s1", "endpointslice/ns/s2"});
  CHECK(told.at(1) == Names{"endpointslice/ns/s1"});
}

TEST_CASE("without what only a node or a pod knows, nothing is found, and the reason counted",
          "[kubernetes_sd]") {
  Fixture f;
  KubernetesSdConfig config = f.Config();
  config.node_local = true;
  f.Start(config);
  CHECK(f.WaitForExposed(
      R"(prometheus_sd_refresh_failures_total{config="j",mechanism="kubernetes"})", "1"));
  CHECK(f.server.request_count() == 0);
}

TEST_CASE("a role asks for what its targets are made of, and no more", "[kubernetes_sd]") {
  const auto paths = [](const KubernetesSdConfig& config) {
    std::string text;
    for (const ApiResource& resource : ResourcesOf(config)) {
      UrlQuery query;
      resource.AddSelectors(query);
      text += resource.Path() + query.Text() + " ";
    }
    return text;
  };
  KubernetesSdConfig config;
  CHECK(paths(config) == "/api/v1/pods ");
  config.namespaces = {"a", "b"};
  config.attach_node = true;
  config.attach_namespace = true;
  config.selectors[ApiKind::kNode] = {"l=1", ""};
  CHECK(paths(config) ==
        "/api/v1/namespaces/a/pods /api/v1/namespaces/b/pods /api/v1/nodes?labelSelector=l%3D1 "
        "/api/v1/namespaces?fieldSelector=metadata.name%3Da "
        "/api/v1/namespaces?fieldSelector=metadata.name%3Db ");
  config = {};
  config.role = KubernetesRole::kEndpoints;
  config.node = "n1";
  config.attach_node = true;
  config.attach_deployment = true;
  config.attach_cronjob = true;
  config.selectors[ApiKind::kPod] = {"", "status.phase=Running"};
  CHECK(paths(config) ==
        "/api/v1/endpoints /api/v1/services "
        "/api/v1/pods?fieldSelector=status.phase%3DRunning%2Cspec.nodeName%3Dn1 "
        "/api/v1/nodes?fieldSelector=metadata.name%3Dn1 "
        "/apis/apps/v1/replicasets /apis/batch/v1/jobs ");
  CHECK(ResourcesOf(config).front().node == "n1");
  config = {};
  config.role = KubernetesRole::kIngress;
  CHECK(paths(config) == "/apis/networking.k8s.io/v1/ingresses ");
  config.role = KubernetesRole::kNode;
  CHECK(paths(config) == "/api/v1/nodes ");
}

}  // namespace
}  // namespace sluice::scrape
