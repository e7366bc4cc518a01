// The map tls_config.
#pragma once

#include <initializer_list>
#include <string_view>

#include "agent/config/decoder.h"
#include "base/http_client_config.h"

namespace sluice::agent {

TlsConfig DecodeTls(const Value& value);

// Fails when any of these is set: they name secrets of a secret manager.
void FailOnReferences(const Fields& fields, std::initializer_list<std::string_view> names);

}  // namespace sluice::agent
