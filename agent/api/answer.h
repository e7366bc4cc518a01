// What the HTTP API answers with: Prometheus's envelope around JSON, and plain text.
#pragma once

#include <string>
#include <string_view>

#include "agent/http_server.h"
#include "base/clock.h"

namespace sluice::agent {

HttpServerResponse TextAnswer(int status, std::string body);

// `json` is the whole body.
HttpServerResponse JsonAnswer(int status, std::string json);

// The errors of Prometheus's API, each with its status.
enum class ApiErrorType { kBadData, kExecution, kNotFound, kInternal, kUnavailable };

// {"status":"error","errorType":TYPE,"error":MESSAGE}
HttpServerResponse ErrorAnswer(ApiErrorType type, std::string_view message);

// {"status":"success","data":DATA}; `data` is JSON.
HttpServerResponse DataAnswer(std::string_view data);

// RFC 3339 in UTC with milliseconds; 0 gives Go's zero time, as Prometheus prints "never".
std::string FormatTime(TimestampMs time_ms);

}  // namespace sluice::agent
