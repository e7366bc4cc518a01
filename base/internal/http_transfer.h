// One transfer of an HttpLoop: its libcurl easy handle and the callbacks that feed its handler.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "base/gzip.h"
#include "base/http_loop.h"

namespace sluice::internal {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// All heads of a transfer together, redirects included.
inline constexpr size_t kHttpHeadBytesMax = 64 * 1024;

inline constexpr size_t kHttpUrlBytesMax = 64 * 1024;

// Why a request cannot be sent at all, if so: URL, method or headers that are not HTTP.
Status CheckHttpRequest(const HttpRequest& request);

// The part of a URL that decides about the connection: "http://host:port". Never fails.
std::string_view UrlOrigin(std::string_view url);

// Bound to the thread of its loop. Its address is known to libcurl: it never moves.
class HttpTransfer {
 public:
  // `scratch` is where bodies are decompressed to; shared by all transfers of the loop.
  HttpTransfer(uint64_t id, HttpRequest request, HttpHandler& handler, std::span<char> scratch);
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Takes a fresh or reset handle and prepares it for the request.
  void Attach(EasyHandle easy, const std::string& user_agent);

  // Gives the handle back, reset. Only when it is in no multi handle.
  EasyHandle Detach();

  CURL* easy() const { return easy_.get(); }

  uint64_t id() const { return id_; }

  const HttpRequest& request() const { return request_; }

  // Null once cancelled: then no callback reaches the handler any more.
  HttpHandler* handler() const { return handler_; }

  void Abandon() { handler_ = nullptr; }

  // Hands on a head that no body followed. After success, before Outcome().
  void FinishHead();

  // What became of the transfer, when libcurl says that it ended with `code`.
  HttpOutcome Outcome(CURLcode code);

 private:
  enum class Stop { kNone, kByHandler, kBadGzip, kHeadTooLarge };

  static size_t OnHeaderLine(char* data, size_t size, size_t count, void* self);
  static size_t OnBodyBytes(char* data, size_t size, size_t count, void* self);

  bool TakeHeaderLine(std::string_view line);
  bool TakeBody(std::string_view bytes);
  bool GiveHead();
  bool GiveBody(std::string_view bytes);
  bool WillRedirect() const;
  void SetMethodAndBody();
  void SetHeaders();
  Status EndStatus(CURLcode code);

  const uint64_t id_;
  const HttpRequest request_;
  HttpHandler* handler_;
  const std::span<char> scratch_;

  EasyHandle easy_;
  std::unique_ptr<curl_slist, SlistDeleter> header_list_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  HttpResponseHead head_;
  size_t head_bytes_ = 0;
  bool head_given_ = false;
  bool gzip_body_ = false;
  std::unique_ptr<GunzipStream> gunzip_;
  uint64_t wire_bytes_ = 0;
  Stop stop_ = Stop::kNone;
};

}  // namespace sluice::internal
