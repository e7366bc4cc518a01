// What a scrape asks for, and what it makes of the answer's head and end.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/http_loop.h"
#include "base/result.h"
#include "scrape/job_config.h"

namespace sluice::scrape {

// The request for a scrape of `url`, in the words of Prometheus's scrapes.
HttpRequest ScrapeRequest(const std::string& url, std::chrono::milliseconds timeout,
                          const JobConfig& job);

// Anything but 200 fails: `server returned HTTP status 503 Service Unavailable`.
Status CheckStatus(const HttpResponseHead& head);

// How a body of this type is to be read. The parameters of the type do not matter, but must be
// well-formed. `fallback` stands in for a type that is missing, ill-formed or unknown.
Result<PageFormat> FormatOf(std::string_view content_type, std::optional<ScrapeProtocol> fallback);

// Why a transfer failed: `Get "URL": context deadline exceeded`.
std::string TransferError(const std::string& url, const Error& error);

}  // namespace sluice::scrape
