#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/json.h"
#include "polling_fixture.h"
#include "scrape/discovery/consul/consul_api.h"
#include "scrape/discovery/consul/consul_discovery.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using std::chrono::milliseconds;
using test::Addresses;
using test::Fault;
using test::ScriptedRequest;
using test::ScriptedResponse;
using Names = std::vector<std::string>;

constexpr const char* kInstance = R"({
  "Node": {"ID": "x", "Node": "node1", "Address": "192.0.2.1", "Datacenter": "dc1",
           "TaggedAddresses": {"lan": "192.0.2.1", "wan-v4": "198.51.100.1"},
           "Meta": {"rack.id": "r1"}, "Partition": "part"},
  "Service": {"ID": "web-1", "Service": "web", "Tags": ["a", "b c"], "Address": "",
              "Meta": {"version": "1.2"}, "Port": 8080, "Namespace": "ns1"},
  "Checks": [{"CheckID": "serfHealth", "Status": "passing"},
             {"CheckID": "c", "Status": "warning"}]})";

ConsulService Service(const std::string& body, const ConsulSdConfig& config = {}) {
  Result<ConsulService> service = ParseConsulService(config, "dc1", "web", body);
  REQUIRE(service.ok());
  return std::move(*service);
}

TEST_CASE("an instance of a Consul service becomes a target with its labels", "[consul_sd]") {
  const ConsulService service = Service("[" + std::string(kInstance) + "]");
  CHECK(service.group.source == "web");
  CHECK(service.group.labels ==
        Labels{{"__meta_consul_service", "web"}, {"__meta_consul_dc", "dc1"}});
  REQUIRE(service.group.targets.size() == 1);
  CHECK(service.group.targets[0] == Labels{{"__address__", "192.0.2.1:8080"},
                                           {"__meta_consul_address", "192.0.2.1"},
                                           {"__meta_consul_health", "warning"},
                                           {"__meta_consul_metadata_rack_id", "r1"},
                                           {"__meta_consul_namespace", "ns1"},
                                           {"__meta_consul_node", "node1"},
                                           {"__meta_consul_partition", "part"},
                                           {"__meta_consul_service_id", "web-1"},
                                           {"__meta_consul_service_metadata_version", "1.2"},
                                           {"__meta_consul_service_port", "8080"},
                                           {"__meta_consul_tagged_address_lan", "192.0.2.1"},
                                           {"__meta_consul_tagged_address_wan_v4", "198.51.100.1"},
                                           {"__meta_consul_tags", ",a,b c,"}});
}

TEST_CASE("the address of a service wins over that of its node", "[consul_sd]") {
  const ConsulService service =
      Service(R"([{"Node": {"Address": "192.0.2.1"}, "Service": {"Address": "2001:db8::1",
                   "Port": 1, "Tags": null}}])");
  REQUIRE(service.group.targets.size() == 1);
  CHECK(service.group.targets[0].Get("__address__") == "[2001:db8::1]:1");
  CHECK(service.group.targets[0].Get("__meta_consul_service_address") == "2001:db8::1");
  CHECK(service.group.targets[0].Get("__meta_consul_tags") == ",,");
  CHECK(service.group.targets[0].Get("__meta_consul_health") == "passing");
}

TEST_CASE("tags are separated as configured", "[consul_sd]") {
  ConsulSdConfig config;
  config.tag_separator = "; ";
  const ConsulService service = Service("[" + std::string(kInstance) + "]", config);
  CHECK(service.group.targets[0].Get("__meta_consul_tags") == "; a; b c; ");
}

TEST_CASE("the worst check is the health", "[consul_sd]") {
  const auto health = [](const std::string& checks) {
    const ConsulService service = Service(
        R"([{"Node": {"Address": "a"}, "Service": {"Port": 1}, "Checks": [)" + checks + "]}]");
    return std::string(service.group.targets.at(0).Get("__meta_consul_health"));
  };
  const std::string passing = R"({"Status": "passing"})";
  const std::string warning = R"({"Status": "warning"})";
  const std::string critical = R"({"Status": "critical"})";
  CHECK(health("") == "passing");
  CHECK(health(passing + "," + warning + "," + passing) == "warning");
  CHECK(health(warning + "," + critical + "," + passing) == "critical");
  CHECK(health(critical + R"(,{"CheckID": "_node_maintenance", "Status": "critical"})") ==
        "maintenance");
  CHECK(health(R"({"CheckID": "_service_maintenance:web-1", "Status": "critical"})") ==
        "maintenance");
  CHECK(health(critical + R"(,{"Status": "odd"})").empty());
}

TEST_CASE("an instance that is no good is left out", "[consul_sd]") {
  const ConsulService service =
      Service("[" + std::string(kInstance) + R"(, {"Service": {"Port": "eighty"}}, 5, null])");
  CHECK(service.group.targets.size() == 1);
  CHECK(service.bad_entries == Names{"web[1]: expected a whole number, got \"eighty\"",
                                     "web[2]: expected an object, got 5", "web[3]: no address"});
  CHECK_FALSE(ParseConsulService({}, "d", "s", "{}").ok());
  CHECK_FALSE(ParseConsulService({}, "d", "s", "[").ok());
}

TEST_CASE("the catalog is filtered by names and tags", "[consul_sd]") {
  const std::string body = R"({"web": ["a", "b"], "db": ["b"], "consul": []})";
  const auto names = [&](Names services, Names tags) {
    ConsulSdConfig config;
    config.services = std::move(services);
    config.tags = std::move(tags);
    const Result<Names> result = ParseConsulCatalog(config, body);
    REQUIRE(result.ok());
    return *result;
  };
  CHECK(names({}, {}) == Names{"consul", "db", "web"});
  CHECK(names({"web", "other"}, {}) == Names{"web"});
  CHECK(names({}, {"b"}) == Names{"db", "web"});
  CHECK(names({}, {"b", "a"}) == Names{"web"});
  CHECK(names({"db"}, {"a"}).empty());
  CHECK_FALSE(ParseConsulCatalog({}, "[]").ok());
  CHECK_FALSE(ParseConsulCatalog({}, R"({"web": 5})").ok());
}

TEST_CASE("requests say what Consul is to look for", "[consul_sd]") {
  ConsulSdConfig config;
  CHECK(ConsulAgentRequest(config).url == "http://localhost:8500/v1/agent/self");
  CHECK(ConsulCatalogRequest(config, 0).url ==
        "http://localhost:8500/v1/catalog/services?stale=&wait=120000ms");
  CHECK(ConsulCatalogRequest(config, 7).timeout == milliseconds(135'000));
  config.server = "c:1";
  config.scheme = "https";
  config.path_prefix = "/consul/";
  config.allow_stale = false;
  config.datacenter = "d c";
  config.ns = "n";
  config.partition = "p";
  config.node_meta = {{"rack", "1"}, {"row", "2"}};
  config.filter = "X == \"y\"";
  config.health_filter = "Z";
  config.tags = {"a", "b/"};
  const std::string place = "&dc=d%20c&ns=n&partition=p";
  CHECK(ConsulCatalogRequest(config, 7).url ==
        "https://c:1/consul/v1/catalog/services?index=7&wait=120000ms&node-meta=rack%3A1&node-meta="
        "row%3A2&filter=X%20%3D%3D%20%22y%22" +
            place);
  CHECK(ConsulServiceRequest(config, "w/b", 8).url ==
        "https://c:1/consul/v1/health/service/w%2Fb?index=8&wait=120000ms&node-meta=rack%3A1&node-"
        "meta=row%3A2&filter=Z&tag=a&tag=b%2F" +
            place);
  config.server = "http://other:2";
  CHECK_THAT(ConsulCatalogRequest(config, 0).url, Catch::StartsWith("http://other:2/consul/v1/"));
  config.server = "unix:///run/consul.sock";
  CHECK(ConsulAgentRequest(config).unix_socket == "/run/consul.sock");
  CHECK_THAT(ConsulAgentRequest(config).url, Catch::StartsWith("http://localhost/consul/v1/"));
}

TEST_CASE("an index that goes back starts from nothing", "[consul_sd]") {
  const auto index = [](const std::string& text) {
    HttpResponseHead head;
    if (!text.empty()) head.headers = {{"x-consul-index", text}};
    return ConsulIndexOf(head);
  };
  CHECK(index("12") == 12);
  CHECK(index("x") == 0);
  CHECK(index("") == 0);
  CHECK(NextConsulIndex(5, 7) == 7);
  CHECK(NextConsulIndex(5, 4) == 0);
  CHECK(NextConsulIndex(5, 0) == 0);
}

TEST_CASE("the datacenter is that of the agent", "[consul_sd]") {
  CHECK(*ParseConsulDatacenter(R"({"Config": {"Datacenter": "dc9"}})") == "dc9");
  for (const char* body : {"{}", R"({"Config": {"Datacenter": 5}})", "[", "[]"}) {
    CAPTURE(body);
    CHECK_FALSE(ParseConsulDatacenter(body).ok());
  }
}

// A server with blocking queries: what is asked for with the index that it has now hangs.
class ScriptedConsul {
 public:
  explicit ScriptedConsul(test::ScriptedHttpServer& server) : server_(server) {
    server.SetScript([this](const ScriptedRequest& request) { return Answer(request); });
  }

  ~ScriptedConsul() {
    server_.SetScript([](const ScriptedRequest&) { return ScriptedResponse(); });
  }

  // Addresses of instances, by service. None: the service is not in the catalog.
  void Set(const std::string& service, const Names& addresses) {
    const MutexLock lock(mu_);
    ++index_;
    if (addresses.empty()) {
      services_.erase(service);
    } else {
      services_[service] = addresses;
    }
  }

  void Fail(const std::string& path_part, int status) {
    const MutexLock lock(mu_);
    failing_ = path_part;
    fail_status_ = status;
  }

  void LoseState() {
    const MutexLock lock(mu_);
    index_ = 1;
  }

 private:
  ScriptedResponse Answer(const ScriptedRequest& request) {
    const MutexLock lock(mu_);
    ScriptedResponse response;
    if (!failing_.empty() && request.target.find(failing_) != std::string::npos) {
      response.status = fail_status_;
      return response;
    }
    response.headers = {{"X-Consul-Index", std::to_string(index_)}};
    response.body = Body(request.target);
    if (request.target.find("index=" + std::to_string(index_) + "&") != std::string::npos) {
      response.fault = Fault::kHang;
    }
    return response;
  }

  std::string Body(const std::string& target) const SLUICE_REQUIRES(mu_) {
    if (target.starts_with("/v1/agent/self")) return R"({"Config": {"Datacenter": "dc1"}})";
    std::string body;
    if (target.starts_with("/v1/catalog/services?")) {
      for (const auto& [name, addresses] : services_) {
        body += (body.empty() ? "\"" : ", \"") + name + "\": [\"t\"]";
      }
      return "{" + body + "}";
    }
    constexpr std::string_view kService = "/v1/health/service/";
    const std::string name = target.substr(kService.size(), target.find('?') - kService.size());
    const auto found = services_.find(name);
    if (found == services_.end()) return "[]";
    for (const std::string& address : found->second) {
      body += body.empty() ? "" : ", ";
      body += R"({"Node": {"Address": ")" + address + R"("}, "Service": {"Port": 80}})";
    }
    return "[" + body + "]";
  }

  test::ScriptedHttpServer& server_;
  mutable Mutex mu_;
  uint64_t index_ SLUICE_GUARDED_BY(mu_) = 10;
  std::map<std::string, Names> services_ SLUICE_GUARDED_BY(mu_);
  std::string failing_ SLUICE_GUARDED_BY(mu_);
  int fail_status_ SLUICE_GUARDED_BY(mu_) = 0;
};

struct Fixture : test::PollingFixture {
  Fixture() : consul(server) { config.server = server.address(); }

  ~Fixture() { discovery.reset(); }

  // Ends the questions that hang, with nothing new, so that they are asked again.
  void Again() {
    server.ReleaseHanging();
    clock.Advance(milliseconds(30'000));
  }

  size_t CountAsked(const std::string& part) const {
    size_t count = 0;
    for (const ScriptedRequest& request : server.requests()) {
      count += size_t{request.target.find(part) != std::string::npos};
    }
    return count;
  }

  bool WaitForAsked(const std::string& part, size_t count) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (CountAsked(part) < count) {
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }

  ScriptedConsul consul;
  ConsulSdConfig config;
};

TEST_CASE_METHOD(Fixture, "services and instances of Consul come and go", "[consul_sd]") {
  consul.Set("a", {"192.0.2.1"});
  consul.Set("b", {"192.0.2.2", "192.0.2.3"});
  Start(config);
  REQUIRE(sink.WaitFor({"192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"}));
  CHECK(sink.calls() == 1);
  CHECK(sink.groups().at(0).labels ==
        Labels{{"__meta_consul_dc", "dc1"}, {"__meta_consul_service", "a"}});
  // Asked again with the index that is known, these questions hang.
  clock.Advance(milliseconds(30'000));
  REQUIRE(WaitForAsked("index=", 3));

  consul.Set("b", {"192.0.2.3"});
  Again();
  REQUIRE(sink.WaitFor({"192.0.2.1:80", "192.0.2.3:80"}));
  consul.Set("a", {});
  Again();
  REQUIRE(sink.WaitFor({"192.0.2.3:80"}));
  consul.Set("c", {"192.0.2.4"});
  Again();
  REQUIRE(sink.WaitFor({"192.0.2.3:80", "192.0.2.4:80"}));
  CHECK(CountAsked("/v1/agent/self") == 1);
}

TEST_CASE_METHOD(Fixture, "what did not change in Consul is not told again", "[consul_sd]") {
  consul.Set("a", {"192.0.2.1"});
  Start(config);
  REQUIRE(sink.WaitFor({"192.0.2.1:80"}));
  for (size_t round = 1; round <= 3; ++round) {
    clock.Advance(milliseconds(30'000));
    REQUIRE(WaitForAsked("/health/service/a", round + 1));
    REQUIRE(WaitForAsked("/catalog/services", round + 1));
    server.ReleaseHanging();
  }
  CHECK(sink.calls() == 1);
}

TEST_CASE_METHOD(Fixture, "an empty catalog is an update, too", "[consul_sd]") {
  Start(config);
  REQUIRE(sink.WaitFor({}));
}

TEST_CASE_METHOD(Fixture, "services that are listed need no catalog", "[consul_sd]") {
  consul.Set("a", {"192.0.2.1"});
  consul.Set("b", {"192.0.2.2"});
  config.services = {"b", "none"};
  config.datacenter = "dc2";
  Start(config);
  REQUIRE(sink.WaitFor({"192.0.2.2:80"}));
  CHECK(sink.groups().at(0).labels.Get("__meta_consul_dc") == "dc2");
  CHECK(CountAsked("/v1/catalog") + CountAsked("/v1/agent") == 0);
  CHECK(CountAsked("dc=dc2") == 2);
}

TEST_CASE_METHOD(Fixture, "a catalog that fails keeps its services", "[consul_sd]") {
  consul.Set("a", {"192.0.2.1"});
  Start(config);
  REQUIRE(sink.WaitFor({"192.0.2.1:80"}));
  consul.Fail("/v1/catalog", 500);
  consul.Set("a", {"192.0.2.9"});
  Again();
  REQUIRE(sink.WaitFor({"192.0.2.9:80"}));
  REQUIRE(WaitForExposed("prometheus_sd_consul_rpc_failures_total", "1"));
  CHECK(Exposed("prometheus_sd_refresh_failures_total{config=\"j\",mechanism=\"consul\"}") == "1");
  consul.Fail("", 0);
  consul.Set("a", {});
  clock.Advance(milliseconds(1000));
  REQUIRE(sink.WaitFor({}));
}

TEST_CASE_METHOD(Fixture, "a service that may not be read leaves the others alone", "[consul_sd]") {
  consul.Set("a", {"192.0.2.1"});
  consul.Set("b", {"192.0.2.2"});
  consul.Fail("/health/service/a", 403);
  Start(config);
  REQUIRE(sink.WaitFor({"192.0.2.2:80"}));
  CHECK(sink.calls() == 1);
  consul.Fail("", 0);
  clock.Advance(milliseconds(1000));
  REQUIRE(sink.WaitFor({"192.0.2.1:80", "192.0.2.2:80"}));
}

TEST_CASE_METHOD(Fixture, "nothing is told before anything is known", "[consul_sd]") {
  consul.Set("a", {"192.0.2.1"});
  const char* part = GENERATE("/v1/agent/self", "/v1/catalog", "/health/service");
  consul.Fail(part, 403);
  Start(config);
  REQUIRE(WaitForExposed("prometheus_sd_consul_rpc_failures_total", "1"));
  CHECK(sink.calls() == 0);
  consul.Fail("", 0);
  clock.Advance(milliseconds(1000));
  REQUIRE(sink.WaitFor({"192.0.2.1:80"}));
}

TEST_CASE_METHOD(Fixture, "a server that lost its state is followed", "[consul_sd]") {
  consul.Set("a", {"192.0.2.1"});
  Start(config);
  REQUIRE(sink.WaitFor({"192.0.2.1:80"}));
  consul.LoseState();
  consul.Set("a", {"192.0.2.2"});
  clock.Advance(milliseconds(30'000));
  REQUIRE(sink.WaitFor({"192.0.2.2:80"}));
  clock.Advance(milliseconds(30'000));
  REQUIRE(WaitForAsked("/health/service/a", 3));
  const auto requests = server.requests();
  CHECK_THAT(requests.back().target, !Catch::Contains("index="));
}

TEST_CASE_METHOD(Fixture, "a server without indexes is asked no more often than configured",
                 "[consul_sd]") {
  server.SetScript([](const ScriptedRequest& request) {
    ScriptedResponse response;
    response.body = request.target.starts_with("/v1/health") ? "[]" : "{}";
    return response;
  });
  config.services = {"a"};
  config.datacenter = "d";
  Start(config);
  REQUIRE(sink.WaitFor({}));
  clock.Advance(milliseconds(29'999));
  CHECK_FALSE(server.WaitForRequests(2, milliseconds(30)));
  clock.Advance(milliseconds(1));
  CHECK(server.WaitForRequests(2));
}

}  // namespace
}  // namespace sluice::scrape
