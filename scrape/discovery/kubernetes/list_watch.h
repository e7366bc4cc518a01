// How a copy of the objects of a resource is kept up to date: what to ask the API server, and what
// its answers mean. A pure state machine, without clock, thread or socket.
//
// Objects are streamed from the beginning (WatchList) where the server offers that; elsewhere they
// are listed in pages and then watched. A watch that breaks goes on where it was. Only when the
// server no longer knows that place (410) is everything asked for again; what is known stays until
// that is complete.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scrape/discovery/discovery_loop.h"
#include "scrape/discovery/kubernetes/api_object.h"
#include "scrape/discovery/kubernetes/api_resource.h"
#include "scrape/discovery/refresh_schedule.h"

namespace sluice::scrape {

// What is to be done to the copy.
struct ApiChange {
  enum class Type {
    kBegin,     // all objects follow
    kPut,       // an object is new or has changed, or is only told again
    kDelete,    // an object is gone
    kComplete,  // what was not put since kBegin is gone
  };

  Type type = Type::kBegin;
  std::string key = {};   // of kPut and kDelete
  std::string text = {};  // of kPut
};

// Thread-compatible.
class ListWatch {
 public:
  // One event of a watch; the API server does not store larger objects than a tenth of that.
  static constexpr size_t kEventBytesMax = size_t{16} << 20;
  static constexpr size_t kPagesMax = 10'000;

  ListWatch(ApiResource resource, uint64_t seed);

  struct Question {
    std::string target;  // path and query
    std::string accept;
    // Of a stream: the server ends it after about `timeout`. Else there is one answer.
    bool is_stream = false;
    std::chrono::seconds timeout{0};
  };

  // What to ask next. Begins a new answer.
  Question Next();

  // A piece of a stream. False when the stream is no good any more.
  bool OnBytes(std::string_view bytes);

  // The end of an answer: how long to wait before the next question. `lived` is for how long it
  // was coming in.
  std::chrono::milliseconds OnEnd(const HttpAnswer& answer, std::chrono::milliseconds lived);

  // What the answers brought since the last call, in order.
  std::vector<ApiChange> TakeChanges();
  std::vector<std::string> TakeBadEntries();

  // Why the last answer was of no use; ok when it was.
  const Status& status() const { return status_; }

  // How often everything had to be asked for.
  uint64_t listings() const { return listings_; }

 private:
  enum class Phase { kFirstStream, kList, kWatch };

  void StartOver();
  std::string ListQuery() const;
  std::string StreamQuery(std::chrono::seconds timeout) const;
  void OnLine(std::string_view line);
  void OnObject(std::string_view type, const JsonView& object);
  void OnBookmark(const JsonView& object);
  void OnErrorEvent(const JsonView& error);
  void Put(const JsonView& object, bool deleted);
  Status TakePage(const std::string& body);
  Status Judge(const HttpAnswer& answer);
  bool IsStreamRefused(const HttpAnswer& answer) const;

  const ApiResource resource_;
  std::mt19937_64 random_;
  RefreshSchedule retries_;

  Phase phase_ = Phase::kFirstStream;
  bool stream_is_offered_ = true;
  bool pages_are_offered_ = true;
  std::string version_;         // where a watch goes on
  std::string continue_token_;  // of a list
  size_t pages_ = 0;
  std::string rest_;        // of a line that is not there in full yet
  bool any_event_ = false;  // in this answer
  bool expired_ = false;    // the server does not know `version_` any more
  std::optional<Error> event_error_;
  Status status_;
  uint64_t listings_ = 0;
  std::vector<ApiChange> changes_;
  std::vector<std::string> bad_entries_;
};

}  // namespace sluice::scrape
