#include "agent/vmagent/vmagent_destinations.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/config/yaml_tree.h"
#include "agent/vmagent/vmagent_flags.h"
#include "agent/vmagent/vmagent_rules.h"
#include "base/json.h"

namespace sluice::agent {
namespace {

// A flag, and the field that it sets.
struct FieldOfFlag {
  std::string_view flag;
  std::string_view field;
};

// Cuts `text` at the first `separator` and gives what was before it.
std::string_view TakeUntil(std::string_view& text, std::string_view separator) {
  const size_t end = text.find(separator);
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + separator.size());
  return front;
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
}

// Makes the entry of the URL of one place.
class EntryMaker {
 public:
  EntryMaker(const VmagentValues& values, size_t place) : values_(values), place_(place) {}

  Result<YamlNode> Make() {
    SetText(entry_, "remote_timeout", Of("remoteWrite.sendTimeout", "1m"));
    AddQueue();
    AddMetadata();
    AddHeaders();
    AddAuth();
    AddTls();
    AddSignature();
    if (const std::string proxy = Of("remoteWrite.proxyURL"); !proxy.empty()) {
      SetText(entry_, "proxy_url", proxy);
    }
    const std::string rate = SizeText(Of("remoteWrite.rateLimit", "0"));
    if (rate != "0") {
      YamlNode limit = EmptyMap();
      SetText(limit, "bytes_per_second", rate);
      SetEntry(entry_, "rate_limit", std::move(limit));
    }
    const bool forced_vm = values_.OnOf("remoteWrite.forceVMProto", place_);
    const bool forced_prometheus = values_.OnOf("remoteWrite.forcePromProto", place_);
    if (forced_vm && forced_prometheus) {
      Fail("-remoteWrite.forceVMProto and -remoteWrite.forcePromProto exclude each other");
    }
    if (forced_vm) SetText(entry_, "compression", "zstd");
    if (forced_prometheus) SetText(entry_, "compression", "snappy");
    if (!status_.ok()) return status_.error();
    return std::move(entry_);
  }

 private:
  std::string Of(std::string_view name, std::string_view fallback = {}) const {
    return values_.Of(name, place_, fallback);
  }

  void Fail(std::string message) {
    if (status_.ok()) status_ = InvalidInput(std::move(message));
  }

  static void SetText(YamlNode& map, std::string_view field, std::string_view value) {
    SetEntry(map, field, ScalarNode(value));
  }

  // A map with the fields whose flags say something; null when there is none.
  YamlNode Section(std::initializer_list<FieldOfFlag> fields) const {
    YamlNode section = EmptyMap();
    for (const FieldOfFlag& each : fields) {
      const std::string value = Of(each.flag);
      if (value.empty()) continue;
      const bool is_path = each.field.ends_with("_file");
      SetEntry(section, each.field, TextNode(is_path ? AbsolutePath(value) : value));
    }
    return section.entries.empty() ? YamlNode() : section;
  }

  void SetSection(std::string_view name, YamlNode section) {
    if (section.kind != YamlNode::Kind::kNull) SetEntry(entry_, name, std::move(section));
  }

  void AddQueue() {
    YamlNode queue = EmptyMap();
    const unsigned shards = std::max(1U, 2 * std::thread::hardware_concurrency());
    SetText(queue, "max_shards", Of("remoteWrite.queues", std::to_string(shards)));
    SetText(queue, "max_samples_per_send", values_.Text("remoteWrite.maxRowsPerBlock", "10000"));
    SetText(queue, "batch_send_deadline", values_.Text("remoteWrite.flushInterval", "1s"));
    const std::string longest = Of("remoteWrite.retryMaxTime", "1m");
    SetText(queue, "min_backoff", Of("remoteWrite.retryMinInterval", "1s"));
    SetText(queue, "max_backoff", Of("remoteWrite.retryMaxInterval", longest));
    SetEntry(entry_, "queue_config", std::move(queue));
  }

  void AddMetadata() {
    const bool send =
        values_.On("enableMetadata", true) && !values_.OnOf("remoteWrite.disableMetadata", place_);
    YamlNode metadata = EmptyMap();
    SetEntry(metadata, "send", FlagNode(send));
    SetEntry(entry_, "metadata_config", std::move(metadata));
  }

  void AddHeaders() {
    const std::string text = Of("remoteWrite.headers");
    YamlNode headers = EmptyMap();
    for (std::string_view rest = text; !rest.empty();) {
      std::string_view value = TakeUntil(rest, "^^");
      const std::string_view name = Trim(TakeUntil(value, ":"));
      // Prometheus keeps credentials out of `headers`.
      if (name == "Authorization" || name == "authorization") {
        std::string_view credentials = Trim(value);
        YamlNode authorization = EmptyMap();
        SetEntry(authorization, "type", TextNode(TakeUntil(credentials, " ")));
        SetEntry(authorization, "credentials", TextNode(Trim(credentials)));
        SetEntry(entry_, "authorization", std::move(authorization));
      } else {
        SetEntry(headers, name, TextNode(Trim(value)));
      }
    }
    if (!headers.entries.empty()) SetEntry(entry_, "headers", std::move(headers));
  }

  void AddAuth() {
    SetSection("basic_auth", Section({{"remoteWrite.basicAuth.username", "username"},
                                      {"remoteWrite.basicAuth.usernameFile", "username_file"},
                                      {"remoteWrite.basicAuth.password", "password"},
                                      {"remoteWrite.basicAuth.passwordFile", "password_file"}}));
    SetSection("authorization", Section({{"remoteWrite.bearerToken", "credentials"},
                                         {"remoteWrite.bearerTokenFile", "credentials_file"}}));
    YamlNode oauth2 = Section({{"remoteWrite.oauth2.clientID", "client_id"},
                               {"remoteWrite.oauth2.clientSecret", "client_secret"},
                               {"remoteWrite.oauth2.clientSecretFile", "client_secret_file"},
                               {"remoteWrite.oauth2.tokenUrl", "token_url"}});
    if (oauth2.kind == YamlNode::Kind::kNull) return;
    const std::string scopes = Of("remoteWrite.oauth2.scopes");
    YamlNode list = EmptyList();
    for (std::string_view rest = scopes; !rest.empty();) {
      list.items.push_back(TextNode(Trim(TakeUntil(rest, ";"))));
    }
    SetEntry(oauth2, "scopes", std::move(list));
    AddEndpointParams(oauth2);
    SetEntry(entry_, "oauth2", std::move(oauth2));
  }

  void AddEndpointParams(YamlNode& oauth2) {
    const std::string text = Of("remoteWrite.oauth2.endpointParams");
    if (text.empty()) return;
    const auto document = JsonDocument::Parse(text);
    if (!document.ok() || !(*document)->root().is_object()) {
      return Fail("-remoteWrite.oauth2.endpointParams: must be a JSON object");
    }
    YamlNode params = EmptyMap();
    for (const auto& [name, value] : (*document)->root().Entries()) {
      SetEntry(params, name, TextNode(value.Text()));
    }
    SetEntry(oauth2, "endpoint_params", std::move(params));
  }

  void AddTls() {
    YamlNode tls = Section({{"remoteWrite.tlsCAFile", "ca_file"},
                            {"remoteWrite.tlsCertFile", "cert_file"},
                            {"remoteWrite.tlsKeyFile", "key_file"},
                            {"remoteWrite.tlsServerName", "server_name"}});
    if (values_.OnOf("remoteWrite.tlsInsecureSkipVerify", place_)) {
      if (tls.kind == YamlNode::Kind::kNull) tls = EmptyMap();
      SetEntry(tls, "insecure_skip_verify", FlagNode(true));
    }
    SetSection("tls_config", std::move(tls));
  }

  void AddSignature() {
    if (!values_.OnOf("remoteWrite.aws.useSigv4", place_)) return;
    YamlNode sigv4 = Section({{"remoteWrite.aws.region", "region"},
                              {"remoteWrite.aws.accessKey", "access_key"},
                              {"remoteWrite.aws.secretKey", "secret_key"},
                              {"remoteWrite.aws.roleARN", "role_arn"},
                              {"remoteWrite.aws.service", "service_name"}});
    SetEntry(entry_, "sigv4", sigv4.kind == YamlNode::Kind::kNull ? EmptyMap() : std::move(sigv4));
  }

  const VmagentValues& values_;
  const size_t place_;
  YamlNode entry_ = EmptyMap();
  Status status_;
};

// All series go to one or some of the URLs, whose settings are those of the first.
Result<YamlNode> ShardedEntry(const VmagentValues& values, const std::vector<std::string>& urls) {
  Result<YamlNode> entry = EntryMaker(values, 0).Make();
  Result<YamlNode> rules = VmagentWriteRules(values, 0);
  if (!entry.ok()) return entry;
  if (!rules.ok()) return rules;
  YamlNode list = EmptyList();
  for (const std::string& url : urls) list.items.push_back(TextNode(url));
  SetEntry(*entry, "urls", std::move(list));
  SetEntry(*entry, "distribute", TextNode("shard"));
  SetEntry(*entry, "replicas", ScalarNode(values.Text("remoteWrite.shardByURLReplicas", "1")));
  SetEntry(*entry, "write_relabel_configs", std::move(*rules));
  return entry;
}

// Of a group there is one setting only.
Status CheckSharded(const VmagentValues& values) {
  for (const VmagentFlag* flag : VmagentFlags()) {
    const std::string_view name = flag->spec.name;
    if (name == "remoteWrite.url" || name == "remoteWrite.label") continue;
    if (!name.starts_with("remoteWrite.") || values.List(name).size() < 2) continue;
    return InvalidInput("-" + std::string(name) +
                        ": with -remoteWrite.shardByURL one value is for all URLs");
  }
  return Status::Ok();
}

}  // namespace

Result<YamlNode> VmagentRemoteWrite(const VmagentValues& values) {
  const std::vector<std::string> urls = values.List("remoteWrite.url");
  YamlNode list = EmptyList();
  if (values.On("remoteWrite.shardByURL") && urls.size() > 1) {
    if (Status status = CheckSharded(values); !status.ok()) return status.error();
    Result<YamlNode> entry = ShardedEntry(values, urls);
    if (!entry.ok()) return entry;
    list.items.push_back(std::move(*entry));
    return list;
  }
  for (size_t place = 0; place < urls.size(); ++place) {
    Result<YamlNode> entry = EntryMaker(values, place).Make();
    if (!entry.ok()) return entry;
    Result<YamlNode> rules = VmagentWriteRules(values, place);
    if (!rules.ok()) return rules;
    SetEntry(*entry, "url", TextNode(urls[place]));
    SetEntry(*entry, "write_relabel_configs", std::move(*rules));
    list.items.push_back(std::move(*entry));
  }
  return list;
}

}  // namespace sluice::agent
