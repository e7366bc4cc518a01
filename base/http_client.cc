#include "base/http_client.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

#include "base/file.h"
#include "base/internal/http_text.h"
#include "base/internal/proxy_choice.h"

namespace sluice {
namespace {

using internal::TrimBlank;

// Larger than any bundle of authorities.
constexpr size_t kFileBytesMax = 4 << 20;

// The clock of a file system may stand still for a while, and times may be whole seconds.
constexpr int64_t kFreshNs = 2'000'000'000;

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::string Variable(const char* upper, const char* lower) {
  const char* value = std::getenv(upper);
  if (value == nullptr || *value == '\0') value = std::getenv(lower);
  return value == nullptr ? "" : value;
}

std::shared_ptr<const HttpClient> TokenClient(const HttpClientConfig& config,
                                              const ProxyEnvironment& environment) {
  if (!config.oauth2 && !config.azure && !config.google) return nullptr;
  HttpClientConfig token;
  if (config.oauth2) {
    token.tls = config.oauth2->tls;
    token.proxy = config.oauth2->proxy;
  } else {
    token.proxy.from_environment = true;
  }
  // The secret goes to the token endpoint alone.
  token.follow_redirects = false;
  return std::make_shared<const HttpClient>(std::move(token), environment);
}

// Reads the parts of the settings, and remembers the first failure.
class Reader {
 public:
  // The content of `file`, else `text`. `what` is what a message calls it.
  std::string Secret(const std::string& text, const std::string& file, std::string_view what) {
    return file.empty() ? text : std::string(TrimBlank(Content(file, what)));
  }

  std::string Pem(const std::string& text, const std::string& file, std::string_view what) {
    return file.empty() ? text : Content(file, what);
  }

  std::string HeaderValue(std::string value, const std::string& name) {
    if (!internal::IsHttpHeaderValue(value)) {
      Fail(InvalidInput("the value of header " + name + " has a line end or a zero byte in it"));
    }
    return value;
  }

  const Status& status() const { return status_; }

 private:
  std::string Content(const std::string& file, std::string_view what) {
    Result<std::string> content = ReadFile(file, kFileBytesMax);
    if (content.ok()) return std::move(*content);
    Fail(content.error().WithContext("unable to read " + std::string(what)));
    return {};
  }

  // A file may be there again at the next request.
  void Fail(Error error) {
    error.code = ErrorCode::kRetryable;
    if (status_.ok()) status_ = std::move(error);
  }

  Status status_;
};

void ReadHeaders(const HttpHeaderConfig& header, Reader& reader, ResolvedHttpClient& out) {
  for (const std::string& value : header.values) {
    out.headers.emplace_back(header.name, reader.HeaderValue(value, header.name));
  }
  for (const Secret& secret : header.secrets) {
    out.secret_headers.emplace_back(header.name, reader.HeaderValue(secret.Reveal(), header.name));
  }
  for (const std::string& file : header.files) {
    std::string value = reader.Secret("", file, "headers file");
    out.secret_headers.emplace_back(header.name, reader.HeaderValue(std::move(value), header.name));
  }
}

std::string ReadAuthorization(const HttpClientConfig& config, Reader& reader) {
  if (const auto& basic = config.basic_auth) {
    const std::string name =
        reader.Secret(basic->username, basic->username_file, "basic auth username file");
    const std::string password =
        reader.Secret(basic->password.Reveal(), basic->password_file, "basic auth password file");
    return "Basic " + internal::EncodeBase64(name + ":" + password);
  }
  if (const auto& authorization = config.authorization) {
    const std::string credentials =
        reader.Secret(authorization->credentials.Reveal(), authorization->credentials_file,
                      "authorization credentials file");
    return reader.HeaderValue(authorization->type + " " + credentials, "Authorization");
  }
  return {};
}

}  // namespace

ProxyEnvironment ReadProxyEnvironment() {
  return {.http_proxy = Variable("HTTP_PROXY", "http_proxy"),
          .https_proxy = Variable("HTTPS_PROXY", "https_proxy"),
          .no_proxy = Variable("NO_PROXY", "no_proxy")};
}

HttpClient::HttpClient(HttpClientConfig config, ProxyEnvironment environment)
    : config_(std::move(config)),
      environment_(std::move(environment)),
      files_(Files()),
      token_client_(TokenClient(config_, environment_)) {}

std::vector<std::string> HttpClient::Files() const {
  std::vector<std::string> files = {config_.tls.ca_file, config_.tls.cert_file,
                                    config_.tls.key_file};
  if (config_.basic_auth) {
    files.push_back(config_.basic_auth->username_file);
    files.push_back(config_.basic_auth->password_file);
  }
  if (config_.authorization) files.push_back(config_.authorization->credentials_file);
  if (config_.oauth2) files.push_back(config_.oauth2->client_secret_file);
  if (config_.oauth2 && config_.oauth2->jwt_grant) {
    files.push_back(config_.oauth2->jwt_grant->key_file);
  }
  for (const HttpHeaderConfig& header : config_.http_headers) {
    files.insert(files.end(), header.files.begin(), header.files.end());
  }
  std::erase(files, "");
  return files;
}

bool HttpClient::FileState::SameAs(const FileState& other) const {
  return !fresh && modified_ns == other.modified_ns && changed_ns == other.changed_ns &&
         size == other.size && inode == other.inode;
}

Result<HttpClient::FileState> HttpClient::Look(const std::string& path) {
  struct stat status {};

  if (stat(path.c_str(), &status) != 0) {
    return Error{ErrorCode::kRetryable, path + ": " + std::generic_category().message(errno)};
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  const int64_t changed_ns = Nanoseconds(status.st_ctim);
  return FileState{.modified_ns = Nanoseconds(status.st_mtim),
                   .changed_ns = changed_ns,
                   .size = static_cast<uint64_t>(status.st_size),
                   .inode = status.st_ino,
                   .fresh = now_ns - changed_ns < kFreshNs};
}

bool HttpClient::FilesUnchanged() const {
  for (const std::string& path : files_) {
    const Result<FileState> now = Look(path);
    const auto known = states_.find(path);
    if (!now.ok() || known == states_.end() || !known->second.SameAs(*now)) return false;
  }
  return true;
}

Result<std::shared_ptr<const ResolvedHttpClient>> HttpClient::ReadAll(
    std::map<std::string, FileState>& states) const {
  // Before they are read: what is written meanwhile counts as a change the next time.
  for (const std::string& path : files_) {
    if (const Result<FileState> state = Look(path); state.ok()) states[path] = *state;
  }
  Reader reader;
  auto resolved = std::make_shared<ResolvedHttpClient>();
  resolved->authorization = ReadAuthorization(config_, reader);
  for (const HttpHeaderConfig& header : config_.http_headers) {
    ReadHeaders(header, reader, *resolved);
  }
  const TlsConfig& tls = config_.tls;
  resolved->ca = reader.Pem(tls.ca, tls.ca_file, "CA cert");
  resolved->cert = reader.Pem(tls.cert, tls.cert_file, "client cert");
  resolved->key = reader.Pem(tls.key.Reveal(), tls.key_file, "client key");
  if (config_.oauth2 && config_.oauth2->jwt_grant) {
    const JwtGrantConfig& grant = *config_.oauth2->jwt_grant;
    resolved->oauth2_secret =
        reader.Secret(grant.key.Reveal(), grant.key_file, "oauth2 client certificate key file");
  } else if (config_.oauth2) {
    resolved->oauth2_secret =
        reader.Secret(config_.oauth2->client_secret.Reveal(), config_.oauth2->client_secret_file,
                      "oauth2 client secret file");
  }
  if (!reader.status().ok()) return reader.status().error();
  return std::shared_ptr<const ResolvedHttpClient>(std::move(resolved));
}

Result<std::shared_ptr<const ResolvedHttpClient>> HttpClient::Resolve() const {
  const MutexLock lock(mu_);
  if (resolved_ != nullptr && FilesUnchanged()) return resolved_;
  resolved_ = nullptr;
  states_.clear();
  auto resolved = ReadAll(states_);
  if (resolved.ok()) resolved_ = *resolved;
  return resolved;
}

std::string HttpClient::ProxyFor(const std::string& url) const {
  const ProxyConfig& proxy = config_.proxy;
  if (!proxy.from_environment) {
    // As in Go, loopback is only spared when there is a list of exceptions.
    if (proxy.url.empty() || proxy.no_proxy.empty()) return proxy.url.Reveal();
    return internal::IsExemptFromProxy(url, proxy.no_proxy) ? "" : proxy.url.Reveal();
  }
  const bool is_tls = internal::LowerAscii(url.substr(0, 8)) == "https://";
  const std::string& chosen = is_tls ? environment_.https_proxy : environment_.http_proxy;
  if (chosen.empty() || internal::IsExemptFromProxy(url, environment_.no_proxy)) return "";
  return chosen;
}

}  // namespace sluice
