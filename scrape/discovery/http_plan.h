// A round of questions to a server over HTTP, as a pure function of its answers.
#pragma once

#include <variant>
#include <vector>

#include "base/http_loop.h"
#include "base/result.h"
#include "scrape/discovery/discovery_loop.h"
#include "scrape/discovery/refresh.h"

namespace sluice::scrape {

// Asked at once; never none.
using HttpRequests = std::vector<HttpRequest>;

// What to ask next, or the end.
using HttpStep = std::variant<HttpRequests, Refreshed>;

// What every mechanism that asks a server writes for itself. No clock, thread or socket.
class HttpPlan {
 public:
  virtual ~HttpPlan() = default;

  // A new round: forgets what the one before did not finish. An error fails the round: what is
  // needed to ask at all is not there now.
  virtual Result<HttpRequests> Begin() = 0;

  // The answers to the last requests, in their order. They all arrived whole, with any status.
  virtual Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) = 0;
};

// `server returned HTTP status 503 Service Unavailable`, unless it is that one.
Status RequireStatus(const HttpAnswer& answer, int status);

}  // namespace sluice::scrape
