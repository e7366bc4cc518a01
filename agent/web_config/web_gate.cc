#include "agent/web_config/web_gate.h"

#include <optional>
#include <sys/stat.h>
#include <utility>

#include "base/base64.h"

namespace sluice::agent {
namespace {

// Compared with for names that nobody has, so that these take as long as others: of no password.
constexpr std::string_view kNobodysHash =
    "$2a$10$vzAjiAmKUPsNLEWEHkJlkuSYTZPKhgfk9x8TnBkPYhyK9hAzCzT5a";

// What changes when one of the files does.
std::string StampOf(const std::vector<std::string>& files) {
  std::string stamp;
  for (const std::string& file : files) {
    struct stat status {};

    if (stat(file.c_str(), &status) != 0) {
      stamp += "none,";
      continue;
    }
    for (const int64_t part :
         {static_cast<int64_t>(status.st_mtim.tv_sec), static_cast<int64_t>(status.st_mtim.tv_nsec),
          static_cast<int64_t>(status.st_size), static_cast<int64_t>(status.st_ino)}) {
      stamp += std::to_string(part) + ",";
    }
  }
  return stamp;
}

struct Credentials {
  std::string name;
  std::string password;
};

std::optional<Credentials> ReadCredentials(const HttpServerRequest& request) {
  const auto header = request.headers.find("authorization");
  if (header == request.headers.end()) return std::nullopt;
  constexpr std::string_view kScheme = "basic ";
  std::string scheme = header->second.substr(0, kScheme.size());
  for (char& c : scheme) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (scheme != kScheme) return std::nullopt;
  const auto text = DecodeBase64(std::string_view(header->second).substr(kScheme.size()));
  const size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

}  // namespace

WebGate::WebGate(WebConfigLoader load, const Clock& clock, Logger logger)
    : load_(std::move(load)), logger_(std::move(logger)), passwords_(clock) {}

Result<std::unique_ptr<WebGate>> WebGate::Open(WebConfigLoader load, const Clock& clock,
                                               Logger logger) {
  std::unique_ptr<WebGate> gate(new WebGate(std::move(load), clock, std::move(logger)));
  Result<WebConfig> config = gate->load_();
  if (!config.ok()) return config.error();
  gate->config_ = std::move(*config);
  gate->stamp_ = StampOf(gate->config_.files);
  return gate;
}

void WebGate::Refresh() {
  std::string stamp = StampOf(config_.files);
  if (stamp == stamp_) return;
  stamp_ = std::move(stamp);
  Result<WebConfig> config = load_();
  if (!config.ok()) {
    logger_.Error("the web configuration does not load; the one before goes on",
                  {{"err", config.error().message}});
    return;
  }
  if ((config->tls == nullptr) != (config_.tls == nullptr)) {
    logger_.Error(
        "TLS can be turned on or off by a restart only; the configuration before goes on");
    return;
  }
  config_ = std::move(*config);
  stamp_ = StampOf(config_.files);
  logger_.Info("web configuration loaded again");
}

std::shared_ptr<const TlsSettings> WebGate::Tls() {
  Refresh();
  return config_.tls;
}

HttpServerResponse WebGate::Serve(const HttpServerRequest& request,
                                  const HttpServerHandler& inner) {
  Refresh();
  const int refusal = Refusal(request);
  HttpServerResponse response;
  if (refusal == 0) {
    response = inner(request);
  } else if (refusal == 401) {
    response = {.status = 401, .body = "Unauthorized\n"};
    response.headers.emplace_back("WWW-Authenticate", "Basic");
  } else {
    response = {.status = refusal, .body = "too many passwords to be compared; try again\n"};
    response.headers.emplace_back("Retry-After", "1");
  }
  for (const auto& header : config_.headers) response.headers.push_back(header);
  return response;
}

int WebGate::Refusal(const HttpServerRequest& request) {
  if (config_.users.empty()) return 0;
  const std::optional<Credentials> given = ReadCredentials(request);
  if (!given) return 401;
  const auto user = config_.users.find(given->name);
  const bool is_known = user != config_.users.end();
  if (is_known && user->second.bcrypt.empty()) {
    return AreEqualTexts(given->password, user->second.plain) ? 0 : 401;
  }
  const std::string hash = is_known ? user->second.bcrypt : std::string(kNobodysHash);
  switch (passwords_.Check(given->password, hash)) {
    case PasswordCheck::Verdict::kRight:
      return is_known ? 0 : 401;
    case PasswordCheck::Verdict::kWrong:
      return 401;
    case PasswordCheck::Verdict::kTooMany:
      return 429;
  }
  return 401;
}

}  // namespace sluice::agent
