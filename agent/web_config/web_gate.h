// Who may ask our HTTP server, and over what: the web configuration, read again when it changes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/http_server.h"
#include "agent/tls_settings.h"
#include "agent/web_config/password_check.h"
#include "agent/web_config/web_config.h"
#include "base/clock.h"
#include "base/logger.h"
#include "base/result.h"

namespace sluice::agent {

using WebConfigLoader = std::function<Result<WebConfig>()>;

// Thread-compatible: of the server's thread, once that runs.
class WebGate {
 public:
  // `clock` must outlive it. An error when the configuration does not load.
  static Result<std::unique_ptr<WebGate>> Open(WebConfigLoader load, const Clock& clock,
                                               Logger logger);

  // As of now; null when it is plain HTTP. A configuration that does not load any more is logged,
  // once for each change, and the one before goes on.
  std::shared_ptr<const TlsSettings> Tls();

  // 401 for who does not say who they are; else what `inner` answers, with the headers.
  HttpServerResponse Serve(const HttpServerRequest& request, const HttpServerHandler& inner);

 private:
  WebGate(WebConfigLoader load, const Clock& clock, Logger logger);

  void Refresh();
  // 0 when the request may be answered, else the status that refuses it.
  int Refusal(const HttpServerRequest& request);

  const WebConfigLoader load_;
  const Logger logger_;
  PasswordCheck passwords_;
  WebConfig config_;
  std::string stamp_;  // of the files, when they were read last
};

}  // namespace sluice::agent
