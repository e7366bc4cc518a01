// The file of --web.config.file: TLS, users and security headers of our own HTTP server, in
// Prometheus's format.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/tls_settings.h"
#include "base/result.h"

namespace sluice::agent {

// A password to compare with; one of the two is empty.
struct StoredPassword {
  std::string bcrypt;
  std::string plain;
};

// Immutable once loaded.
struct WebConfig {
  std::shared_ptr<const TlsSettings> tls;       // null: plain HTTP
  std::map<std::string, StoredPassword> users;  // empty: everybody may ask
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> files;  // all that it was read from
};

// Pure. Errors are one line, `FILE:LINE: path.to.field: message`, with Prometheus's own phrase.
// Certificates and keys are named, not read.
Result<WebConfig> ParseWebConfig(std::string_view text, const std::string& path);

// The same from a file, with the files that it names; what they hold is checked.
Result<WebConfig> LoadWebConfig(const std::string& path);

// Reads the files that `config` names, and checks what they hold.
Status LoadTlsFiles(WebConfig& config);

}  // namespace sluice::agent
