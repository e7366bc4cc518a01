#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plan_answers.h"
#include "polling_fixture.h"
#include "scrape/discovery/docker/docker_plan.h"

namespace sluice::scrape {
namespace {

using relabel::Labels;
using test::Addresses;
using test::AllTargets;
using test::PlanAnswer;
using test::PlanFailure;
using test::RunPlan;
using test::ScriptedRequest;
using Names = std::vector<std::string>;

constexpr const char* kNetworks = R"([
  {"Id": "n1", "Name": "front", "Scope": "local", "Internal": false, "Ingress": true,
   "Labels": {"com.tier": "1"}},
  {"Id": "n2", "Name": "back", "Scope": "swarm", "Internal": true, "Ingress": false,
   "Labels": null}])";

std::string Container(const std::string& id, const std::string& mode, const std::string& networks,
                      const std::string& ports) {
  return R"({"Id": ")" + id + R"(", "Names": ["/)" + id +
         R"("], "Image": "img:1", "ImageID": "sha256:1", "Labels": {"a.b": "c"},
         "HostConfig": {"NetworkMode": ")" +
         mode + R"("}, "NetworkSettings": {"Networks": {)" + networks + R"(}}, "Ports": [)" +
         ports + "]}";
}

const std::string kFront = R"("front": {"NetworkID": "n1", "IPAddress": "172.17.0.2"})";
const std::string kBack = R"("back": {"NetworkID": "n2", "IPAddress": "172.18.0.2"})";
const std::string kTcp = R"({"PrivatePort": 80, "Type": "tcp"})";
const std::string kPublished =
    R"({"IP": "0.0.0.0", "PrivatePort": 443, "PublicPort": 8443, "Type": "tcp"})";
const std::string kUdp = R"({"PrivatePort": 53, "Type": "udp"})";

Refreshed Read(const std::string& containers, const DockerSdConfig& config = {}) {
  DockerPlan plan(config);
  return RunPlan(plan, {"[" + containers + "]", kNetworks});
}

TEST_CASE("a container has a target for each TCP port, with its labels", "[docker_sd]") {
  const Refreshed refreshed =
      Read(Container("c1", "bridge", kFront, kTcp + "," + kPublished + "," + kUdp));
  CHECK(refreshed.bad_entries.empty());
  REQUIRE(refreshed.groups.size() == 1);
  CHECK(refreshed.groups[0].source == "c1");
  const std::vector<relabel::Label> common = {{"__meta_docker_container_id", "c1"},
                                              {"__meta_docker_container_name", "/c1"},
                                              {"__meta_docker_container_image", "img:1"},
                                              {"__meta_docker_container_image_id", "sha256:1"},
                                              {"__meta_docker_container_label_a_b", "c"},
                                              {"__meta_docker_container_network_mode", "bridge"},
                                              {"__meta_docker_network_id", "n1"},
                                              {"__meta_docker_network_ingress", "true"},
                                              {"__meta_docker_network_internal", "false"},
                                              {"__meta_docker_network_ip", "172.17.0.2"},
                                              {"__meta_docker_network_label_com_tier", "1"},
                                              {"__meta_docker_network_name", "front"},
                                              {"__meta_docker_network_scope", "local"}};
  std::vector<relabel::Label> first = common;
  first.push_back({"__address__", "172.17.0.2:80"});
  first.push_back({"__meta_docker_port_private", "80"});
  std::vector<relabel::Label> second = common;
  second.push_back({"__address__", "172.17.0.2:443"});
  second.push_back({"__meta_docker_port_private", "443"});
  second.push_back({"__meta_docker_port_public", "8443"});
  second.push_back({"__meta_docker_port_public_ip", "0.0.0.0"});
  CHECK(refreshed.groups[0].targets ==
        std::vector<Labels>{Labels::From(first), Labels::From(second)});
}

TEST_CASE("a container without TCP ports has one target", "[docker_sd]") {
  DockerSdConfig config;
  config.port = 9100;
  config.host_networking_host = "h";
  CHECK(Addresses(Read(Container("c", "bridge", kFront, kUdp), config).groups) ==
        Names{"172.17.0.2:9100"});
  const Refreshed host =
      Read(Container("c", "host", R"("host": {"NetworkID": "n9", "IPAddress": ""})", ""), config);
  REQUIRE(AllTargets(host.groups).size() == 1);
  CHECK(AllTargets(host.groups)[0].Get("__address__") == "h");
  CHECK(AllTargets(host.groups)[0].Get("__meta_docker_port_private").empty());
}

TEST_CASE("of several networks the first by name is taken, or all", "[docker_sd]") {
  const std::string container =
      Container("c", "bridge", kFront + "," + kBack + R"(,"a": null)", kTcp);
  DockerSdConfig config;
  CHECK(Addresses(Read(container, config).groups) == Names{"172.18.0.2:80"});
  config.match_first_network = false;
  CHECK(Addresses(Read(container, config).groups) == Names{"172.18.0.2:80", "172.17.0.2:80"});
}

TEST_CASE("a container has the networks of the one whose network it uses", "[docker_sd]") {
  const Refreshed refreshed = Read(
      Container("a", "container:b", "", kTcp) + "," + Container("b", "container:c", "", "") + "," +
      Container("c", "bridge", kFront, "") + "," + Container("d", "container:none", "", kTcp) +
      "," + Container("e", "container:e", "", kTcp));
  CHECK(Addresses(refreshed.groups) == Names{"172.17.0.2:80", "172.17.0.2:80", "172.17.0.2:80"});
  CHECK(AllTargets(refreshed.groups)[0].Get("__meta_docker_container_network_mode") ==
        "container:b");
}

TEST_CASE("a container that is no good is left out", "[docker_sd]") {
  const Refreshed refreshed =
      Read(Container("a", "bridge", kFront, kTcp) + R"(, {"Id": 5}, 7, {"Names": ["x"]}, )" +
           Container("b", "bridge", R"("x": {"IPAddress": 5})", kTcp) +
           R"(, {"Id": "unnamed", "Names": []})");
  CHECK(Addresses(refreshed.groups) == Names{"172.17.0.2:80"});
  CHECK(refreshed.bad_entries == Names{"containers[1]: expected a string, got 5",
                                       "containers[2]: expected an object, got 7",
                                       "containers[3]: a container without an id",
                                       "containers[4]: expected a string, got 5"});
}

TEST_CASE("without one of its lists a round has failed", "[docker_sd]") {
  DockerPlan plan({});
  CHECK(PlanFailure(plan, {PlanAnswer("[]"), PlanAnswer("[]")}).empty());
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("[]", 401), PlanAnswer("[]")}), Catch::Contains("401"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("[]"), PlanAnswer("[]", 500)}), Catch::Contains("500"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("{}"), PlanAnswer("[]")}),
             Catch::Contains("expected a list, got {}"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("[]"), PlanAnswer("[5]")}),
             Catch::Contains("expected an object, got 5"));
  CHECK_THAT(PlanFailure(plan, {PlanAnswer("["), PlanAnswer("[]")}),
             Catch::Contains("not valid JSON"));
}

TEST_CASE("a daemon is asked where it listens, with filters", "[docker_sd]") {
  CHECK(*ParseMobyHost("unix:///run/d.sock") == MobyHost{"http://localhost", "/run/d.sock"});
  CHECK(*ParseMobyHost("tcp://h:2375") == MobyHost{"http://h:2375", ""});
  CHECK(*ParseMobyHost("http://h:1/base/") == MobyHost{"http://h:1/base", ""});
  CHECK(*ParseMobyHost("https://h") == MobyHost{"https://h", ""});
  for (const char* host : {"h:2375", "unix://", "npipe://x", "ssh://x", ""}) {
    CAPTURE(host);
    CHECK_FALSE(ParseMobyHost(host).ok());
  }
  DockerSdConfig config;
  config.host = *ParseMobyHost("unix:///run/d.sock");
  config.filters = {{"status", {"running", "a\"b\n"}}, {"label", {}}, {"name", {"x"}}};
  DockerPlan plan(config);
  const auto requests = test::Begun(plan);
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].url ==
        "http://localhost/containers/json?filters=%7B%22name%22%3A%7B%22x%22%3Atrue%7D%2C%22status%"
        "22%3A%7B%22a%5C%22b%5Cn%22%3Atrue%2C%22running%22%3Atrue%7D%7D");
  CHECK(requests[0].unix_socket == "/run/d.sock");
  CHECK(requests[1].url == "http://localhost/networks");
}

TEST_CASE_METHOD(test::PollingFixture, "containers of a daemon come and go", "[docker_sd]") {
  std::string containers = Container("a", "bridge", kFront, kTcp);
  const auto answer = [&](const std::string& list) {
    server.SetScript([list](const ScriptedRequest& request) {
      if (request.target == "/networks") return test::Json(kNetworks);
      return test::Json("[" + list + "]");
    });
  };
  answer(containers);
  DockerSdConfig config;
  config.host = *ParseMobyHost("tcp://" + server.address());
  Start(config);
  REQUIRE(sink.WaitFor({"172.17.0.2:80"}));
  answer(containers + "," + Container("b", "bridge", kBack, kTcp));
  clock.Advance(config.refresh_interval);
  REQUIRE(sink.WaitFor({"172.17.0.2:80", "172.18.0.2:80"}));
  answer("");
  clock.Advance(config.refresh_interval);
  REQUIRE(sink.WaitFor({}));
}

}  // namespace
}  // namespace sluice::scrape
