// One transfer of an HttpLoop: its libcurl easy handle and the callbacks that feed its handler.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include "base/gzip.h"
#include "base/http_loop.h"
#include "base/internal/credential_source.h"
#include "base/internal/response_reader.h"
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

// libcurl's words for anything that has no status line.
inline constexpr std::string_view kNoHttpText = "Received HTTP/0.9 when not allowed";

// Where bodies are decompressed; shared by all transfers of a loop.
struct Unpacking {
  std::vector<char> scratch;
  WholeGunzip whole;
};

// How a hop ended that libcurl did not make.
struct PlainEnd {
  bool reused = false;           // the connection
  int os_error = 0;              // of the system call that failed; 0 for none
  std::string_view detail = {};  // a literal
};

// Bound to the thread of its loop. Its address is known to libcurl: it never moves.
//
// A transfer is one hop, or several: after a redirect, or when its credentials were refused, it is
// taken out of libcurl and put in again with what the next hop needs.
class HttpTransfer final : public ResponseSink {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  HttpTransfer(uint64_t id, std::shared_ptr<const HttpRequest> request, HttpHandler& handler,
               Unpacking& unpacking);
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

  // In place of a handle of libcurl's, for a hop that does without. Whether it can, but for its
  // URL:
  bool IsPlain() const;
  // What is sent: a head, with `host` and `target` of url(), and a body that lives as long as this.
  std::string PlainHead(std::string_view host, std::string_view target,
                        const std::string& user_agent) const;
  std::string_view PlainBody() const;
  void AttachPlain(uint64_t connection);
  void EndPlain(const PlainEnd& end);

  // Between these.
  std::optional<uint64_t> plain_connection() const { return plain_connection_; }

  // What arrives.
  bool TakeHeaderLine(std::string_view line) override;
  bool TakeBody(std::string_view bytes) override;

  uint64_t id() const { return id_; }

  const HttpRequest& request() const { return *request_; }

  // Of this hop.
  const std::string& url() const { return url_; }

  // Null once cancelled: then no callback reaches the handler any more.
  HttpHandler* handler() const { return handler_; }

  void Abandon() { handler_ = nullptr; }

  // Hands on a head that no body followed, or a body that was kept until it is whole. After
  // success, before Outcome().
  void FinishBody();

  // Whether there is another hop, when libcurl says that this one ended with `code`; then Next()
  // makes it the current one, or says why it cannot.
  bool HasNext(CURLcode code) const;
  Status Next();

  // What became of the transfer, when libcurl says that it ended with `code`.
  HttpOutcome Outcome(CURLcode code);

 private:
  enum class Stop { kNone, kByHandler, kBadGzip, kHeadTooLarge, kSkipped };
  using CurlError = std::array<char, CURL_ERROR_SIZE>;  // its words, ended by a zero byte

  enum class Again { kNone, kRedirect, kNewCredentials };

  static size_t OnHeaderLine(char* data, size_t size, size_t count, void* self);
  static size_t OnBodyBytes(char* data, size_t size, size_t count, void* self);

  bool GiveHead();
  bool Unpack(std::string_view bytes);
  bool UnpackWhole(std::string_view bytes);
  bool GiveBody(std::string_view bytes);
  bool SkipBody(std::string_view bytes);
  Again WhatNext();
  bool WillRedirect() const;
  Status FollowRedirect();
  void SetMethodAndBody();
  // All headers but those that libcurl makes by itself.
  void ForEachHeader(const std::function<void(const std::string&, const std::string&)>& take) const;
  void SetHeaders();
  int OsError() const;
  // Of libcurl or of PlainEnd; may be empty.
  std::string_view ErrorText() const;
  void SetSignature();
  const AwsSignature* Signature() const;
  bool IsRefused() const;
  bool IsSent(std::string_view header_name) const;
  Status EndStatus(CURLcode code);

  const uint64_t id_;
  const std::shared_ptr<const HttpRequest> request_;
  HttpHandler* handler_;
  Unpacking& unpacking_;

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

  std::unique_ptr<CurlError> curl_error_;  // null before there was a handle
  EasyHandle easy_;                        // null without libcurl
  std::optional<uint64_t> plain_connection_;
  TransferLines lines_;
  std::optional<PlainEnd> plain_end_;

  HttpResponseHead head_;
  size_t head_bytes_ = 0;
  bool head_given_ = false;
  bool gzip_body_ = false;
  std::unique_ptr<GunzipStream> gunzip_;
  size_t whole_size_ = 0;  // when not 0: so many bytes are kept until they are all there
  std::string whole_;
  uint64_t wire_bytes_ = 0;
  size_t skipped_bytes_ = 0;
  Again again_ = Again::kNone;
  Stop stop_ = Stop::kNone;
};

}  // namespace sluice::internal
