// Fields that the sections of service discovery share.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/config/decoder.h"
#include "base/http_client.h"

namespace sluice::agent {

// `refresh_interval`, which must be positive.
void ReadRefreshInterval(const Fields& fields, std::chrono::milliseconds& out);

// `port`, which is left as it is when it is not there.
void ReadPort(const Fields& fields, uint16_t& out);

// Fails, at `value`, unless `url` has the scheme http or https, and a host, in Prometheus's words.
void RequireHttpUrl(const Value& value, const std::string& url);

// A client that has `tls_config` and no other settings: of mechanisms with credentials of their
// own. Never null.
std::shared_ptr<const HttpClient> DecodeTlsClient(const Fields& fields);

}  // namespace sluice::agent
