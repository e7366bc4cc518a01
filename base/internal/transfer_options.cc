#include "base/internal/transfer_options.h"

#include <optional>

#include "base/internal/url_parts.h"

namespace sluice::internal {
namespace {

// For values from a configuration, which may be too large for libcurl.
class Options {
 public:
  explicit Options(CURL* easy) : easy_(easy) {}

  template <class T>
  void Set(CURLoption option, T value) {
    if (curl_easy_setopt(easy_, option, value) != CURLE_OK) good_ = false;
  }

  // Not copied. libcurl compares contents when it looks for a connection to use again, so that a
  // file that changed does not reuse what the old one had opened.
  void SetPem(CURLoption option, const std::string& pem) {
    if (pem.empty()) return;
    curl_blob blob{};
    blob.data = const_cast<char*>(pem.data());
    blob.len = pem.size();
    blob.flags = CURL_BLOB_NOCOPY;
    Set(option, &blob);
  }

  bool good() const { return good_; }

 private:
  CURL* easy_;
  bool good_ = true;
};

long MinVersion(TlsVersion version) {
  switch (version) {
    case TlsVersion::kDefault:
      return CURL_SSLVERSION_DEFAULT;
    case TlsVersion::kTls10:
      return CURL_SSLVERSION_TLSv1_0;
    case TlsVersion::kTls11:
      return CURL_SSLVERSION_TLSv1_1;
    case TlsVersion::kTls12:
      return CURL_SSLVERSION_TLSv1_2;
    case TlsVersion::kTls13:
      return CURL_SSLVERSION_TLSv1_3;
  }
  return CURL_SSLVERSION_DEFAULT;
}

long MaxVersion(TlsVersion version) {
  switch (version) {
    case TlsVersion::kDefault:
      return CURL_SSLVERSION_MAX_DEFAULT;
    case TlsVersion::kTls10:
      return CURL_SSLVERSION_MAX_TLSv1_0;
    case TlsVersion::kTls11:
      return CURL_SSLVERSION_MAX_TLSv1_1;
    case TlsVersion::kTls12:
      return CURL_SSLVERSION_MAX_TLSv1_2;
    case TlsVersion::kTls13:
      return CURL_SSLVERSION_MAX_TLSv1_3;
  }
  return CURL_SSLVERSION_MAX_DEFAULT;
}

// Also for a proxy that is spoken to with TLS, as Prometheus has it.
void SetTls(Options& options, const TlsConfig& tls, const ResolvedHttpClient& resolved) {
  options.SetPem(CURLOPT_CAINFO_BLOB, resolved.ca);
  options.SetPem(CURLOPT_PROXY_CAINFO_BLOB, resolved.ca);
  if (!resolved.ca.empty()) {
    // Otherwise the folder of the system's authorities would be trusted as well.
    options.Set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    options.Set(CURLOPT_PROXY_CAPATH, static_cast<char*>(nullptr));
  }
  options.SetPem(CURLOPT_SSLCERT_BLOB, resolved.cert);
  options.SetPem(CURLOPT_SSLKEY_BLOB, resolved.key);
  options.SetPem(CURLOPT_PROXY_SSLCERT_BLOB, resolved.cert);
  options.SetPem(CURLOPT_PROXY_SSLKEY_BLOB, resolved.key);
  if (tls.insecure_skip_verify) {
    options.Set(CURLOPT_SSL_VERIFYPEER, 0L);
    options.Set(CURLOPT_SSL_VERIFYHOST, 0L);
    options.Set(CURLOPT_PROXY_SSL_VERIFYPEER, 0L);
    options.Set(CURLOPT_PROXY_SSL_VERIFYHOST, 0L);
  }
  const long versions = MinVersion(tls.min_version) | MaxVersion(tls.max_version);
  options.Set(CURLOPT_SSLVERSION, versions);
  options.Set(CURLOPT_PROXY_SSLVERSION, versions);
}

// libcurl takes the name for SNI and for the check of the certificate from the URL. So the URL gets
// the name, the connection goes to the host it had, and the header Host says the latter.
void SetUrl(Options& options, const std::string& url, const TlsConfig& tls, TransferLines& lines) {
  const std::optional<UrlParts> parts = SplitUrl(url);
  const bool renames = parts && parts->scheme == "https" && !tls.server_name.empty() &&
                       parts->host != tls.server_name;
  if (!renames) {
    options.Set(CURLOPT_URL, url.c_str());
    return;
  }
  options.Set(CURLOPT_URL, WithHost(url, tls.server_name, parts->port).c_str());
  lines.connect_to.Append(tls.server_name + ":" + parts->port + ":" + parts->host + ":" +
                          parts->port);
  options.Set(CURLOPT_CONNECT_TO, lines.connect_to.get());
  lines.headers.Append("Host: " + parts->host + (parts->port == "443" ? "" : ":" + parts->port));
}

void SetProxy(Options& options, const std::string& url, const HttpClient& client,
              TransferLines& lines) {
  options.Set(CURLOPT_PROXY, client.ProxyFor(url).c_str());
  const std::optional<UrlParts> parts = SplitUrl(url);
  // libcurl would send them to a proxy without CONNECT too, and so to the target.
  if (!parts || parts->scheme != "https") return;
  for (const auto& [name, values] : client.config().proxy.connect_headers) {
    for (const Secret& value : values) lines.proxy_headers.AppendHeader(name, value.Reveal());
  }
  options.Set(CURLOPT_PROXYHEADER, lines.proxy_headers.get());
}

}  // namespace

void CurlLines::Append(const std::string& line) {
  curl_slist* longer = curl_slist_append(list_.get(), line.c_str());
  SLUICE_CHECK(longer != nullptr);
  if (list_ == nullptr) list_.reset(longer);
}

void CurlLines::AppendHeader(const std::string& name, const std::string& value) {
  Append(value.empty() ? name + ";" : name + ": " + value);
}

Status SetClientOptions(CURL* easy, const std::string& url, const HttpClient& client,
                        const ResolvedHttpClient& resolved, TransferLines& lines) {
  Options options(easy);
  const HttpClientConfig& config = client.config();
  SetUrl(options, url, config.tls, lines);
  SetTls(options, config.tls, resolved);
  SetProxy(options, url, client, lines);
  options.Set(CURLOPT_HTTP_VERSION, static_cast<long>(config.enable_http2 ? CURL_HTTP_VERSION_2TLS
                                                                          : CURL_HTTP_VERSION_1_1));
  if (!options.good()) return InvalidInput("http client: a setting is too large or unusable");
  return Status::Ok();
}

}  // namespace sluice::internal
