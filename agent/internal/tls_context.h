// OpenSSL's side of TlsSettings.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ssl/context.hpp>

#include "agent/tls_settings.h"
#include "base/result.h"

namespace sluice::agent::internal {

Result<std::shared_ptr<boost::asio::ssl::context>> MakeTlsContext(const TlsSettings& settings);

// Whether the certificate that the peer showed has one of these names (DNS, IP, email, URI).
bool PeerHasName(SSL* connection, const std::vector<std::string>& names);

}  // namespace sluice::agent::internal
