#include "agent/config/header_rules.h"

#include <algorithm>

namespace sluice::agent {
namespace {

constexpr std::string_view kReserved[] = {"host",
                                          "content-encoding",
                                          "content-length",
                                          "content-type",
                                          "user-agent",
                                          "connection",
                                          "keep-alive",
                                          "proxy-authenticate",
                                          "proxy-authorization",
                                          "www-authenticate",
                                          "accept-encoding",
                                          "x-prometheus-remote-write-version",
                                          "x-prometheus-remote-read-version",
                                          "x-amz-date",
                                          "x-amz-security-token",
                                          "x-amz-content-sha256"};

}  // namespace

std::string LowerAscii(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return text;
}

bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPunctuation.find(c) != std::string_view::npos;
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), allowed);
}

bool IsReservedHeader(std::string_view name) {
  const std::string lower = LowerAscii(std::string(name));
  return std::find(std::begin(kReserved), std::end(kReserved), lower) != std::end(kReserved);
}

bool IsReservedHttpHeader(std::string_view name) {
  const std::string lower = LowerAscii(std::string(name));
  return IsReservedHeader(lower) || lower == "authorization" ||
         lower == "x-prometheus-scrape-timeout-seconds";
}

bool IsHeaderValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

}  // namespace sluice::agent
