// The whole sending half against a receiver on the loopback interface, with the real log.
#include "remotewrite/destinations.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "proto/histogram_codec.h"
#include "sending.h"

namespace sluice::remotewrite::test {
namespace {

TEST_CASE("a dead destination does not hold up another one", "[remotewrite][net]") {
  LoopbackReceiver good;
  LoopbackReceiver dead;
  dead.server.GoDown();
  Fixture fixture;
  REQUIRE(fixture.destinations
              ->Apply({Config("good", good.server.Url("/write")),
                       Config("dead", dead.server.Url("/write"))})
              .ok());
  fixture.AppendSome(10, 20);
  REQUIRE(Eventually([&] { return fixture.IsDone("good"); }));
  CHECK(good.samples() == 600);
  CHECK(good.duplicates() == 0);
  CHECK(fixture.log->Progress("dead")->ledger.pending == 600);
  CHECK(Eventually([&] { return fixture.StatusOf("dead").state == DestinationState::kRetrying; }));
  CHECK_FALSE(fixture.StatusOf("dead").last_error.empty());

  dead.server.ComeUp();
  REQUIRE(Eventually([&] { return fixture.IsDone("dead"); }));
  CHECK(dead.samples() == 600);
  CHECK(fixture.StatusOf("dead").last_error.empty());
  fixture.CheckLedger("good");
  fixture.CheckLedger("dead");
}

TEST_CASE("destinations come around again and again, also those that nobody answers",
          "[remotewrite][net]") {
  LoopbackReceiver good;
  LoopbackReceiver dead;
  dead.server.GoDown();
  Fixture fixture;
  CHECK_FALSE(fixture.destinations->OldestPulse());
  REQUIRE(fixture.destinations
              ->Apply({Config("good", good.server.Url("/write")),
                       Config("dead", dead.server.Url("/write"))})
              .ok());
  fixture.AppendSome(10, 20);
  const auto first = fixture.destinations->OldestPulse();
  REQUIRE(first);
  CHECK((first->name == "good" || first->name == "dead"));
  // Both of them: it is the older one of the two that counts.
  REQUIRE(Eventually([&] { return fixture.destinations->OldestPulse()->at > first->at; }));
}

TEST_CASE("a request carries the headers of the specification and the configured ones",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  int requests = 0;
  receiver.Answer([&](const ScriptedRequest&) { return Respond(++requests == 1 ? 503 : 200); });
  Fixture fixture;
  DestinationConfig config = Config("a", receiver.server.Url("/api/v1/write?x=y"));
  config.headers = {{"X-Scope-OrgID", "tenant"}};
  REQUIRE(fixture.destinations->Apply({config}).ok());
  fixture.AppendSome(1, 1);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  const std::vector<ScriptedRequest> seen = receiver.server.requests();
  REQUIRE(seen.size() == 2);
  for (const ScriptedRequest& request : seen) {
    CHECK(request.method == "POST");
    CHECK(request.target == "/api/v1/write?x=y");
    CHECK(request.headers.at("content-type") == "application/x-protobuf");
    CHECK(request.headers.at("content-encoding") == "snappy");
    CHECK(request.headers.at("x-prometheus-remote-write-version") == "0.1.0");
    CHECK(request.headers.at("user-agent") == "sluice/test");
    CHECK(request.headers.at("x-scope-orgid") == "tenant");
  }
  CHECK(seen[0].headers.count("retry-attempt") == 0);
  CHECK(seen[1].headers.at("retry-attempt") == "1");
  CHECK(seen[0].body == seen[1].body);
}

TEST_CASE("whatever a receiver does to connections, everything arrives", "[remotewrite][net]") {
  const Fault fault =
      GENERATE(Fault::kClose, Fault::kReset, Fault::kCloseMidBody, Fault::kResetMidBody);
  CAPTURE(static_cast<int>(fault));
  LoopbackReceiver receiver;
  int requests = 0;
  receiver.Answer([&](const ScriptedRequest&) {
    ScriptedResponse response = Respond(500, "some words");
    if (++requests % 3 == 0) response = Respond(200);
    if (requests % 3 == 1) response.fault = fault;
    return response;
  });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Config("a", receiver.server.Url())}).ok());
  fixture.AppendSome(5, 20);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.samples() == 300);
  fixture.CheckLedger("a");
}

TEST_CASE("a stop is bounded though the receiver hangs, and nothing is skipped afterwards",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  int requests = 0;
  receiver.Answer([&](const ScriptedRequest&) {
    ScriptedResponse response = Respond(200);
    if (++requests == 4) response.fault = Fault::kHang;
    return response;
  });
  Fixture fixture;
  DestinationConfig config = Config("a", receiver.server.Url());
  config.queue.max_shards = 1;
  REQUIRE(fixture.destinations->Apply({config}).ok());
  fixture.AppendSome(1, 200);
  REQUIRE(receiver.server.WaitForRequests(4));
  const MonotonicTime before = fixture.clock.MonotonicNow();
  fixture.destinations->Stop(milliseconds(300));
  CHECK(fixture.clock.MonotonicNow() - before < seconds(60));
  CHECK(fixture.log->Progress("a")->ledger.acknowledged <= 90);
  fixture.CheckLedger("a");

  fixture.Close();
  fixture.Open();
  REQUIRE(fixture.destinations->Apply({config}).ok());
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.samples() == 600);
  CHECK(receiver.duplicates() <= 30);  // what was in flight
}

TEST_CASE("a stop with time to drain sends what is waiting for company", "[remotewrite][net]") {
  LoopbackReceiver receiver;
  Fixture fixture;
  DestinationConfig config = Config("a", receiver.server.Url());
  config.queue.batch_send_deadline = std::chrono::hours(1);
  REQUIRE(fixture.destinations->Apply({config}).ok());
  fixture.Append(MakeTarget("t", 1, {{"a"}}), fixture.clock.WallNowMs());
  fixture.destinations->Stop(seconds(30));
  CHECK(receiver.samples() == 1);
  CHECK(fixture.IsDone("a"));
}

TEST_CASE("each destination gets of histograms and exemplars what it asks for, and counts it",
          "[remotewrite][net]") {
  LoopbackReceiver all;
  LoopbackReceiver floats;
  Fixture fixture;
  DestinationConfig everything = Config("all", all.server.Url());
  everything.send = {.exemplars = true, .native_histograms = true};
  REQUIRE(fixture.destinations->Apply({everything, Config("floats", floats.server.Url())}).ok());
  proto::NativeHistogram native;
  std::string histogram;
  proto::AppendHistogram(native, histogram);
  native.schema = proto::kCustomBucketsSchema;
  std::string custom;
  proto::AppendHistogram(native, custom);
  const std::vector<double> values = {1, 0, 0};
  const std::vector<buffer::FrameHistogram> histograms = {{1, histogram}, {2, custom}};
  const std::vector<buffer::LabelView> labels = {{"trace_id", "abc"}};
  const std::vector<buffer::FrameExemplar> exemplars = {{0, 5, 1, labels}, {1, 5, 2, labels}};
  fixture.Append(MakeTarget("t", 1, {{"a", "b", "c"}}),
                 {.timestamp_ms = fixture.clock.WallNowMs() - 60'000,
                  .values = values,
                  .histograms = histograms,
                  .exemplars = exemplars});
  REQUIRE(Eventually([&] { return fixture.IsDone("all") && fixture.IsDone("floats"); }));
  CHECK(all.samples() == 2);
  CHECK(floats.samples() == 1);
  fixture.CheckLedger("all");
  fixture.CheckLedger("floats");
  const auto counts = [&](const std::string& name, const std::string& metric, int value) {
    return Eventually(
        [&] { return fixture.HasSeries(metric, "remote_name=\"" + name + "\"", value); });
  };
  CHECK(counts("all", "prometheus_remote_storage_samples_total", 1));
  CHECK(counts("all", "prometheus_remote_storage_histograms_total", 1));
  CHECK(counts("all", "prometheus_remote_storage_exemplars_total", 2));
  CHECK(counts("floats", "prometheus_remote_storage_samples_total", 1));
  CHECK(counts("floats", "prometheus_remote_storage_histograms_total", 0));
  CHECK(counts("floats", "prometheus_remote_storage_exemplars_total", 0));
  CHECK(fixture.DroppedOf("all", buffer::DropReason::kCustomBuckets) == 1);
  CHECK(fixture.DroppedOf("floats", buffer::DropReason::kNativeHistogram) == 2);
}

TEST_CASE("relabeling and external labels apply per destination", "[remotewrite][net]") {
  LoopbackReceiver receiver;
  Fixture fixture;
  DestinationConfig config = Config("a", receiver.server.Url());
  config.external_labels = {{"cluster", "x"}, {"instance", "mine"}};
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__name__"};
  rule.regex = "b";
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  config.write_relabel = *program;
  REQUIRE(fixture.destinations->Apply({config}).ok());
  fixture.AppendSome(2, 5);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.samples() == 20);
  for (const ScriptedRequest& request : receiver.server.requests()) {
    CHECK(LabelValues(request.body, "__name__") == std::set<std::string>{"a", "c"});
    CHECK(LabelValues(request.body, "cluster") == std::set<std::string>{"x"});
    CHECK(LabelValues(request.body, "instance").count("mine") == 0);
  }
  CHECK(fixture.log->Progress("a")->ledger.dropped[0] == 10);
  fixture.CheckLedger("a");
}

TEST_CASE("what a receiver refuses is logged with its words and one series", "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([&](const ScriptedRequest& request) {
    return LabelValues(request.body, "__name__").count("b") != 0 ? Respond(400, "not this one")
                                                                 : Respond(200);
  });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Config("a", receiver.server.Url())}).ok());
  fixture.AppendSome(4, 1);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(fixture.log->Progress("a")->ledger.dropped[1] == 4);
  CHECK(receiver.samples() == 8);
  CHECK(Eventually([&] {
    return fixture.sink->Count({"error ", "not this one", "__name__=\"b\"", "400"}) == 1;
  }));
}

TEST_CASE("requests that are not accepted are told of one by one, where that is wanted",
          "[remotewrite][net]") {
  const bool wanted = GENERATE(false, true);
  LoopbackReceiver receiver;
  std::atomic<int> requests = 0;
  receiver.Answer(
      [&](const ScriptedRequest&) { return requests++ < 2 ? Respond(503, "busy") : Respond(204); });
  Fixture fixture;
  DestinationConfig config = Config("a", receiver.server.Url());
  config.failed_request_logging = wanted;
  REQUIRE(fixture.destinations->Apply({config}).ok());
  fixture.AppendSome(1, 1);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  const std::vector<std::string> line = {"request failed", "status=503",   "answer=busy",
                                         "samples=3",      "protocol=1.0", "remote_name=a"};
  CHECK(fixture.sink->Count(line) == (wanted ? 2 : 0));
}

TEST_CASE("a refused login pauses, keeps the data, and is seen when it is mended",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest&) { return Respond(401, "who are you"); });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Config("a", receiver.server.Url())}).ok());
  fixture.AppendSome(4, 5);
  REQUIRE(Eventually([&] { return fixture.StatusOf("a").state == DestinationState::kPaused; }));
  CHECK(fixture.StatusOf("a").last_error == "HTTP 401: who are you");
  CHECK(fixture.log->Progress("a")->ledger.pending == 60);
  receiver.Answer([](const ScriptedRequest&) { return Respond(200); });
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.samples() == 60);
}

TEST_CASE("a redirect is not followed, as its answer would acknowledge nothing",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest& request) {
    if (request.method == "GET") return Respond(200);
    ScriptedResponse response = Respond(302);
    response.headers = {{"Location", "/elsewhere"}};
    return response;
  });
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Config("a", receiver.server.Url())}).ok());
  fixture.AppendSome(1, 1);
  REQUIRE(Eventually([&] { return fixture.StatusOf("a").state == DestinationState::kPaused; }));
  CHECK(fixture.log->Progress("a")->ledger.pending == 3);
}

TEST_CASE("a removed destination gets what is pending, and is forgotten then",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.server.GoDown();
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Config("a", receiver.server.Url())}).ok());
  fixture.AppendSome(3, 10);
  REQUIRE(fixture.destinations->Apply({}).ok());
  CHECK(fixture.StatusOf("a").leaving);
  // None of its business, whatever it has time for.
  fixture.AppendSome(3, 10);
  CHECK(fixture.log->Progress("a")->ledger.pending == 90);
  receiver.server.ComeUp();
  REQUIRE(Eventually([&] { return !fixture.log->Progress("a").has_value(); }));
  CHECK(receiver.samples() == 90);
  CHECK(Eventually([&] { return fixture.destinations->Snapshot().empty(); }));
  CHECK(Eventually([&] {
    return fixture.telemetry.ExposeText().find("remote_name=\"a\"") == std::string::npos;
  }));
}

TEST_CASE("a destination is listed once at any moment of a change", "[remotewrite][net]") {
  LoopbackReceiver dead;
  dead.server.GoDown();
  Fixture fixture;
  const DestinationConfig leaving = Config("leaving", dead.server.Url());
  DestinationConfig changing = Config("changing", dead.server.Url());
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  REQUIRE(fixture.destinations->Apply({leaving, changing}).ok());
  fixture.AppendSome(1, 1);
  std::jthread looker([&] {
    while (!done) {
      const std::vector<DestinationStatus> all = fixture.destinations->Snapshot();
      const auto count = [&](std::string_view name) {
        return std::count_if(all.begin(), all.end(),
                             [&](const auto& status) { return status.name == name; });
      };
      if (count("leaving") != 1 || count("changing") != 1) ++wrong;
    }
  });
  for (int round = 0; round < 10; ++round) {
    ++changing.queue.max_shards;
    changing.fingerprint = std::to_string(round);
    REQUIRE(fixture.destinations->Apply({changing}).ok());
    REQUIRE(fixture.destinations->Apply({leaving, changing}).ok());
    fixture.AppendSome(1, 1);  // so that it has something to wait for when it leaves again
  }
  done = true;
  looker.join();
  CHECK(wrong == 0);
}

TEST_CASE("a destination that is back while it leaves gets the rest in order, then what is new",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.server.GoDown();
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Config("a", receiver.server.Url())}).ok());
  fixture.AppendSome(3, 10);
  REQUIRE(fixture.destinations->Apply({}).ok());
  fixture.AppendSome(3, 10);
  REQUIRE(fixture.destinations->Apply({Config("a", receiver.server.Url())}).ok());
  CHECK_FALSE(fixture.StatusOf("a").leaving);
  fixture.AppendSome(3, 10);
  receiver.server.ComeUp();
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.samples() == 180);
  fixture.CheckLedger("a");
}

TEST_CASE("on_remove decides what becomes of a backlog", "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.server.GoDown();
  Fixture fixture;
  DestinationConfig kept = Config("kept", receiver.server.Url());
  kept.on_remove = OnRemove::kKeep;
  DestinationConfig dropped = Config("dropped", receiver.server.Url());
  dropped.on_remove = OnRemove::kDrop;
  REQUIRE(fixture.destinations->Apply({kept, dropped}).ok());
  fixture.AppendSome(3, 10);
  REQUIRE(fixture.destinations->Apply({}).ok());
  CHECK_FALSE(fixture.log->Progress("dropped").has_value());
  CHECK(fixture.sink->Count({"backlog dropped", "remote_name=dropped", "samples=90"}) == 1);
  fixture.AppendSome(3, 10);
  CHECK(fixture.log->Progress("kept")->ledger.pending == 180);
  CHECK(fixture.destinations->Snapshot().empty());
}

TEST_CASE("what is pending for a name that a start does not find is closed, and told of",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.server.GoDown();
  Fixture fixture;
  REQUIRE(fixture.destinations->Apply({Config("a", receiver.server.Url())}).ok());
  fixture.AppendSome(3, 10);
  fixture.Close();
  fixture.Open();
  REQUIRE(fixture.destinations->Apply({}).ok());
  CHECK(fixture.sink->Count({"not configured any more", "remote_name=a", "samples=90"}) == 1);
  fixture.AppendSome(3, 10);
  CHECK(fixture.log->Progress("a")->ledger.pending == 90);
}

TEST_CASE("a change of the configuration touches only what changed", "[remotewrite][net]") {
  LoopbackReceiver first;
  LoopbackReceiver second;
  LoopbackReceiver third;
  Fixture fixture;
  REQUIRE(fixture.destinations
              ->Apply({Config("a", first.server.Url()), Config("b", second.server.Url())})
              .ok());
  fixture.AppendSome(2, 5);
  REQUIRE(Eventually([&] { return fixture.IsDone("a") && fixture.IsDone("b"); }));

  // "a" stays, "b" moves, "c" is new.
  REQUIRE(fixture.destinations
              ->Apply({Config("c", second.server.Url()), Config("b", third.server.Url()),
                       Config("a", first.server.Url())})
              .ok());
  fixture.AppendSome(2, 7);
  REQUIRE(Eventually(
      [&] { return fixture.IsDone("a") && fixture.IsDone("b") && fixture.IsDone("c"); }));
  CHECK(first.server.connection_count() == 1);
  CHECK(third.samples() == 42);
  CHECK(fixture.log->Progress("c")->ledger.acknowledged == 42);
  CHECK(fixture.telemetry.ExposeText().find("remote_name=\"b\"") != std::string::npos);

  REQUIRE(fixture.destinations->Apply({Config("a", first.server.Url())}).ok());
  CHECK(Eventually([&] { return !fixture.log->Progress("b").has_value(); }));
  CHECK(Eventually([&] {
    return fixture.telemetry.ExposeText().find("remote_name=\"b\"") == std::string::npos;
  }));
  CHECK(fixture.telemetry.ExposeText().find("remote_name=\"a\"") != std::string::npos);
  CHECK(Eventually([&] { return fixture.destinations->Snapshot().size() == 1; }));

  const Status twice = fixture.destinations->Apply(
      {Config("a", first.server.Url()), Config("a", second.server.Url())});
  CHECK_FALSE(twice.ok());
  CHECK(fixture.destinations->Snapshot().size() == 1);
}

TEST_CASE("the metrics tell what was delivered, without credentials", "[remotewrite][net]") {
  LoopbackReceiver receiver;
  Fixture fixture;
  std::string url = receiver.server.Url("/w");
  url.insert(url.find("://") + 3, "me:secret@");
  REQUIRE(fixture.destinations->Apply({Config("a", url)}).ok());
  fixture.AppendSome(2, 5);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  fixture.destinations->Stop(milliseconds(0));
  const std::string text = fixture.telemetry.ExposeText();
  const std::string labels = "{remote_name=\"a\",url=\"" + receiver.server.Url("/w") + "\"} ";
  for (const std::string& line : {"prometheus_remote_storage_samples_total" + labels + "30",
                                  "prometheus_remote_storage_samples_pending" + labels + "0",
                                  "sluice_destination_acknowledged_samples_total" + labels + "30",
                                  "sluice_destination_appended_samples_total" + labels + "30",
                                  "prometheus_remote_storage_shards_max" + labels + "4"}) {
    CAPTURE(line, text);
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(text.find("secret") == std::string::npos);
  CHECK(fixture.StatusOf("a").url == receiver.server.Url("/w"));
  CHECK(fixture.sink->Count({"secret"}) == 0);
}

}  // namespace
}  // namespace sluice::remotewrite::test
