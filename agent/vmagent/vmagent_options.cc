#include "agent/vmagent/vmagent_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/yaml_tree.h"
#include "agent/vmagent/scrape_dialect.h"
#include "agent/vmagent/vmagent_destinations.h"
#include "agent/vmagent/vmagent_flags.h"
#include "agent/vmagent/vmagent_values.h"
#include "base/duration.h"
#include "base/public_url.h"

namespace sluice::agent {
namespace {

Error FlagError(std::string_view flag, const Error& error) {
  return error.WithContext("-" + std::string(flag));
}

Status ReadCount(const VmagentValues& values, std::string_view flag, uint32_t& count) {
  const std::string text = values.Text(flag, "1");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size()) return Status::Ok();
  return FlagError(flag, InvalidInput("must be a number"));
}

Status ApplyCluster(const VmagentValues& values, scrape::ClusterConfig& cluster) {
  constexpr std::string_view kMember = "promscrape.cluster.memberNum";
  const Result<uint32_t> member = scrape::ParseMemberNumber(values.Text(kMember, "0"));
  if (!member.ok()) return FlagError(kMember, member.error());
  cluster.member = *member;
  cluster.name = values.Text("promscrape.cluster.name");
  Status status = ReadCount(values, "promscrape.cluster.membersCount", cluster.members);
  if (!status.ok()) return status;
  return ReadCount(values, "promscrape.cluster.replicationFactor", cluster.replication);
}

// The buffer holds everything once: the largest of the bounds, if all have one.
Status ApplyDiskBound(const VmagentValues& values, Options& options) {
  constexpr std::string_view kFlag = "remoteWrite.maxDiskUsagePerURL";
  uint64_t largest = 0;
  const size_t urls = std::max<size_t>(1, values.List("remoteWrite.url").size());
  for (size_t place = 0; place < urls; ++place) {
    const Result<uint64_t> bytes = ParseSize(SizeText(values.Of(kFlag, place, "0")));
    if (!bytes.ok()) return FlagError(kFlag, bytes.error());
    if (*bytes == 0) return Status::Ok();
    largest = std::max(largest, *bytes);
  }
  options.buffer_bytes_max = largest;
  return Status::Ok();
}

Status ApplyReload(const VmagentValues& values, Options& options) {
  constexpr std::string_view kFlag = "promscrape.configCheckInterval";
  const Result<std::chrono::milliseconds> interval = ParseDuration(values.Text(kFlag, "0s"));
  if (!interval.ok()) return FlagError(kFlag, interval.error());
  options.auto_reload = interval->count() > 0;
  options.auto_reload_interval =
      std::max<std::chrono::milliseconds>(*interval, std::chrono::seconds(1));
  // vmagent reloads for everybody, unless there is a key.
  options.enable_reload = values.Text("reloadAuthKey").empty();
  options.reload_by_get = true;
  if (!options.enable_reload) {
    options.warnings.emplace_back("-reloadAuthKey: /-/reload is off; use SIGHUP");
  }
  return Status::Ok();
}

Status ApplyLog(const VmagentValues& values, Options& options) {
  const std::string level = values.Text("loggerLevel", "INFO");
  if (level == "INFO") {
    options.log_level = LogLevel::kInfo;
  } else if (level == "WARN") {
    options.log_level = LogLevel::kWarn;
  } else if (level == "ERROR" || level == "FATAL" || level == "PANIC") {
    options.log_level = LogLevel::kError;
  } else {
    return InvalidInput("-loggerLevel: must be INFO, WARN, ERROR, FATAL or PANIC");
  }
  const bool json = values.Text("loggerFormat", "default") == "json";
  options.log_format = json ? LogFormat::kJson : LogFormat::kLogfmt;
  return Status::Ok();
}

Status ApplyConfigFile(const VmagentValues& values, Options& options) {
  options.config_file = values.Text("promscrape.config");
  if (options.config_file.empty()) {
    return InvalidInput("-promscrape.config is missing: there is nothing to scrape");
  }
  if (options.config_file.find("://") != std::string::npos) {
    return InvalidInput("-promscrape.config: a URL is not supported; use a file");
  }
  options.dry_run = values.On("dryRun") || values.On("promscrape.config.dryRun");
  if (values.List("remoteWrite.url").empty() && !options.dry_run) {
    return InvalidInput("-remoteWrite.url is missing: there is nowhere to send samples");
  }
  return Status::Ok();
}

// TLS and the one user of -tls and -httpAuth.
Result<WebConfig> LoadWeb(const VmagentValues& values) {
  WebConfig config;
  const std::string user = values.Text("httpAuth.username");
  if (!user.empty()) config.users[user].plain = values.Text("httpAuth.password");
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kHeaders = {
      {{"http.header.csp", "Content-Security-Policy"},
       {"http.header.frameOptions", "X-Frame-Options"},
       {"http.header.hsts", "Strict-Transport-Security"}}};
  for (const auto& [flag, header] : kHeaders) {
    const std::string value = values.Text(flag);
    if (!value.empty()) config.headers.emplace_back(header, value);
  }
  if (!values.OnOf("tls", 0)) return config;
  auto tls = std::make_shared<TlsSettings>();
  tls->cert_file = values.Of("tlsCertFile", 0);
  tls->key_file = values.Of("tlsKeyFile", 0);
  tls->client_ca_file = values.Of("mtlsCAFile", 0);
  if (values.OnOf("mtls", 0)) tls->client_auth = ClientAuth::kRequireAndVerify;
  const std::string version = values.Of("tlsMinVersion", 0, "TLS13");
  if (version.size() != 5 || !version.starts_with("TLS1") || version[4] < '0' || version[4] > '3') {
    return InvalidInput("-tlsMinVersion: must be TLS10, TLS11, TLS12 or TLS13");
  }
  tls->min_version = 10 + (version[4] - '0');
  tls->cipher_suites = values.List("tlsCipherSuites");
  for (const std::string& suite : tls->cipher_suites) {
    if (!IsCipherSuite(suite)) return InvalidInput("-tlsCipherSuites: unknown cipher: " + suite);
  }
  config.tls = std::move(tls);
  if (Status status = LoadTlsFiles(config); !status.ok()) return status.error();
  return config;
}

bool NeedsWebConfig(const VmagentValues& values) {
  constexpr std::array<std::string_view, 5> kFlags = {"httpAuth.username", "tls", "http.header.csp",
                                                      "http.header.frameOptions",
                                                      "http.header.hsts"};
  return std::any_of(kFlags.begin(), kFlags.end(),
                     [&](std::string_view flag) { return values.Has(flag); });
}

void ShowFlags(const FlagValues& given, Options& options) {
  for (const FlagSpec* spec : VmagentFlagSpecs()) {
    const auto found = given.find(spec->name);
    if (found == given.end()) continue;
    std::string& shown = options.flags[std::string(spec->name)];
    for (const std::string& value : found->second) {
      // Of a list of URLs, each may have a password.
      for (const std::string& item : SplitFlagList(value)) {
        if (!shown.empty()) shown += ',';
        shown += spec->is_secret ? "secret" : PublicUrl(item);
      }
    }
  }
}

}  // namespace

bool HasVmagentFlags(const FlagValues& values) {
  const FlagSpecs specs = VmagentFlagSpecs();
  return std::any_of(specs.begin(), specs.end(),
                     [&](const FlagSpec* spec) { return values.contains(spec->name); });
}

Status ApplyVmagentFlags(FlagValues given, const Environment& environment, Options& options) {
  AddEnvironmentFlags(environment, given);
  if (Status status = CheckVmagentFlags(given, options.warnings); !status.ok()) return status;
  const auto values = std::make_shared<const VmagentValues>(given, environment);
  std::vector<std::string> addresses = values->List("httpListenAddr");
  if (addresses.empty()) addresses = {":8429"};
  options.web.listen_addresses = std::move(addresses);
  options.compat_metrics = true;
  options.route_prefix = values->Text("http.pathPrefix");
  // vmagent's own queues stay as they are, beside ours.
  options.data_directory =
      values->Text("remoteWrite.tmpDataPath", "vmagent-remotewrite-data") + "/sluice";
  using Step = Status (*)(const VmagentValues&, Options&);
  for (const Step step :
       std::array<Step, 4>{ApplyConfigFile, ApplyDiskBound, ApplyReload, ApplyLog}) {
    if (Status status = step(*values, options); !status.ok()) return status;
  }
  if (Status status = ApplyCluster(*values, options.cluster); !status.ok()) return status;
  if (NeedsWebConfig(*values)) options.web_config = [values] { return LoadWeb(*values); };
  ShowFlags(given, options);
  // Read at each load, as are the files with rules.
  options.config_flags.adapt = [values, environment](YamlNode& root,
                                                     std::vector<std::string>& warnings) -> Status {
    AdaptScrapeConfig(*values, environment, root, warnings);
    Result<YamlNode> remote_write = VmagentRemoteWrite(*values);
    if (!remote_write.ok()) return remote_write.error();
    if (root.kind == YamlNode::Kind::kMap) {
      SetEntry(root, "remote_write", std::move(*remote_write));
    }
    return Status::Ok();
  };
  options.config_flags.adapt_scrape_file = [values, environment](
                                               YamlNode& root, std::vector<std::string>& warnings) {
    AdaptScrapeFile(*values, environment, root, warnings);
    return Status::Ok();
  };
  return Status::Ok();
}

}  // namespace sluice::agent
