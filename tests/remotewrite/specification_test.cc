// What the specifications of remote write 1.0 and 2.0 ask of a sender, point by point.
//
// MUST, of both
//   POST, headers, one snappy block       here; "a request carries the headers ..." (destinations),
//                                         "a 2.0 request has ..." (protocol_destination)
//   int64 ms, float64                     here
//   labels complete, sorted, no repeats,  here; in every test, as DecodeRequest (receiver.cc) fails
//     nothing empty                       otherwise; "a projection is ..." (projection)
//   names as they were validated          here, and at the scrape (tests/scrape): legacy names
//                                         unless the configuration allows UTF-8
//   order within a series                 "whatever fails and however answers ..." (delivery);
//                                         Receiver::Store fails otherwise
//   5xx and no answer: again, slower      here; "an outage is probed ..." (delivery),
//                                         "backoff doubles ..." (policy)
//   2xx is not sent again                 "without trouble nothing is sent twice" (delivery)
//   4xx is not sent again                 here; those that speak about the destination (401, 403,
//                                         404 ...) keep the data and are probed, on purpose: "a
//                                         refused login ..." (destinations)
//   stale markers, and no such NaN else   here; when one is due: tests/scrape
//   the body of an answer decides nothing here
//   no header of the protocol can be set  tests/agent/refused/remote_write_*_header.yml
//   its error text is logged as it is     "what a receiver refuses is logged ..." (destinations)
// MUST, of 2.0
//   symbols: "" first, once each,         in every test, as DecodeRequest fails otherwise; "the
//     references in range and in pairs    table of symbols ..." (tests/proto)
//   samples or histograms, not both       in every test, as DecodeRequest fails otherwise
//   exemplars have a time                 in every test, as DecodeRequest fails otherwise
//   headers of 1.0 after a fallback       "a fallback to 1.0 has the headers ..."
// SHOULD
//   __name__ there, unfit series left out "a series that would make a receiver refuse ..."
//   metadata, start times with a series   "2.0 carries metadata, start times ..."
//   2xx without Written headers is 415    "an answer without Written headers ..."
// MAY
//   415: fall back                        "a fallback to 1.0 ..."; 400: "415, 2xx without ..."
//   429: again; Retry-After               here; "a wish of Retry-After is honoured" (delivery)
//   what was not written                  "what a receiver of 2.0 did not write is counted"
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>
#include <snappy.h>

#include "sending.h"

namespace sluice::remotewrite::test {
namespace {

Message AnyMessage() { return GENERATE(Message::kV1, Message::kV2); }

DestinationConfig Speaking(Message message, const std::string& url) {
  DestinationConfig config = Config("a", url);
  config.protocol.message = message;
  return config;
}

// 2xx as a receiver of either version gives it.
ScriptedResponse Accepted(const std::string& body = "") {
  ScriptedResponse response = Respond(200, body);
  response.headers = {{"X-Prometheus-Remote-Write-Samples-Written", "1"}};
  return response;
}

// What arrived, by series, once the destination has got all of it.
std::map<std::string, ReceivedSeries> DeliverTo(LoopbackReceiver& receiver, Fixture& fixture) {
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  std::map<std::string, ReceivedSeries> all;
  for (const ScriptedRequest& request : receiver.server.requests()) {
    for (ReceivedSeries& series : DecodeRequest(request.body)) {
      ReceivedSeries& held = all[series.Text()];
      held.labels = series.labels;
      held.samples.insert(held.samples.end(), series.samples.begin(), series.samples.end());
    }
  }
  return all;
}

}  // namespace

TEST_CASE("a request is a POST of one snappy block, without a frame around it",
          "[remotewrite][net]") {
  const Message message = AnyMessage();
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest&) { return Accepted(); });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Speaking(message, receiver.server.Url("/w"))}).ok());
  fixture.AppendSome(1, 3);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  for (const ScriptedRequest& request : receiver.server.requests()) {
    CHECK(request.method == "POST");
    CHECK(request.target == "/w");
    CHECK(request.headers.at("content-encoding") == "snappy");
    CHECK(snappy::IsValidCompressedBuffer(request.body.data(), request.body.size()));
    CHECK(request.headers.at("user-agent") == "sluice/test");
    CHECK(IsV2(request.body) == (message == Message::kV2));
  }
}

TEST_CASE("every value and every time arrives bit for bit", "[remotewrite][net]") {
  const Message message = AnyMessage();
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest&) { return Accepted(); });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Speaking(message, receiver.server.Url())}).ok());
  using Limits = std::numeric_limits<double>;
  const std::vector<double> values = {0.0,
                                      -0.0,
                                      1.0 / 3,
                                      Limits::max(),
                                      Limits::denorm_min(),
                                      Limits::infinity(),
                                      -Limits::infinity(),
                                      std::bit_cast<double>(0x7ff8000000000001ULL)};
  std::vector<std::string> names;
  for (size_t i = 0; i < values.size(); ++i) names.push_back("m" + std::to_string(i));
  const TestTarget target = MakeTarget("t", 0, {names});
  const std::vector<TimestampMs> times = {-5'000'000'000'000, -1, 1, 1'700'000'000'123,
                                          253'402'300'799'999};
  for (const TimestampMs at : times) fixture.Append(target, {.timestamp_ms = at, .values = values});
  const auto all = DeliverTo(receiver, fixture);
  REQUIRE(all.size() == values.size());
  for (const auto& [text, series] : all) {
    CAPTURE(text);
    const size_t index = std::stoul(series.labels.at("__name__").substr(1));
    REQUIRE(series.samples.size() == times.size());
    for (size_t i = 0; i < times.size(); ++i) {
      CHECK(series.samples[i].timestamp_ms == times[i]);
      CHECK(series.samples[i].bits == std::bit_cast<uint64_t>(values[index]));
    }
  }
}

TEST_CASE("a series has all of its labels, with names and values of any text",
          "[remotewrite][net]") {
  const Message message = AnyMessage();
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest&) { return Accepted(); });
  Fixture fixture;
  DestinationConfig config = Speaking(message, receiver.server.Url());
  relabel::LabelsBuilder external;
  external.Set("cluster", "c");
  external.Set("instance", "not this one");
  external.Set("a", "");
  config.external_labels = external.Build();
  REQUIRE(fixture.destinations->Apply({config}).ok());
  TestTarget target = MakeTarget("t", 0, {{"x"}});
  const std::string long_value(100'000, 'v');
  target.layout = buffer::Layout::Of(
      {MakeChunk({{{"__name__", "dotted.name"}, {"Zulu", "z"}, {"\xc3\xa9", long_value}}})});
  fixture.Append(target, 1'000);
  const auto all = DeliverTo(receiver, fixture);
  REQUIRE(all.size() == 1);
  CHECK(all.begin()->second.labels ==
        std::map<std::string, std::string>{{"Zulu", "z"},
                                           {"__name__", "dotted.name"},
                                           {"cluster", "c"},
                                           {"instance", "t"},
                                           {"lane", "0"},
                                           {"\xc3\xa9", long_value}});
}

TEST_CASE("a stale marker has the bits of the specification, and no other NaN has them",
          "[remotewrite][net]") {
  const Message message = AnyMessage();
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest&) { return Accepted(); });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Speaking(message, receiver.server.Url())}).ok());
  const TestTarget target = MakeTarget("t", 0, {{"x"}});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  fixture.Append(target, {.timestamp_ms = 1'000, .values = {&nan, 1}});
  fixture.Append(target, {.kind = buffer::FrameKind::kStale, .timestamp_ms = 2'000});
  const auto all = DeliverTo(receiver, fixture);
  REQUIRE(all.size() == 1);
  const std::vector<ReceivedSample>& samples = all.begin()->second.samples;
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].bits != 0x7ff0000000000002ULL);
  CHECK(std::isnan(std::bit_cast<double>(samples[0].bits)));
  CHECK(samples[1].bits == 0x7ff0000000000002ULL);
  CHECK(samples[1].timestamp_ms == 2'000);
}

TEST_CASE("the body of an answer decides nothing", "[remotewrite][net]") {
  const Message message = AnyMessage();
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest&) {
    return Accepted("HTTP/1.1 500 error: out of order sample, retry later");
  });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Speaking(message, receiver.server.Url())}).ok());
  fixture.AppendSome(1, 1);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.server.request_count() == 1);
  CHECK(receiver.samples() == 3);
  receiver.Answer([](const ScriptedRequest&) { return Respond(503, "ok, accepted"); });
  fixture.AppendSome(1, 1);
  REQUIRE(receiver.server.WaitForRequests(4));
  CHECK_FALSE(fixture.IsDone("a"));
}

TEST_CASE("5xx, 408, 429 and no answer get the same request again, until it is accepted",
          "[remotewrite][net]") {
  const Message message = AnyMessage();
  const int status = GENERATE(500, 502, 503, 504, 599, 408, 429, 0);
  LoopbackReceiver receiver;
  std::atomic<int> failures = 3;
  receiver.Answer([&](const ScriptedRequest&) {
    if (failures-- <= 0) return Accepted();
    ScriptedResponse response = Respond(status == 0 ? 200 : status, "not now");
    if (status == 0) response.fault = Fault::kReset;
    return response;
  });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Speaking(message, receiver.server.Url())}).ok());
  fixture.AppendSome(1, 1);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  const std::vector<ScriptedRequest> seen = receiver.server.requests();
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].headers.count("retry-attempt") == 0);
  for (size_t i = 1; i < seen.size(); ++i) {
    CHECK(seen[i].body == seen[0].body);
    CHECK(seen[i].headers.at("retry-attempt") == std::to_string(i));
  }
  fixture.CheckLedger("a");
}

TEST_CASE("400, 409, 413 and 422 are not answered with the same samples again",
          "[remotewrite][net]") {
  const Message message = AnyMessage();
  const int status = GENERATE(400, 409, 413, 422);
  LoopbackReceiver receiver;
  std::map<std::string, int> sent;
  receiver.Answer([&](const ScriptedRequest& request) {
    const bool is_poison = LabelValues(request.body, "__name__").count("poison") > 0;
    if (is_poison) ++sent[request.body];
    return is_poison ? Respond(status, "no") : Accepted();
  });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Speaking(message, receiver.server.Url())}).ok());
  // So that 2.0 is known to be understood.
  fixture.Append(MakeTarget("t", 0, {{"good"}}), 1'000);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  fixture.Append(MakeTarget("t", 0, {{"poison", "good"}}), 2'000);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  for (const auto& [body, times] : sent) CHECK(times == 1);
  CHECK(fixture.DroppedOf("a", buffer::DropReason::kRejected) == 1);
  CHECK(receiver.samples() == 2);
  fixture.CheckLedger("a");
}

}  // namespace sluice::remotewrite::test
