// What targets say of their metrics, sent apart from samples: only remote write 1.0 does that.
#include <catch2/catch.hpp>
#include <snappy.h>

#include "remote_write.pb.h"
#include "remotewrite/metadata_sender.h"
#include "sending.h"

namespace sluice::remotewrite::test {
namespace {

constexpr auto kCounter = buffer::MetricType::kCounter;
constexpr auto kGauge = buffer::MetricType::kGauge;

std::shared_ptr<const buffer::Chunk> ChunkOf(const std::vector<buffer::FamilyView>& families) {
  buffer::ChunkBuilder builder;
  for (const buffer::FamilyView& family : families) {
    builder.StartFamily(family);
    const buffer::LabelView name{"__name__", family.name};
    builder.AddSeries({&name, 1}, {});
  }
  return builder.Finish();
}

std::shared_ptr<const ChunkFamilies> FamiliesOf(const std::vector<buffer::FamilyView>& families) {
  return std::make_shared<const ChunkFamilies>(
      *buffer::DecodedChunk::Decode(ChunkOf(families)->stored));
}

// "name type help unit" of each, in the order of the request, which has nothing else in it.
std::vector<std::string> EntriesOf(const std::string& body) {
  std::string raw;
  prometheus::WriteRequest request;
  if (!snappy::Uncompress(body.data(), body.size(), &raw) || !request.ParseFromString(raw)) {
    FAIL("not a WriteRequest");
  }
  if (request.timeseries_size() > 0 && request.metadata_size() > 0) FAIL("metadata among series");
  std::vector<std::string> entries;
  for (const prometheus::MetricMetadata& each : request.metadata()) {
    entries.push_back(each.metric_family_name() + " " + std::to_string(each.type()) + " " +
                      each.help() + " " + each.unit());
  }
  return entries;
}

std::vector<std::string> NextOf(MetadataSender& sender) {
  const auto body = sender.Next();
  return body == nullptr ? std::vector<std::string>{"nothing"} : EntriesOf(*body);
}

using Texts = std::vector<std::string>;

constexpr MonotonicTime kStart{seconds(1000)};

}  // namespace

TEST_CASE("metadata is due after the first interval, and once in each", "[remotewrite]") {
  MetadataSender sender({}, kStart);
  CHECK_FALSE(sender.IsDue(kStart + seconds(59)));
  CHECK(sender.IsDue(kStart + seconds(60)));
  sender.Begin({}, kStart + seconds(61));
  CHECK(sender.Next() == nullptr);
  CHECK_FALSE(sender.IsDue(kStart + seconds(120)));
  CHECK(sender.IsDue(kStart + seconds(121)));
  MetadataSender never({.send = false}, kStart);
  CHECK_FALSE(never.IsDue(kStart + seconds(1'000'000)));
}

TEST_CASE("entries that are equal in all they say are one, others are not", "[remotewrite]") {
  MetadataSender sender({}, kStart);
  sender.Begin({FamiliesOf({{"b", kGauge, "Help.", "bytes"}, {"a_total", kCounter, "A.", ""}}),
                FamiliesOf({{"a_total", kCounter, "A.", ""}, {"a_total", kCounter, "Other.", ""}})},
               kStart);
  CHECK(NextOf(sender) == Texts{"a_total 1 A. ", "a_total 1 Other. ", "b 2 Help. bytes"});
}

TEST_CASE("families of which nothing is said, or no text, are not sent", "[remotewrite]") {
  const auto families = FamiliesOf({{"silent", buffer::MetricType::kUnknown, "", ""},
                                    {"bad", kGauge, "\xff", ""},
                                    {"unit", buffer::MetricType::kUnknown, "", "s"}});
  REQUIRE(families->all().size() == 1);
  CHECK(families->all()[0].name == "unit");
}

TEST_CASE("metadata goes in batches, one after another", "[remotewrite]") {
  MetadataSender sender({.max_samples_per_send = 2}, kStart);
  sender.Begin(
      {FamiliesOf({{"a", kGauge, "A", ""}, {"b", kGauge, "B", ""}, {"c", kGauge, "C", ""}})},
      kStart);
  CHECK(NextOf(sender) == Texts{"a 2 A ", "b 2 B "});
  CHECK(NextOf(sender) == Texts{"nothing"});  // one is on its way
  sender.OnAnswer(204);
  CHECK(NextOf(sender) == Texts{"c 2 C "});
  CHECK_FALSE(sender.IsDue(kStart + seconds(100)));
  sender.OnAnswer(200);
  CHECK(NextOf(sender) == Texts{"nothing"});
  CHECK(sender.IsDue(kStart + seconds(100)));
  CHECK(sender.accepted() == 3);
  CHECK(sender.failed() == 0);
}

TEST_CASE("a batch that fails ends its round, and the next one has it all", "[remotewrite]") {
  for (const int status : {0, 400, 429, 500}) {
    MetadataSender sender({.max_samples_per_send = 1}, kStart);
    const auto families = FamiliesOf({{"a", kGauge, "A", ""}, {"b", kGauge, "B", ""}});
    sender.Begin({families}, kStart);
    CHECK(NextOf(sender) == Texts{"a 2 A "});
    sender.OnAnswer(status);
    CHECK(NextOf(sender) == Texts{"nothing"});
    CHECK(sender.failed() == 2);
    CHECK(sender.IsDue(kStart + seconds(60)));
    sender.Begin({families}, kStart + seconds(60));
    CHECK(NextOf(sender) == Texts{"a 2 A "});
  }
}

TEST_CASE("a request of metadata has a bound in bytes, too", "[remotewrite]") {
  MetadataSender sender({}, kStart);
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back(std::to_string(100 + i) + std::string(60'000, 'x'));
  std::vector<buffer::FamilyView> views;
  for (const std::string& text : texts) views.push_back({"n", kGauge, text, ""});
  sender.Begin({FamiliesOf(views)}, kStart);
  size_t requests = 0;
  for (; sender.Next() != nullptr; ++requests) sender.OnAnswer(204);
  CHECK(requests == 6);
  CHECK(sender.accepted() == 100);
}

TEST_CASE("families are known for as long as their chunk is in use, once for all targets",
          "[remotewrite]") {
  FamilyBook book;
  const auto chunk = ChunkOf({{"a", kGauge, "A", ""}});
  const auto decoded = buffer::DecodedChunk::Decode(chunk->stored);
  auto first = book.Learn(chunk->id, *decoded);
  auto second = book.Learn(chunk->id, *decoded);
  CHECK(first == second);
  CHECK(book.Current().size() == 1);
  first.reset();
  CHECK(book.Current().size() == 1);
  second.reset();
  CHECK(book.Current().empty());
  const auto silent = ChunkOf({{"a", buffer::MetricType::kUnknown, "", ""}});
  CHECK(book.Learn(silent->id, *buffer::DecodedChunk::Decode(silent->stored)) == nullptr);
}

TEST_CASE("chunks of other series under the same families share what is said of these",
          "[remotewrite]") {
  FamilyBook book;
  const auto learn = [&book](const std::string& device, std::string_view help) {
    buffer::ChunkBuilder builder;
    builder.StartFamily({.name = "a", .type = kGauge, .help = help, .unit = ""});
    const std::vector<buffer::LabelView> labels = {{"__name__", "a"}, {"device", device}};
    builder.AddSeries(labels, {});
    const auto chunk = builder.Finish();
    return book.Learn(chunk->id, *buffer::DecodedChunk::Decode(chunk->stored));
  };
  auto first = learn("x", "A");
  auto second = learn("y", "A");
  const auto other = learn("x", "B");
  CHECK(first == second);
  CHECK(first != other);
  CHECK(book.Current().size() == 2);
  first.reset();
  CHECK(learn("z", "A") == second);
  second.reset();
  CHECK(book.Current() == std::vector{other});
}

TEST_CASE("families beyond the bound are not learned until there is room", "[remotewrite]") {
  FamilyBook book;
  const std::string help(60'000, 'x');
  std::vector<std::shared_ptr<const ChunkFamilies>> held;
  size_t bytes = 0;
  for (int i = 0;; ++i) {
    const std::string name = "m" + std::to_string(i);
    const auto chunk = ChunkOf({{name, kGauge, help, ""}});
    auto families = book.Learn(chunk->id, *buffer::DecodedChunk::Decode(chunk->stored));
    if (families == nullptr) break;
    bytes += families->memory_bytes();
    held.push_back(std::move(families));
    REQUIRE(held.size() < 1000);
  }
  CHECK(bytes >= FamilyBook::kBytesMax);
  CHECK(bytes < FamilyBook::kBytesMax + (1 << 20));
  held.clear();
  const auto chunk = ChunkOf({{"more", kGauge, help, ""}});
  CHECK(book.Learn(chunk->id, *buffer::DecodedChunk::Decode(chunk->stored)) != nullptr);
}

TEST_CASE("a destination sends metadata of what it delivers, beside the samples",
          "[remotewrite][net]") {
  LoopbackReceiver receiver;
  Fixture fixture;
  DestinationConfig config = Config("a", receiver.server.Url());
  config.metadata.send_interval = milliseconds(10);
  REQUIRE(fixture.destinations->Apply({config}).ok());
  TestTarget target = MakeTarget("t", 0, {{"x"}});
  target.layout = buffer::Layout::Of({ChunkOf({{"up_total", kCounter, "How often.", ""}})});
  fixture.Append(target, 1'000);
  std::vector<std::string> entries;
  REQUIRE(Eventually([&] {
    for (const ScriptedRequest& request : receiver.server.requests()) {
      if (request.headers.count("x-prometheus-remote-write-version") == 0) continue;
      entries = EntriesOf(request.body);
      if (!entries.empty()) return true;
    }
    return false;
  }));
  CHECK(entries == Texts{"up_total 1 How often. "});
  CHECK(Eventually(
      [&] { return !fixture.HasSeries("prometheus_remote_storage_metadata_total", "a", 0); }));
  CHECK(fixture.HasSeries("prometheus_remote_storage_metadata_failed_total", "a", 0));
}

TEST_CASE("metadata that is refused does not concern the samples", "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest& request) {
    return EntriesOf(request.body).empty() ? Respond(204) : Respond(401, "no metadata here");
  });
  Fixture fixture;
  DestinationConfig config = Config("a", receiver.server.Url());
  config.protocol.compression = ProtocolConfig::CompressionChoice::kSnappy;
  config.metadata.send_interval = milliseconds(10);
  REQUIRE(fixture.destinations->Apply({config}).ok());
  TestTarget target = MakeTarget("t", 0, {{"x"}});
  target.layout = buffer::Layout::Of({ChunkOf({{"up_total", kCounter, "How often.", ""}})});
  fixture.Append(target, 1'000);
  REQUIRE(Eventually([&] { return fixture.sink->Count({"metadata not accepted", "401"}) == 1; }));
  fixture.Append(target, 2'000);
  REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  CHECK(receiver.samples() == 2);
  CHECK(fixture.StatusOf("a").state != DestinationState::kPaused);
  CHECK(fixture.StatusOf("a").last_error.empty());
}

TEST_CASE("a receiver that understands 2.0 gets no metadata apart", "[remotewrite][net]") {
  LoopbackReceiver receiver;
  receiver.Answer([](const ScriptedRequest&) {
    ScriptedResponse response = Respond(204);
    response.headers = {{"X-Prometheus-Remote-Write-Samples-Written", "1"}};
    return response;
  });
  Fixture fixture;
  DestinationConfig config = Config("a", receiver.server.Url());
  config.protocol.message = Message::kV2;
  config.metadata.send_interval = milliseconds(1);
  REQUIRE(fixture.destinations->Apply({config}).ok());
  TestTarget target = MakeTarget("t", 0, {{"x"}});
  target.layout = buffer::Layout::Of({ChunkOf({{"up_total", kCounter, "How often.", ""}})});
  for (int i = 1; i <= 20; ++i) {
    fixture.Append(target, i * 1'000);
    REQUIRE(Eventually([&] { return fixture.IsDone("a"); }));
  }
  for (const ScriptedRequest& request : receiver.server.requests()) CHECK(IsV2(request.body));
}

}  // namespace sluice::remotewrite::test
