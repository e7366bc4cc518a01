#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "polling_fixture.h"
#include "scrape/discovery/dns/dns_refresher.h"
#include "scrape/discovery/polling_discovery.h"
#include "tests/support/scripted_dns_server.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;
using test::Addresses;
using test::DnsQuestion;
using test::DnsReply;
using test::ScriptedDnsServer;
using Names = std::vector<std::string>;

constexpr int kServFail = 2;
constexpr int kNxDomain = 3;
constexpr int kRefused = 5;

TEST_CASE("resolv.conf is read as Prometheus reads it", "[dns_sd]") {
  CHECK(ParseResolverConfig(
            "# comment\n; another\n\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # x\n"
            "nameserver nonsense\nnameserver\nsearch a.example  b.example\r\n"
            "options timeout:9 ndots:5 rotate\nsortlist x\n") ==
        ResolverConfig{{"192.0.2.1", "2001:db8::1"}, {"a.example", "b.example"}, 5});
  CHECK(ParseResolverConfig("search a b\ndomain c") == ResolverConfig{{}, {"c"}, 1});
  CHECK(ParseResolverConfig("domain c\nsearch a b") == ResolverConfig{{}, {"a", "b"}, 1});
  CHECK(ParseResolverConfig("options ndots:99\noptions ndots:x\noptions").ndots == 15);
  CHECK(ParseResolverConfig("") == ResolverConfig());
  CHECK_FALSE(ReadResolverConfig("/nonexistent").ok());
}

TEST_CASE("names are tried with the search list by the number of their dots", "[dns_sd]") {
  const ResolverConfig config{{}, {"s1", "s2.x.", "."}, 2};
  CHECK(CandidateNames("a.b.c", config) == Names{"a.b.c.", "a.b.c.s1.", "a.b.c.s2.x.", "a.b.c."});
  CHECK(CandidateNames("a.b", config) == Names{"a.b.s1.", "a.b.s2.x.", "a.b.", "a.b."});
  CHECK(CandidateNames("a.b.", config) == Names{"a.b."});
  CHECK(CandidateNames("a", ResolverConfig()) == Names{"a."});
}

TEST_CASE("each record type has its address and labels", "[dns_sd]") {
  using relabel::Labels;
  const auto only = [](DnsType type, DnsRecord record) {
    DnsSdConfig config;
    config.type = type;
    config.port = 9100;
    const TargetGroup group = MakeDnsGroup(config, "n.x", {record});
    CHECK(group.source == "n.x");
    REQUIRE(group.targets.size() == 1);
    return group.targets[0];
  };
  CHECK(only(DnsType::kA, {"192.0.2.1"}) ==
        Labels{{"__address__", "192.0.2.1:9100"}, {"__meta_dns_name", "n.x"}});
  CHECK(only(DnsType::kAaaa, {"2001:db8::1"}) ==
        Labels{{"__address__", "[2001:db8::1]:9100"}, {"__meta_dns_name", "n.x"}});
  CHECK(only(DnsType::kSrv, {"h.x.", 80}) == Labels{{"__address__", "h.x:80"},
                                                    {"__meta_dns_name", "n.x"},
                                                    {"__meta_dns_srv_record_target", "h.x."},
                                                    {"__meta_dns_srv_record_port", "80"}});
  CHECK(only(DnsType::kMx, {"m.x."}) == Labels{{"__address__", "m.x:9100"},
                                               {"__meta_dns_name", "n.x"},
                                               {"__meta_dns_mx_record_target", "m.x."}});
  CHECK(only(DnsType::kNs, {"ns.x."}) == Labels{{"__address__", "ns.x:9100"},
                                                {"__meta_dns_name", "n.x"},
                                                {"__meta_dns_ns_record_target", "ns.x."}});
  CHECK(MakeDnsGroup({}, "n", {{".", 80}}).targets.empty());
}

// Answers out of a zone: (name, type) -> reply. Other names do not exist.
struct Zone {
  DnsReply operator()(const DnsQuestion& question) const {
    const auto found = replies.find({question.name, question.type});
    if (found != replies.end()) return found->second;
    return {.rcode = kNxDomain};
  }

  std::map<std::pair<std::string, int>, DnsReply> replies;
};

struct Fixture : test::PollingFixture {
  Fixture() : dns(Zone()) { resolver.servers = {dns.address()}; }

  void StartDns(Names names, DnsType type, uint16_t port = 9100) {
    DnsSdConfig config;
    config.names = std::move(names);
    config.type = type;
    config.port = port;
    auto refresher = std::make_unique<DnsRefresher>(
        config, [this] { return Result<ResolverConfig>(resolver); }, loop, telemetry);
    discovery = std::make_unique<PollingDiscovery>(
        PollingDiscovery::Options{"dns", config.refresh_interval, {}}, std::move(refresher),
        sink.Callback(),
        DiscoveryDeps{
            .logger = Logger(), .telemetry = telemetry, .loop = loop, .config = "j", .seed = 1});
  }

  void Refresh() { clock.Advance(milliseconds(30'000)); }

  size_t CountAsked(const std::string& name) const {
    size_t count = 0;
    for (const DnsQuestion& question : dns.questions()) count += size_t{question.name == name};
    return count;
  }

  ResolverConfig resolver;
  ScriptedDnsServer dns;
};

TEST_CASE_METHOD(Fixture, "targets come out of the DNS, for all record types", "[dns_sd]") {
  Zone zone;
  zone.replies[{"n.x.", 33}] = {
      .records = {{"n.x.", 33, "1 2 80 b.x."}, {"n.x.", 33, "1 2 81 a.x."}}};
  zone.replies[{"n.x.", 1}] = {.records = {{"n.x.", 5, "real.x."},
                                           {"real.x.", 1, "192.0.2.1"},
                                           {"real.x.", 1, "192.0.2.2"}}};
  zone.replies[{"n.x.", 28}] = {.records = {{"n.x.", 28, "2001:db8::1"}}};
  zone.replies[{"n.x.", 15}] = {.records = {{"n.x.", 15, "10 mail.x."}}};
  zone.replies[{"n.x.", 2}] = {.records = {{"n.x.", 2, "ns1.x."}, {"n.x.", 2, "ns2.x."}}};
  dns.SetScript(zone);
  const auto expect = [&](DnsType type, const Names& addresses) {
    StartDns({"n.x"}, type);
    CHECK(sink.WaitFor(addresses));
    discovery.reset();
  };
  SECTION("SRV") { expect(DnsType::kSrv, {"b.x:80", "a.x:81"}); }
  SECTION("A") { expect(DnsType::kA, {"192.0.2.1:9100", "192.0.2.2:9100"}); }
  SECTION("AAAA") { expect(DnsType::kAaaa, {"[2001:db8::1]:9100"}); }
  SECTION("MX") { expect(DnsType::kMx, {"mail.x:9100"}); }
  SECTION("NS") { expect(DnsType::kNs, {"ns1.x:9100", "ns2.x:9100"}); }
}

TEST_CASE_METHOD(Fixture, "a name that is gone has no targets, one that nobody knows of keeps them",
                 "[dns_sd]") {
  Zone zone;
  zone.replies[{"a.x.", 1}] = {.records = {{"a.x.", 1, "192.0.2.1"}}};
  zone.replies[{"b.x.", 1}] = {.records = {{"b.x.", 1, "192.0.2.2"}}};
  zone.replies[{"c.x.", 1}] = {.records = {{"c.x.", 1, "192.0.2.3"}}};
  dns.SetScript(zone);
  StartDns({"a.x", "b.x", "c.x", "a.x"}, DnsType::kA, 1);
  REQUIRE(sink.WaitFor({"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"}));
  CHECK(Exposed("prometheus_sd_dns_lookups_total") == "3");

  zone.replies[{"a.x.", 1}] = {.rcode = kServFail};
  zone.replies[{"b.x.", 1}] = {.rcode = kNxDomain};
  zone.replies[{"c.x.", 1}] = {};  // exists, without such records
  dns.SetScript(zone);
  Refresh();
  REQUIRE(sink.WaitFor({"192.0.2.1:1"}));
  CHECK(Exposed("prometheus_sd_dns_lookup_failures_total") == "1");

  zone.replies[{"a.x.", 1}] = {.rcode = kNxDomain};
  dns.SetScript(zone);
  Refresh();
  REQUIRE(sink.WaitFor({}));
  CHECK(Exposed("prometheus_sd_refresh_failures_total{config=\"j\",mechanism=\"dns\"}") == "0");
}

TEST_CASE_METHOD(Fixture, "when no name can be asked for, the round has failed", "[dns_sd]") {
  dns.SetScript([](const DnsQuestion&) { return DnsReply{.rcode = kRefused}; });
  const std::string failures =
      "prometheus_sd_refresh_failures_total{config=\"j\",mechanism=\"dns\"}";
  StartDns({"a.x", "b.x"}, DnsType::kA);
  REQUIRE(WaitForExposed(failures, "1"));
  CHECK(sink.calls() == 0);
  dns.SetScript(Zone());
  Refresh();
  REQUIRE(sink.WaitFor({}));
}

TEST_CASE_METHOD(Fixture, "the first candidate that exists is taken", "[dns_sd]") {
  resolver.search = {"s1", "s2"};
  Zone zone;
  zone.replies[{"n.s2.", 1}] = {.records = {{"n.s2.", 1, "192.0.2.2"}}};
  zone.replies[{"n.", 1}] = {.records = {{"n.", 1, "192.0.2.3"}}};
  SECTION("those before it do not") {}
  SECTION("those before it cannot be asked for") {
    zone.replies[{"n.s1.", 1}] = {.rcode = kServFail};
  }
  dns.SetScript(zone);
  StartDns({"n"}, DnsType::kA, 1);
  REQUIRE(sink.WaitFor({"192.0.2.2:1"}));
  CHECK(CountAsked("n.s1.") >= 1);
  CHECK(CountAsked("n.") == 0);
}

TEST_CASE_METHOD(Fixture, "a candidate that cannot be asked for leaves the name unknown",
                 "[dns_sd]") {
  resolver.search = {"s1"};
  Zone zone;
  zone.replies[{"n.s1.", 1}] = {.rcode = kServFail};
  dns.SetScript(zone);
  StartDns({"n"}, DnsType::kA);
  REQUIRE(WaitForExposed("prometheus_sd_dns_lookup_failures_total", "1"));
  CHECK(sink.calls() == 0);
}

TEST_CASE_METHOD(Fixture, "the next server is asked when one has no answer", "[dns_sd]") {
  ScriptedDnsServer other([](const DnsQuestion& question) {
    return DnsReply{.records = {{question.name, 1, "192.0.2.9"}}};
  });
  resolver.servers = {dns.address(), other.address()};
  dns.SetScript([](const DnsQuestion&) { return DnsReply{.rcode = kServFail}; });
  StartDns({"n.x"}, DnsType::kA, 1);
  REQUIRE(sink.WaitFor({"192.0.2.9:1"}));
}

TEST_CASE_METHOD(Fixture, "an answer that is truncated comes by TCP", "[dns_sd]") {
  dns.SetScript([](const DnsQuestion& question) {
    DnsReply reply{.truncated = true};
    for (int i = 0; i < 1000; ++i) {
      reply.records.push_back({question.name, 33, "0 0 " + std::to_string(i + 1) + " h.x."});
    }
    return reply;
  });
  StartDns({"n.x"}, DnsType::kSrv);
  REQUIRE(sink.WaitForCalls(1));
  const auto groups = sink.groups();
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].targets.size() == 1000);
  CHECK(dns.questions().back().over_tcp);
}

TEST_CASE_METHOD(Fixture, "a discovery that waits for a name server stops at once", "[dns_sd]") {
  dns.SetScript([](const DnsQuestion&) { return DnsReply{.silent = true}; });
  StartDns({"n.x"}, DnsType::kA);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (dns.questions().empty()) REQUIRE(std::chrono::steady_clock::now() < end);
  discovery.reset();
  CHECK(sink.calls() == 0);
}

TEST_CASE("a server that does not answer is given up", "[dns_sd]") {
  ScriptedDnsServer silent([](const DnsQuestion&) { return DnsReply{.silent = true}; });
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  std::unique_ptr<DnsResolver> resolver;
  Mutex mu;
  CondVar answered;
  std::optional<DnsAnswer> answer;
  loop.Run([&] {
    auto made = DnsResolver::Make(loop, {silent.address()}, milliseconds(5));
    SLUICE_CHECK(made.ok());
    resolver = std::move(*made);
    resolver->Ask("n.x.", DnsType::kA, [&](DnsAnswer got) {
      const MutexLock lock(mu);
      answer = std::move(got);
      answered.NotifyAll();
    });
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  {
    const MutexLock lock(mu);
    while (!answer && std::chrono::steady_clock::now() < end) {
      answered.WaitFor(mu, milliseconds(100));
    }
  }
  loop.Run([&] { resolver.reset(); });
  REQUIRE(answer);
  CHECK(answer->outcome == DnsAnswer::Outcome::kFailed);
  CHECK_FALSE(answer->error.empty());
  // The server may come to the second one a little later.
  while (silent.questions().size() < 2) REQUIRE(std::chrono::steady_clock::now() < end);
  CHECK(silent.questions().size() == 2);
}

TEST_CASE_METHOD(Fixture, "names that are none fail without a question", "[dns_sd]") {
  Names names = {"good.x"};
  for (int i = 0; i < 20'000; ++i) names.push_back("a.." + std::to_string(i));
  Zone zone;
  zone.replies[{"good.x.", 1}] = {.records = {{"good.x.", 1, "192.0.2.1"}}};
  dns.SetScript(zone);
  StartDns(names, DnsType::kA, 1);
  REQUIRE(sink.WaitFor({"192.0.2.1:1"}));
  CHECK(Exposed("prometheus_sd_dns_lookup_failures_total") == "20000");
}

TEST_CASE_METHOD(Fixture, "no bytes of an answer can break the reading of it", "[dns_sd]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  dns.SetScript([seed](const DnsQuestion& question) {
    std::mt19937_64 random(seed + std::hash<std::string>()(question.name));
    // A head that says "answer, one question, some records", then anything.
    std::string raw{"\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00", 10};
    for (uint64_t i = random() % 80; i > 0; --i) {
      raw += static_cast<char>(random() % 4 == 0 ? 0xc0 : random() % 64);
    }
    return DnsReply{.raw = raw};
  });
  Names names;
  for (int i = 0; i < 60; ++i) names.push_back("n" + std::to_string(i) + ".x");
  StartDns(names, static_cast<DnsType>(seed % 5));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (dns.questions().size() < names.size()) REQUIRE(std::chrono::steady_clock::now() < end);
}

}  // namespace
}  // namespace sluice::scrape
