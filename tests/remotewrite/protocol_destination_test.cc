// Protocols over HTTP: what a destination sends and asks, and what of it can be seen.
#include <catch2/catch.hpp>

#include "sending.h"

namespace sluice::remotewrite::test {
namespace {

DestinationConfig WithProtocol(const std::string& url, const ProtocolConfig& protocol) {
  DestinationConfig config = Config("a", url);
  config.protocol = protocol;
  return config;
}

constexpr ProtocolConfig kV2Alone{.message = Message::kV2,
                                  .compression = ProtocolConfig::CompressionChoice::kSnappy};

ScriptedResponse Written() {
  ScriptedResponse response = Respond(204);
  response.headers = {{"X-Prometheus-Remote-Write-Samples-Written", "1000"}};
  return response;
}

}  // namespace

TEST_CASE("a 2.0 request has the headers of the specification", "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest&) { return Written(); });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({WithProtocol(receiver.server.Url(), kV2Alone)}).ok());
  fixture.AppendSome(2, 5);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.samples() == 30);
  for (const ScriptedRequest& request : receiver.server.requests()) {
    CHECK(request.method == "POST");
    CHECK(request.headers.at("content-type") ==
          "application/x-protobuf;proto=io.prometheus.write.v2.Request");
    CHECK(request.headers.at("content-encoding") == "snappy");
    CHECK(request.headers.at("x-prometheus-remote-write-version") == "2.0.0");
    CHECK(IsV2(request.body));
  }
  CHECK(Eventually([&] { return fixture.StatusOf("a").protocol == "2.0"; }));
  CHECK(fixture.HasSeries("sluice_destination_protocol", "protocol=\"2.0\"", 1));
  CHECK(fixture.HasSeries("sluice_destination_protocol", "protocol=\"1.0\"", 0));
}

TEST_CASE("a fallback to 1.0 has the headers of 1.0, and is told, logged and counted",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest& request) {
    return request.headers.at("x-prometheus-remote-write-version") == "2.0.0"
               ? Respond(415, "only prometheus.WriteRequest")
               : Respond(204);
  });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({WithProtocol(receiver.server.Url(), kV2Alone)}).ok());
  fixture.AppendSome(2, 5);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.samples() == 30);
  const std::vector<ScriptedRequest> seen = receiver.server.requests();
  CHECK(seen.at(1).headers.at("content-type") == "application/x-protobuf");
  CHECK(seen.at(1).headers.at("x-prometheus-remote-write-version") == "0.1.0");
  CHECK_FALSE(IsV2(seen.at(1).body));
  CHECK(Eventually([&] { return fixture.StatusOf("a").protocol == "1.0"; }));
  CHECK(fixture.StatusOf("a").protocol_fallback ==
        "remote write 2.0: HTTP 415: only prometheus.WriteRequest");
  CHECK(fixture.sink->Count({"does not understand", "HTTP 415", "protocol=1.0"}) == 1);
  CHECK(fixture.HasSeries("sluice_destination_protocol_fallbacks_total", "a", 1));
}

TEST_CASE("an answer without Written headers gets the same samples again as 1.0",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest&) { return Respond(204); });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({WithProtocol(receiver.server.Url(), kV2Alone)}).ok());
  fixture.AppendSome(1, 1);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.duplicates() == 3);  // our receiver understands both
  const std::vector<ScriptedRequest> seen = receiver.server.requests();
  REQUIRE(seen.size() == 2);
  CHECK(IsV2(seen[0].body));
  CHECK_FALSE(IsV2(seen[1].body));
}

TEST_CASE("VictoriaMetrics is asked for zstd, with the credentials, and gets it",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest& request) {
    return request.method == "GET" ? Respond(200, "1") : Respond(204);
  });
  Fixture fixture;
  DestinationConfig config = WithProtocol(receiver.server.Url("/api/v1/write?extra_label=a"), {});
  config.headers = {{"AccountID", "7"}};
  REQUIRE(fixture.destinations->Apply({config}).ok());
  fixture.AppendSome(1, 1);
  REQUIRE(Eventually([&] { return fixture.StatusOf("a").protocol == "1.0 zstd"; }));
  fixture.AppendSome(1, 1);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  const std::vector<ScriptedRequest> seen = receiver.server.requests();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].headers.at("content-encoding") == "snappy");
  CHECK(seen[1].method == "GET");
  CHECK(seen[1].target == "/api/v1/write?extra_label=a&get_vm_proto_version=1");
  CHECK(seen[1].headers.at("accountid") == "7");
  CHECK(seen[2].headers.at("content-encoding") == "zstd");
  CHECK(seen[2].headers.at("x-victoriametrics-remote-write-version") == "1");
  CHECK(seen[2].headers.count("x-prometheus-remote-write-version") == 0);
  CHECK(IsZstd(seen[2].body));
}

TEST_CASE("a receiver that has no answer to the question keeps getting snappy",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest& request) {
    return request.method == "GET" ? Respond(405, "no") : Respond(204);
  });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({WithProtocol(receiver.server.Url("/write"), {})}).ok());
  fixture.AppendSome(1, 1);
  REQUIRE(receiver.server.WaitForRequests(2));
  CHECK(receiver.server.requests()[1].target == "/write?get_vm_proto_version=1");
  fixture.AppendSome(1, 4);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  for (const ScriptedRequest& request : receiver.server.requests()) {
    if (request.method == "POST") CHECK(request.headers.at("content-encoding") == "snappy");
  }
  CHECK(fixture.StatusOf("a").protocol == "1.0");
  CHECK(fixture.StatusOf("a").protocol_fallback.empty());
}

TEST_CASE("a question that hangs holds up neither samples nor the end", "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest& request) {
    ScriptedResponse response = Respond(204);
    if (request.method == "GET") response.fault = Fault::kHang;
    return response;
  });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({WithProtocol(receiver.server.Url("/write"), {})}).ok());
  fixture.AppendSome(1, 1);
  REQUIRE(receiver.server.WaitForRequests(2));
  fixture.AppendSome(1, 4);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  fixture.Close();
}

}  // namespace sluice::remotewrite::test
