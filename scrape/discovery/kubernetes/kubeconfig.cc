#include "scrape/discovery/kubernetes/kubeconfig.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/file.h"
#include "base/yaml.h"

namespace sluice::scrape {
namespace {

constexpr size_t kFileBytesMax = 4 << 20;
constexpr std::string_view kRefused[] = {"exec",   "auth-provider", "as",
                                         "as-uid", "as-groups",     "as-user-extra"};

// One map of the file, forgiving about what it does not know, as client-go is.
class Section {
 public:
  Section(const YamlNode& node, const std::string& path) : node_(&node), path_(&path) {}

  const YamlNode* Find(std::string_view key) const {
    for (const YamlEntry& entry : node_->entries) {
      if (entry.first.scalar == key) return &entry.second;
    }
    return nullptr;
  }

  bool Has(std::string_view key) const {
    const YamlNode* found = Find(key);
    if (found == nullptr || found->kind == YamlNode::Kind::kNull) return false;
    return found->kind != YamlNode::Kind::kScalar || !found->scalar.empty();
  }

  std::string Text(std::string_view key) const {
    const YamlNode* found = Find(key);
    const bool is_text = found != nullptr && found->kind == YamlNode::Kind::kScalar;
    return is_text ? found->scalar : "";
  }

  // A path, relative to the folder of the file.
  std::string Path(std::string_view key) const {
    const std::string text = Text(key);
    if (text.empty()) return text;
    return (std::filesystem::path(*path_).parent_path() / text).string();
  }

  // `section` of the entry with that name in the list `list`.
  std::optional<Section> Named(std::string_view list, std::string_view name,
                               std::string_view section) const {
    const YamlNode* items = Find(list);
    if (items == nullptr) return std::nullopt;
    for (const YamlNode& item : items->items) {
      const Section entry(item, *path_);
      if (entry.Text("name") != name) continue;
      const YamlNode* found = entry.Find(section);
      return Section(found == nullptr ? kNothing : *found, *path_);
    }
    return std::nullopt;
  }

 private:
  static const YamlNode kNothing;

  const YamlNode* node_;
  const std::string* path_;
};

const YamlNode Section::kNothing;

// A PEM that stands in the file itself wins over the path of one.
Status ReadPem(const Section& section, std::string_view key, std::string& text, std::string& file) {
  const std::string data_key = std::string(key) + "-data";
  if (!section.Has(data_key)) {
    file = section.Path(key);
    return Status::Ok();
  }
  std::optional<std::string> decoded = DecodeBase64(section.Text(data_key));
  if (!decoded) return InvalidInput(data_key + " is no base64");
  text = std::move(*decoded);
  return Status::Ok();
}

Status ReadCluster(const Section& cluster, ApiServer& server, HttpClientConfig& config) {
  server.url = cluster.Text("server");
  while (server.url.ends_with('/')) server.url.pop_back();
  const bool has_scheme = server.url.starts_with("http://") || server.url.starts_with("https://");
  if (!has_scheme) return InvalidInput("the cluster has no http or https URL as its server");
  config.tls.insecure_skip_verify = cluster.Text("insecure-skip-tls-verify") == "true";
  config.tls.server_name = cluster.Text("tls-server-name");
  config.proxy.url = Secret(cluster.Text("proxy-url"));
  // As client-go without a proxy-url.
  config.proxy.from_environment = config.proxy.url.empty();
  return ReadPem(cluster, "certificate-authority", config.tls.ca, config.tls.ca_file);
}

Status ReadUser(const Section& user, HttpClientConfig& config) {
  for (const std::string_view key : kRefused) {
    if (user.Has(key)) {
      return InvalidInput("\"" + std::string(key) +
                          "\" of the user is not supported: use a token, a tokenFile, a client "
                          "certificate or a password");
    }
  }
  std::string key;
  if (Status status = ReadPem(user, "client-certificate", config.tls.cert, config.tls.cert_file);
      !status.ok()) {
    return status;
  }
  if (Status status = ReadPem(user, "client-key", key, config.tls.key_file); !status.ok()) {
    return status;
  }
  config.tls.key = Secret(key);
  const bool has_cert = !config.tls.cert.empty() || !config.tls.cert_file.empty();
  const bool has_key = !config.tls.key.empty() || !config.tls.key_file.empty();
  if (has_cert != has_key) return InvalidInput("a client certificate and its key belong together");
  if (user.Has("tokenFile")) {
    config.authorization.emplace();
    config.authorization->credentials_file = user.Path("tokenFile");
  } else if (user.Has("token")) {
    config.authorization.emplace();
    config.authorization->credentials = Secret(user.Text("token"));
  } else if (user.Has("username")) {
    config.basic_auth.emplace();
    config.basic_auth->username = user.Text("username");
    config.basic_auth->password = Secret(user.Text("password"));
  }
  return Status::Ok();
}

Result<ApiServer> ReadContext(const Section& root) {
  const std::string name = root.Text("current-context");
  if (name.empty()) return InvalidInput("no current-context");
  const auto context = root.Named("contexts", name, "context");
  if (!context) return InvalidInput("no context \"" + name + "\"");
  const auto cluster = root.Named("clusters", context->Text("cluster"), "cluster");
  if (!cluster) return InvalidInput("no cluster \"" + context->Text("cluster") + "\"");
  ApiServer server;
  HttpClientConfig config;
  if (Status status = ReadCluster(*cluster, server, config); !status.ok()) return status.error();
  const std::string user_name = context->Text("user");
  if (!user_name.empty()) {
    const auto user = root.Named("users", user_name, "user");
    if (!user) return InvalidInput("no user \"" + user_name + "\"");
    if (Status status = ReadUser(*user, config); !status.ok()) return status.error();
  }
  server.client = std::make_shared<const HttpClient>(std::move(config));
  return server;
}

}  // namespace

Result<ApiServer> ParseKubeconfig(std::string_view text, const std::string& path) {
  const Result<YamlNode> root = ParseYaml(text, path);
  if (!root.ok()) return root.error();
  Result<ApiServer> server = ReadContext(Section(*root, path));
  if (!server.ok()) return server.error().WithContext(path);
  server->identity = text;
  return server;
}

Result<ApiServer> ReadKubeconfig(const std::string& path) {
  const Result<std::string> text = ReadFile(path, kFileBytesMax);
  if (!text.ok()) return text.error().WithContext("cannot read the kubeconfig");
  return ParseKubeconfig(*text, path);
}

}  // namespace sluice::scrape
