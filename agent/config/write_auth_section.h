// The credentials that only remote_write may have: those of cloud providers.
#pragma once

#include <span>
#include <string_view>

#include "agent/config/decoder.h"
#include "base/http_client_config.h"

namespace sluice::agent {

std::span<const std::string_view> WriteAuthFields();

// Checks those that are there, and adds them to what the fields of the HTTP client say.
void DecodeWriteAuth(const Fields& fields, HttpClientConfig& config);

}  // namespace sluice::agent
