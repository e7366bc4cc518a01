// The settings of the HTTP client, which stand among the fields of scrape_configs and remote_write.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "agent/config/decoder.h"
#include "base/http_client.h"

namespace sluice::agent {

std::span<const std::string_view> HttpClientFields();

// Whether any of them differs from Prometheus's defaults.
bool HasHttpClientSettings(const Fields& fields);

// Messages have no secrets in them.
HttpClientConfig DecodeHttpClientConfig(const Fields& fields, bool enable_http2);

// Never null. Messages have no secrets in them.
std::shared_ptr<const HttpClient> DecodeHttpClient(const Fields& fields, bool enable_http2);

}  // namespace sluice::agent
