// Fields that the sections of service discovery share.
#pragma once

#include <chrono>
#include <string>

#include "agent/config/decoder.h"

namespace sluice::agent {

// `refresh_interval`, which must be positive.
void ReadRefreshInterval(const Fields& fields, std::chrono::milliseconds& out);

// Fails, at `value`, unless `url` has the scheme http or https, and a host, in Prometheus's words.
void RequireHttpUrl(const Value& value, const std::string& url);

}  // namespace sluice::agent
