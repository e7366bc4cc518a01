// What a scrape asks for, and what it makes of the answer's head and end.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/http_loop.h"
#include "base/result.h"

namespace sluice::scrape {

// The request for a scrape of `url`, in the words of Prometheus's scrapes.
HttpRequest ScrapeRequest(const std::string& url, std::chrono::milliseconds timeout,
                          bool enable_compression);

// Anything but 200 fails: `server returned HTTP status 503 Service Unavailable`.
Status CheckStatus(const HttpResponseHead& head);

// Whether a body of this type can be read. The parameters of the type do not matter.
Status CheckContentType(std::string_view content_type);

// Why a transfer failed: `Get "URL": context deadline exceeded`.
std::string TransferError(const std::string& url, const Error& error);

}  // namespace sluice::scrape
