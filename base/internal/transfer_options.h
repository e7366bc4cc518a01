// The options of a libcurl easy handle that HTTP client settings stand for.
#pragma once

#include <memory>
#include <string>

#include <curl/curl.h>

#include "base/http_client.h"
#include "base/result.h"

namespace sluice::internal {

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// A list of lines that a handle refers to while it is in use.
class CurlLines {
 public:
  void Append(const std::string& line);

  // "name: value", and libcurl's notation for a header with an empty value.
  void AppendHeader(const std::string& name, const std::string& value);

  curl_slist* get() const { return list_.get(); }

 private:
  std::unique_ptr<curl_slist, SlistDeleter> list_;
};

// What must live as long as the handle is in use.
struct TransferLines {
  CurlLines headers;
  CurlLines proxy_headers;
  CurlLines connect_to;
};

template <class T>
void SetOption(CURL* easy, CURLoption option, T value) {
  // Fails only for an unknown option or without memory; neither has a cure at run time.
  SLUICE_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

// Sets the URL, TLS, proxy and protocol version for a hop to `url`, without the headers of the
// request itself. `resolved` must outlive the use of the handle. Fails on values that libcurl does
// not take.
Status SetClientOptions(CURL* easy, const std::string& url, const HttpClient& client,
                        const ResolvedHttpClient& resolved, TransferLines& lines);

}  // namespace sluice::internal
