#include "scrape/discovery/kubernetes/kubeconfig.h"

#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "scrape/discovery/kubernetes/api_access.h"
#include "tests/support/temp_dir.h"

namespace sluice::scrape {
namespace {

std::string File(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
         "contexts: [{name: other, context: {}}, {name: c, context: {cluster: k, user: u}}]\n"
         "clusters: [{name: k, cluster: {" +
         cluster + "}}]\nusers: [{name: u, user: {" + user + "}}]\n";
}

ApiServer Parsed(const std::string& cluster, const std::string& user) {
  const Result<ApiServer> server = ParseKubeconfig(File(cluster, user), "/etc/k/config");
  if (!server.ok()) FAIL(server.error().message);
  return *server;
}

std::string Error(const std::string& text) {
  const Result<ApiServer> server = ParseKubeconfig(text, "/etc/k/config");
  return server.ok() ? "" : server.error().message;
}

TEST_CASE("a kubeconfig says where the cluster is and who asks", "[kubernetes_sd]") {
  const ApiServer server =
      Parsed("server: 'https://k:6443/', certificate-authority: ca.pem, tls-server-name: n",
             "token: t, client-certificate: /abs/cert, client-key: key");
  CHECK(server.url == "https://k:6443");
  const HttpClientConfig& config = server.client->config();
  CHECK(config.tls.ca_file == "/etc/k/ca.pem");
  CHECK(config.tls.cert_file == "/abs/cert");
  CHECK(config.tls.key_file == "/etc/k/key");
  CHECK(config.tls.server_name == "n");
  CHECK_FALSE(config.tls.insecure_skip_verify);
  CHECK(config.authorization->credentials.Reveal() == "t");
}

TEST_CASE("what stands in a kubeconfig itself wins over files", "[kubernetes_sd]") {
  const ApiServer server = Parsed(
      "server: http://k, certificate-authority-data: Q0E=, certificate-authority: x, "
      "insecure-skip-tls-verify: true",
      "client-certificate-data: Q1JU, client-key-data: S0VZ, tokenFile: tok, token: t");
  const HttpClientConfig& config = server.client->config();
  CHECK(config.tls.ca == "CA");
  CHECK(config.tls.ca_file.empty());
  CHECK(config.tls.cert == "CRT");
  CHECK(config.tls.key.Reveal() == "KEY");
  CHECK(config.tls.insecure_skip_verify);
  CHECK(config.authorization->credentials_file == "/etc/k/tok");
  CHECK(config.authorization->credentials.empty());
}

TEST_CASE("a kubeconfig may have a password", "[kubernetes_sd]") {
  const ApiServer server = Parsed("server: http://k", "username: n, password: p");
  CHECK(server.client->config().basic_auth->username == "n");
  CHECK(server.client->config().basic_auth->password.Reveal() == "p");
}

TEST_CASE("a kubeconfig that is no good is refused without its secrets", "[kubernetes_sd]") {
  CHECK(Error("{}") == "/etc/k/config: no current-context");
  CHECK(Error("current-context: x") == "/etc/k/config: no context \"x\"");
  CHECK_THAT(Error("current-context: c\ncontexts: [{name: c, context: {cluster: k}}]"),
             Catch::EndsWith("no cluster \"k\""));
  CHECK_THAT(Error(File("server: k", "")), Catch::Contains("no http or https URL"));
  CHECK_THAT(Error(File("server: http://k, certificate-authority-data: '!'", "")),
             Catch::Contains("certificate-authority-data is no base64"));
  CHECK_THAT(Error(File("server: http://k", "client-certificate: a")),
             Catch::Contains("belong together"));
  CHECK_THAT(
      Error(File("server: http://k", "exec: {command: aws, args: [canary]}")),
      Catch::Contains("\"exec\" of the user is not supported") && !Catch::Contains("canary"));
  CHECK_THAT(Error(File("server: http://k", "auth-provider: {name: gcp}")),
             Catch::Contains("\"auth-provider\""));
  CHECK_FALSE(Error("[").empty());
  CHECK_FALSE(ReadKubeconfig("/nonexistent/config").ok());
}

TEST_CASE("a pod reaches the API server of its cluster", "[kubernetes_sd]") {
  const test::TempDir folder;
  const PodSurroundings surroundings{
      .folder = folder.path().string(), .host = "2001:db8::1", .port = "443", .node = ""};
  const Result<ApiServer> server = InClusterServer(surroundings);
  REQUIRE(server.ok());
  CHECK(server->url == "https://[2001:db8::1]:443");
  std::ofstream(folder.path().string() + "/ca.crt") << "CA";
  std::ofstream(folder.path().string() + "/token") << "one\n";
  CHECK((*server->client->Resolve())->authorization == "Bearer one");
  // The kubelet replaces a token before it expires.
  std::ofstream(folder.path().string() + "/token") << "two\n";
  CHECK((*server->client->Resolve())->authorization == "Bearer two");
  CHECK_FALSE(InClusterServer({}).ok());
  CHECK_FALSE(OwnNamespace(surroundings).ok());
  std::ofstream(folder.path().string() + "/namespace") << "here\n";
  CHECK(*OwnNamespace(surroundings) == "here");
}

TEST_CASE("a kubeconfig that was replaced is read after a failure", "[kubernetes_sd]") {
  const test::TempDir folder;
  const std::string path = folder.path().string() + "/config";
  std::ofstream(path) << File("server: http://one", "token: t");
  ApiAccess access({.identity = "i", .api_server = "", .kubeconfig_file = path, .client = nullptr},
                   {});
  const ApiServer first = *access.Server();
  CHECK(first.url == "http://one");
  access.Renew();
  CHECK(access.Server()->client == first.client);
  std::ofstream(path) << File("server: http://two", "token: t");
  CHECK(access.Server()->url == "http://one");
  access.Renew();
  CHECK(access.Server()->url == "http://two");
}

}  // namespace
}  // namespace sluice::scrape
