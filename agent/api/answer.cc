#include "agent/api/answer.h"

#include <array>
#include <ctime>
#include <utility>

#include "base/json_text.h"

namespace sluice::agent {
namespace {

struct ApiErrorKind {
  std::string_view name;
  int status;
};

// By ApiErrorType.
constexpr std::array<ApiErrorKind, 5> kKinds = {{{"bad_data", 400},
                                                 {"execution", 422},
                                                 {"not_found", 404},
                                                 {"internal", 500},
                                                 {"unavailable", 503}}};

}  // namespace

HttpServerResponse TextAnswer(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

HttpServerResponse JsonAnswer(int status, std::string json) {
  return {.status = status, .content_type = "application/json", .body = std::move(json)};
}

HttpServerResponse ErrorAnswer(ApiErrorType type, std::string_view message) {
  const ApiErrorKind& kind = kKinds.at(static_cast<size_t>(type));
  std::string json = R"({"status":"error","errorType":")";
  json.append(kind.name).append(R"(","error":)");
  AppendJsonString(json, message);
  json += '}';
  return JsonAnswer(kind.status, std::move(json));
}

HttpServerResponse DataAnswer(std::string_view data) {
  std::string json = R"({"status":"success","data":)";
  json.append(data).append("}");
  return JsonAnswer(200, std::move(json));
}

std::string FormatTime(TimestampMs time_ms) {
  if (time_ms == 0) return "0001-01-01T00:00:00Z";
  int64_t millis = time_ms % 1000;
  if (millis < 0) millis += 1000;
  const auto seconds = static_cast<std::time_t>((time_ms - millis) / 1000);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "0001-01-01T00:00:00Z";
  std::array<char, 64> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string fraction = std::to_string(1000 + millis).substr(1);
  return std::string(text.data(), size) + "." + fraction + "Z";
}

}  // namespace sluice::agent
