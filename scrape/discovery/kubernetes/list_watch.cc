#include "scrape/discovery/kubernetes/list_watch.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kPageObjects = 500;
constexpr int kGone = 410;
constexpr seconds kListTimeout{60};
// As client-go: watches of many agents end at different times.
constexpr seconds kWatchLeast{300};
constexpr seconds kWatchMost{600};
constexpr milliseconds kLongestRetry{30'000};
constexpr milliseconds kLongestRetryAfter{120'000};
// A stream that ends sooner without a word is a failure: asking again at once would spin.
constexpr milliseconds kShortLife{5'000};
constexpr milliseconds kPauseAfterStream{200};
// What servers say that do not know WatchList: before 1.27 they take it for a mistake.
constexpr std::array kStreamRefusals = {400, 405, 406, 415, 422, 501};

std::string StatusMessage(const HttpAnswer& answer) {
  const Status status = RequireStatus(answer, 200);
  std::string message = status.ok() ? "" : status.error().message;
  const auto json = JsonDocument::Parse(answer.body);
  if (!json.ok()) return message;
  const std::string_view detail = (*json)->root()["message"].Text();
  if (!detail.empty()) message.append(": ").append(detail);
  return message;
}

milliseconds RetryAfter(const HttpAnswer& answer) {
  if (!answer.head.retry_after) return milliseconds(0);
  int64_t wanted = 0;
  const std::string& text = *answer.head.retry_after;
  if (std::from_chars(text.data(), text.data() + text.size(), wanted).ec != std::errc()) {
    return milliseconds(0);
  }
  return std::clamp(milliseconds(std::min<int64_t>(wanted, 1'000) * 1'000), milliseconds(0),
                    kLongestRetryAfter);
}

}  // namespace

ListWatch::ListWatch(ApiResource resource, uint64_t seed)
    : resource_(std::move(resource)), random_(seed), retries_(kLongestRetry, seed) {}

ListWatch::Question ListWatch::Next() {
  rest_.clear();
  any_event_ = false;
  expired_ = false;
  event_error_.reset();
  Question question;
  question.is_stream = phase_ != Phase::kList;
  question.accept = resource_.Accept(!question.is_stream);
  if (question.is_stream) {
    std::uniform_int_distribution<int64_t> draw(kWatchLeast.count(), kWatchMost.count());
    question.timeout = seconds(draw(random_));
    question.target = resource_.Path() + StreamQuery(question.timeout);
  } else {
    question.timeout = kListTimeout;
    question.target = resource_.Path() + ListQuery();
  }
  const bool asks_for_all =
      phase_ == Phase::kFirstStream || (phase_ == Phase::kList && continue_token_.empty());
  if (asks_for_all) {
    ++listings_;
    changes_.push_back({ApiChange::Type::kBegin});
  }
  return question;
}

std::string ListWatch::ListQuery() const {
  UrlQuery query;
  resource_.AddSelectors(query);
  if (pages_are_offered_) query.Add("limit", std::to_string(kPageObjects));
  if (!continue_token_.empty()) query.Add("continue", continue_token_);
  return query.Text();
}

std::string ListWatch::StreamQuery(seconds timeout) const {
  UrlQuery query;
  query.Add("watch", "1");
  query.Add("allowWatchBookmarks", "true");
  resource_.AddSelectors(query);
  if (phase_ == Phase::kFirstStream) {
    query.Add("sendInitialEvents", "true");
    query.Add("resourceVersionMatch", "NotOlderThan");
  } else {
    query.Add("resourceVersion", version_);
  }
  query.Add("timeoutSeconds", std::to_string(timeout.count()));
  return query.Text();
}

bool ListWatch::OnBytes(std::string_view bytes) {
  while (!bytes.empty() && !event_error_) {
    const size_t end = bytes.find('\n');
    if (rest_.size() + std::min(end, bytes.size()) > kEventBytesMax) {
      event_error_ = Error{ErrorCode::kResourceExhausted,
                           "an event is larger than " + std::to_string(kEventBytesMax) + " bytes"};
      break;
    }
    if (end == std::string_view::npos) {
      rest_ += bytes;
      break;
    }
    if (rest_.empty()) {
      OnLine(bytes.substr(0, end));
    } else {
      rest_ += bytes.substr(0, end);
      OnLine(std::exchange(rest_, {}));
    }
    bytes.remove_prefix(end + 1);
  }
  return !event_error_;
}

void ListWatch::OnLine(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  const auto json = JsonDocument::Parse(line);
  if (!json.ok()) {
    event_error_ = json.error().WithContext("an event of the watch");
    return;
  }
  const JsonView event = (*json)->root();
  const std::string_view type = event["type"].Text();
  OnObject(type, event["object"]);
  if (auto mismatch = (*json)->TakeMismatch()) bad_entries_.push_back(*mismatch);
}

void ListWatch::OnObject(std::string_view type, const JsonView& object) {
  if (type == "ERROR") return OnErrorEvent(object);
  any_event_ = true;
  if (type == "BOOKMARK") return OnBookmark(object);
  if (type == "ADDED" || type == "MODIFIED") return Put(object, /*deleted=*/false);
  if (type == "DELETED") return Put(object, /*deleted=*/true);
  bad_entries_.push_back("an event of the unknown type \"" + std::string(type.substr(0, 40)) +
                         "\"");
}

void ListWatch::OnBookmark(const JsonView& object) {
  const JsonView metadata = object["metadata"];
  const std::string_view version = metadata["resourceVersion"].Text();
  if (!version.empty()) version_ = version;
  const bool ends_listing = metadata["annotations"]["k8s.io/initial-events-end"].Text() == "true";
  if (phase_ != Phase::kFirstStream || !ends_listing) return;
  phase_ = Phase::kWatch;
  changes_.push_back({ApiChange::Type::kComplete});
}

void ListWatch::OnErrorEvent(const JsonView& error) {
  const int64_t code = error["code"].Integer();
  expired_ = code == kGone;
  event_error_ =
      Error{ErrorCode::kRetryable, "the watch ended with the error " + std::to_string(code) + ": " +
                                       std::string(error["message"].Text())};
}

void ListWatch::Put(const JsonView& object, bool deleted) {
  Result<ApiObject> read = ReadApiObject(resource_, object);
  if (!read.ok()) {
    bad_entries_.push_back(read.error().message);
    return;
  }
  // Before the end of the first events there is no place to go on from.
  if (phase_ == Phase::kWatch && !read->version.empty()) version_ = std::move(read->version);
  const bool is_gone = deleted || !read->is_wanted;
  changes_.push_back({.type = is_gone ? ApiChange::Type::kDelete : ApiChange::Type::kPut,
                      .key = std::move(read->key),
                      .text = is_gone ? "" : std::move(read->text)});
}

Status ListWatch::TakePage(const std::string& body) {
  const auto json = JsonDocument::Parse(body);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  const std::vector<JsonView> items = root["items"].Items();
  const std::string version(root["metadata"]["resourceVersion"].Text());
  const std::string next(root["metadata"]["continue"].Text());
  if (auto mismatch = (*json)->TakeMismatch()) return InvalidInput(*mismatch);
  if (version.empty()) return InvalidInput("a list without a resourceVersion");
  for (const JsonView& item : items) {
    Put(item, /*deleted=*/false);
    if (auto mismatch = (*json)->TakeMismatch()) bad_entries_.push_back(*mismatch);
  }
  continue_token_ = next;
  version_ = version;
  if (!next.empty() && ++pages_ >= kPagesMax) {
    return Error{ErrorCode::kResourceExhausted,
                 "more than " + std::to_string(kPagesMax) + " pages"};
  }
  if (!next.empty()) return Status::Ok();
  phase_ = Phase::kWatch;
  changes_.push_back({ApiChange::Type::kComplete});
  return Status::Ok();
}

Status ListWatch::Judge(const HttpAnswer& answer) {
  if (event_error_) return event_error_->WithContext(answer.url);
  if (!answer.status.ok()) return answer.status.error().WithContext(answer.url);
  if (answer.head.status != 200) {
    expired_ = answer.head.status == kGone;
    return Error{ErrorCode::kRetryable, StatusMessage(answer)};
  }
  if (phase_ != Phase::kList) return Status::Ok();
  if (Status status = TakePage(answer.body); !status.ok()) {
    return status.error().WithContext(answer.url);
  }
  return Status::Ok();
}

bool ListWatch::IsStreamRefused(const HttpAnswer& answer) const {
  if (phase_ != Phase::kFirstStream || event_error_ || !answer.status.ok()) return false;
  // A server that ends such a stream in order before it is complete does not know of it, either.
  return answer.head.status == 200 || std::find(kStreamRefusals.begin(), kStreamRefusals.end(),
                                                answer.head.status) != kStreamRefusals.end();
}

void ListWatch::StartOver() {
  // The token of a list may expire before the last page, again and again.
  if (expired_ && !continue_token_.empty()) pages_are_offered_ = false;
  phase_ = stream_is_offered_ ? Phase::kFirstStream : Phase::kList;
  version_.clear();
  continue_token_.clear();
  pages_ = 0;
}

milliseconds ListWatch::OnEnd(const HttpAnswer& answer, milliseconds lived) {
  if (IsStreamRefused(answer)) {
    stream_is_offered_ = false;
    status_ = Status::Ok();
    --listings_;
    StartOver();
    return milliseconds(0);
  }
  const bool was_stream = phase_ != Phase::kList;
  status_ = Judge(answer);
  const bool was_of_use = phase_ == Phase::kWatch && (any_event_ || lived >= kShortLife);
  if (!status_.ok()) {
    // A page that did not arrive is asked for again.
    const bool is_lost = status_.error().code == ErrorCode::kInvalidInput ||
                         status_.error().code == ErrorCode::kResourceExhausted;
    if (was_stream && was_of_use) retries_.AfterSuccess();  // the first failure in a row
    if (expired_ || phase_ == Phase::kFirstStream || (!was_stream && is_lost)) StartOver();
    return std::max(retries_.AfterFailure(), RetryAfter(answer));
  }
  if (!was_stream) {
    retries_.AfterSuccess();
    return milliseconds(0);
  }
  if (!was_of_use) return retries_.AfterFailure();
  retries_.AfterSuccess();
  return milliseconds(
      std::uniform_int_distribution<int64_t>(0, kPauseAfterStream.count())(random_));
}

std::vector<ApiChange> ListWatch::TakeChanges() { return std::exchange(changes_, {}); }

std::vector<std::string> ListWatch::TakeBadEntries() { return std::exchange(bad_entries_, {}); }

}  // namespace sluice::scrape
