#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "scrape/discovery/kubernetes/list_watch.h"
#include "scrape/discovery/kubernetes/object_store.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong{60'000};

std::string Pod(const std::string& name, const std::string& version) {
  return R"({"metadata": {"namespace": "ns", "name": ")" + name + R"(", "resourceVersion": ")" +
         version + R"("}})";
}

std::string Event(const std::string& type, const std::string& object) {
  return R"({"type": ")" + type + R"(", "object": )" + object + "}\n";
}

std::string Bookmark(const std::string& version, bool ends_listing = false) {
  const std::string annotations =
      ends_listing ? R"(, "annotations": {"k8s.io/initial-events-end": "true"})" : "";
  return Event("BOOKMARK",
               R"({"metadata": {"resourceVersion": ")" + version + "\"" + annotations + "}}");
}

HttpAnswer Answer(int status, const std::string& body = "") {
  HttpAnswer answer;
  answer.head.status = status;
  answer.body = body;
  answer.url = "http://api";
  return answer;
}

HttpAnswer Broken() {
  HttpAnswer answer = Answer(200);
  answer.status = Error{ErrorCode::kRetryable, "receive: reset"};
  return answer;
}

std::string Page(const std::vector<std::string>& objects, const std::string& version,
                 const std::string& next = "") {
  std::string items;
  for (const std::string& object : objects) items += (items.empty() ? "" : ",") + object;
  return R"({"metadata": {"resourceVersion": ")" + version + R"(", "continue": ")" + next +
         R"("}, "items": [)" + items + "]}";
}

// A machine and the copy that it keeps.
struct Fixture {
  Fixture() : machine({.kind = ApiKind::kPod}, 1) {}

  std::string Next() { return machine.Next().target; }

  bool Feed(const std::string& bytes) {
    const bool go_on = machine.OnBytes(bytes);
    Apply();
    return go_on;
  }

  milliseconds End(const HttpAnswer& answer, milliseconds lived = kLong) {
    const milliseconds pause = machine.OnEnd(answer, lived);
    Apply();
    return pause;
  }

  void Apply() {
    for (ApiChange& change : machine.TakeChanges()) {
      store.Apply(std::move(change), [&](const std::string& key, ObjectStore::Effect effect) {
        effects.push_back(key + " " + std::to_string(static_cast<int>(effect)));
      });
    }
  }

  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, object] : store.objects()) keys.push_back(key);
    return keys;
  }

  // Knows a and b, at version 10.
  void Watching() {
    Next();
    Feed(Event("ADDED", Pod("a", "3")) + Event("ADDED", Pod("b", "4")) + Bookmark("10", true));
  }

  ListWatch machine;
  ObjectStore store;
  std::vector<std::string> effects;
};

using Names = std::vector<std::string>;

TEST_CASE("objects are streamed from the beginning where that is offered", "[kubernetes_sd]") {
  Fixture f;
  const std::string target = f.Next();
  CHECK_THAT(target, Catch::StartsWith("/api/v1/pods?watch=1&allowWatchBookmarks=true") &&
                         Catch::Contains("sendInitialEvents=true") &&
                         Catch::Contains("resourceVersionMatch=NotOlderThan"));
  f.Feed(Event("ADDED", Pod("a", "3")));
  CHECK_FALSE(f.store.is_complete());
  f.Feed(Bookmark("10", true));
  CHECK(f.store.is_complete());
  CHECK(f.Keys() == Names{"ns/a"});
  f.Feed(Event("ADDED", Pod("b", "11")) + Event("DELETED", Pod("a", "12")));
  CHECK(f.Keys() == Names{"ns/b"});
  CHECK(f.machine.listings() == 1);
}

TEST_CASE("events may be cut anywhere", "[kubernetes_sd]") {
  const std::string stream = Event("ADDED", Pod("a", "3")) + "\r\n" + Bookmark("10", true) +
                             Event("ADDED", Pod("b", "11"));
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    Fixture f;
    f.Next();
    f.Feed(stream.substr(0, cut));
    f.Feed(stream.substr(cut));
    REQUIRE(f.Keys() == Names{"ns/a", "ns/b"});
  }
}

TEST_CASE("objects that are told again change nothing", "[kubernetes_sd]") {
  Fixture f;
  f.Watching();
  f.effects.clear();
  f.Feed(Event("ADDED", Pod("a", "3")) + Event("MODIFIED", Pod("b", "12")) +
         Event("DELETED", Pod("c", "13")));
  CHECK(f.effects.empty());
}

TEST_CASE("a server that does not offer streams is asked for pages", "[kubernetes_sd]") {
  const int status = GENERATE(400, 422, 200);
  Fixture f;
  f.Next();
  CHECK(f.End(Answer(status)).count() == 0);
  CHECK(f.machine.status().ok());
  CHECK(f.Next() == "/api/v1/pods?limit=500");
  CHECK(f.End(Answer(200, Page({Pod("a", "1")}, "7", "tok en"))).count() == 0);
  CHECK_FALSE(f.store.is_complete());
  CHECK(f.Next() == "/api/v1/pods?limit=500&continue=tok%20en");
  CHECK(f.End(Answer(200, Page({Pod("b", "2")}, "7"))).count() == 0);
  CHECK(f.store.is_complete());
  CHECK(f.Keys() == Names{"ns/a", "ns/b"});
  CHECK_THAT(f.Next(), Catch::Contains("watch=1") && Catch::Contains("&resourceVersion=7&") &&
                           !Catch::Contains("sendInitialEvents"));
  CHECK(f.machine.listings() == 1);
}

TEST_CASE("a watch that breaks goes on where it was", "[kubernetes_sd]") {
  Fixture f;
  f.Watching();
  f.Feed(Event("ADDED", Pod("c", "12")) + Event("ADDED", Pod("d", "13")).substr(0, 20));
  const milliseconds pause = f.End(Broken());
  CHECK(pause >= milliseconds(500));
  CHECK(pause <= milliseconds(1000));
  CHECK_FALSE(f.machine.status().ok());
  CHECK_THAT(f.Next(), Catch::Contains("&resourceVersion=12&"));
  CHECK(f.Keys() == Names{"ns/a", "ns/b", "ns/c"});
  // What came in half is told again in full.
  f.Feed(Event("ADDED", Pod("d", "13")) + Bookmark("20"));
  CHECK(f.Keys() == Names{"ns/a", "ns/b", "ns/c", "ns/d"});
  CHECK(f.End(Answer(200)) <= milliseconds(200));
  CHECK(f.machine.status().ok());
  CHECK_THAT(f.Next(), Catch::Contains("&resourceVersion=20&"));
  CHECK(f.machine.listings() == 1);
}

TEST_CASE("what the server no longer knows is asked for again, and stays until then",
          "[kubernetes_sd]") {
  const bool by_event = GENERATE(true, false);
  Fixture f;
  f.Watching();
  if (by_event) {
    CHECK_FALSE(f.Feed(Event("ERROR", R"({"kind": "Status", "code": 410, "message": "too old"})")));
    CHECK(f.End(Broken()).count() > 0);
    CHECK_THAT(f.machine.status().error().message, Catch::Contains("410: too old"));
  } else {
    f.End(Answer(200));
    f.Next();
    CHECK(f.End(Answer(410, R"({"message": "gone"})")).count() > 0);
    CHECK_THAT(f.machine.status().error().message,
               Catch::Contains("410") && Catch::Contains("gone"));
  }
  CHECK_THAT(f.Next(), Catch::Contains("sendInitialEvents=true"));
  CHECK(f.Keys() == Names{"ns/a", "ns/b"});
  f.effects.clear();
  f.Feed(Event("ADDED", Pod("b", "4")) + Event("ADDED", Pod("c", "30")));
  CHECK(f.Keys() == Names{"ns/a", "ns/b", "ns/c"});
  f.Feed(Bookmark("40", true));
  CHECK(f.Keys() == Names{"ns/b", "ns/c"});
  CHECK(f.effects == Names{"ns/c 1", "ns/a 3"});
  CHECK(f.machine.listings() == 2);
}

TEST_CASE("other errors of a watch do not cost a listing", "[kubernetes_sd]") {
  Fixture f;
  f.Watching();
  f.Feed(Event("ERROR", R"({"code": 500, "message": "etcd"})"));
  f.End(Broken());
  CHECK_THAT(f.Next(), Catch::Contains("&resourceVersion=10&"));
  CHECK(f.End(Answer(401)).count() > 0);
  CHECK_THAT(f.Next(), Catch::Contains("&resourceVersion=10&"));
  CHECK(f.machine.listings() == 1);
}

TEST_CASE("what breaks before it is complete begins anew", "[kubernetes_sd]") {
  Fixture f;
  f.Next();
  f.Feed(Event("ADDED", Pod("a", "3")));
  milliseconds last{0};
  for (int i = 0; i < 8; ++i) {
    last = f.End(Broken());
    CHECK_THAT(f.Next(), Catch::Contains("sendInitialEvents=true"));
    f.Feed(Event("ADDED", Pod("a", "3")));
  }
  // A server in trouble is not asked for everything every second.
  CHECK(last >= milliseconds(15'000));
  CHECK_FALSE(f.store.is_complete());
}

TEST_CASE("a page that does not arrive is asked for again, one that expired is not",
          "[kubernetes_sd]") {
  Fixture f;
  f.Next();
  f.End(Answer(422));
  f.Next();
  f.End(Answer(200, Page({Pod("a", "1")}, "7", "t")));
  f.Next();
  f.End(Broken());
  CHECK(f.Next() == "/api/v1/pods?limit=500&continue=t");
  f.End(Answer(410));
  // The next time in one piece, as the token would expire again.
  CHECK(f.Next() == "/api/v1/pods");
  f.End(Answer(200, Page({Pod("b", "2")}, "9")));
  CHECK(f.Keys() == Names{"ns/b"});
}

TEST_CASE("a stream that ends at once, again and again, is asked for ever less",
          "[kubernetes_sd]") {
  Fixture f;
  f.Watching();
  f.End(Answer(200));
  milliseconds last{0};
  for (int i = 0; i < 8; ++i) {
    f.Next();
    last = f.End(Answer(200), milliseconds(3));
  }
  CHECK(last >= milliseconds(15'000));
}

TEST_CASE("a server says when to ask again", "[kubernetes_sd]") {
  Fixture f;
  f.Next();
  HttpAnswer answer = Answer(429);
  answer.head.retry_after = "7";
  CHECK(f.End(answer) == milliseconds(7'000));
}

TEST_CASE("nonsense in a stream ends it, a bad object costs itself", "[kubernetes_sd]") {
  Fixture f;
  f.Watching();
  CHECK(f.Feed(Event("ADDED", "{}") + Event("WAT", "{}") + Event("ADDED", "[5]") +
               Event("ADDED", Pod("c", "12"))));
  CHECK(f.machine.TakeBadEntries().size() == 4);
  CHECK(f.Keys() == Names{"ns/a", "ns/b", "ns/c"});
  CHECK_FALSE(f.Feed("<html>\n" + Event("ADDED", Pod("d", "13"))));
  CHECK(f.Keys() == Names{"ns/a", "ns/b", "ns/c"});
  f.End(Broken());
  CHECK_THAT(f.machine.status().error().message, Catch::Contains("not valid JSON"));
  CHECK_THAT(f.Next(), Catch::Contains("&resourceVersion=12&"));
}

TEST_CASE("an event without an end is not collected for ever", "[kubernetes_sd]") {
  Fixture f;
  f.Watching();
  const std::string piece(1 << 20, ' ');
  size_t pieces = 0;
  while (f.Feed(piece)) ++pieces;
  CHECK(pieces == ListWatch::kEventBytesMax / piece.size());
}

TEST_CASE("a list that is no list is a failure", "[kubernetes_sd]") {
  Fixture f;
  f.Next();
  f.End(Answer(422));
  for (const std::string body :
       {"{", "[]", R"({"items": 5, "metadata": {"resourceVersion": "1"}})", R"({"items": []})"}) {
    f.Next();
    CHECK(f.End(Answer(200, body)).count() > 0);
    CHECK_FALSE(f.machine.status().ok());
    CHECK_FALSE(f.store.is_complete());
  }
}

TEST_CASE("selectors and namespaces narrow questions down", "[kubernetes_sd]") {
  ListWatch machine({.kind = ApiKind::kEndpointSlice,
                     .ns = "a b",
                     .label_selector = "x=1,y!=2",
                     .field_selector = "metadata.name=z"},
                    1);
  CHECK_THAT(machine.Next().target,
             Catch::StartsWith("/apis/discovery.k8s.io/v1/namespaces/a%20b/endpointslices?") &&
                 Catch::Contains("labelSelector=x%3D1%2Cy%21%3D2") &&
                 Catch::Contains("fieldSelector=metadata.name%3Dz"));
}

TEST_CASE("of owners and namespaces only the metadata is asked for", "[kubernetes_sd]") {
  ListWatch machine({.kind = ApiKind::kReplicaSet}, 1);
  CHECK_THAT(machine.Next().accept,
             Catch::StartsWith("application/json;as=PartialObjectMetadata;"));
  machine.OnEnd(Answer(422), kLong);
  CHECK_THAT(machine.Next().accept,
             Catch::StartsWith("application/json;as=PartialObjectMetadataList;"));
}

}  // namespace
}  // namespace sluice::scrape
