// One transfer of an HttpLoop: its libcurl easy handle and the callbacks that feed its handler.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "base/gzip.h"
#include "base/http_loop.h"
#include "base/internal/credential_source.h"
#include "base/internal/transfer_options.h"

namespace sluice::internal {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

// All heads of a transfer together, redirects included.
inline constexpr size_t kHttpHeadBytesMax = 256 * 1024;

inline constexpr size_t kHttpUrlBytesMax = 64 * 1024;

// Why a request cannot be sent at all, if so: URL, method or headers that are not HTTP.
Status CheckHttpRequest(const HttpRequest& request);

// The part of a URL that decides about the connection: "http://host:port". Never fails.
std::string_view UrlOrigin(std::string_view url);

// Bound to the thread of its loop. Its address is known to libcurl: it never moves.
//
// A transfer is one hop, or several: after a redirect, or when its credentials were refused, it is
// taken out of libcurl and put in again with what the next hop needs.
class HttpTransfer {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // `scratch` is where bodies are decompressed to; shared by all transfers of the loop.
  HttpTransfer(uint64_t id, HttpRequest request, HttpHandler& handler, std::span<char> scratch);
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Checks the request and reads its credentials; the time for it runs from `now` on. Does nothing
  // before a further hop.
  Status Prepare(SteadyTime now);

  // After Prepare().
  SteadyTime deadline() const { return *deadline_; }

  // Whether SetCredentials() must come before Attach().
  bool NeedsCredentials() const;
  void SetCredentials(std::shared_ptr<const Credentials> credentials,
                      std::shared_ptr<CredentialSource> source);

  // After Prepare(); only with a client.
  const ResolvedHttpClient& resolved() const { return *resolved_; }

  // Takes a fresh or reset handle and prepares it for the hop. The handle is taken in any case.
  Status Attach(EasyHandle easy, const std::string& user_agent, SteadyTime now);

  // Gives the handle back, reset. Only when it is in no multi handle.
  EasyHandle Detach();

  CURL* easy() const { return easy_.get(); }

  uint64_t id() const { return id_; }

  const HttpRequest& request() const { return request_; }

  // Of this hop.
  const std::string& url() const { return url_; }

  // Null once cancelled: then no callback reaches the handler any more.
  HttpHandler* handler() const { return handler_; }

  void Abandon() { handler_ = nullptr; }

  // Hands on a head that no body followed. After success, before Outcome().
  void FinishHead();

  // Whether there is another hop, when libcurl says that this one ended with `code`; then Next()
  // makes it the current one, or says why it cannot.
  bool HasNext(CURLcode code) const;
  Status Next();

  // What became of the transfer, when libcurl says that it ended with `code`.
  HttpOutcome Outcome(CURLcode code);

 private:
  enum class Stop { kNone, kByHandler, kBadGzip, kHeadTooLarge, kSkipped };
  enum class Again { kNone, kRedirect, kNewCredentials };

  static size_t OnHeaderLine(char* data, size_t size, size_t count, void* self);
  static size_t OnBodyBytes(char* data, size_t size, size_t count, void* self);

  bool TakeHeaderLine(std::string_view line);
  bool TakeBody(std::string_view bytes);
  bool GiveHead();
  bool GiveBody(std::string_view bytes);
  bool SkipBody(std::string_view bytes);
  Again WhatNext();
  bool WillRedirect() const;
  Status FollowRedirect();
  void SetMethodAndBody();
  void SetHeaders();
  void SetSignature();
  const AwsSignature* Signature() const;
  bool IsRefused() const;
  bool IsSent(std::string_view header_name) const;
  Status EndStatus(CURLcode code);

  const uint64_t id_;
  const HttpRequest request_;
  HttpHandler* handler_;
  const std::span<char> scratch_;

  // Of the hop.
  std::string url_;
  std::string method_;
  bool sends_body_;
  int redirects_ = 0;
  bool left_origin_ = false;  // and so lost its credentials, for good
  std::optional<SteadyTime> deadline_;
  std::shared_ptr<const ResolvedHttpClient> resolved_;  // null without a client
  std::shared_ptr<CredentialSource> credential_source_;
  std::shared_ptr<const Credentials> credentials_;
  bool credentials_renewed_ = false;

  EasyHandle easy_;
  TransferLines lines_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  HttpResponseHead head_;
  size_t head_bytes_ = 0;
  bool head_given_ = false;
  bool gzip_body_ = false;
  std::unique_ptr<GunzipStream> gunzip_;
  uint64_t wire_bytes_ = 0;
  size_t skipped_bytes_ = 0;
  Again again_ = Again::kNone;
  Stop stop_ = Stop::kNone;
};

}  // namespace sluice::internal
