#include "agent/flags/options_reader.h"

#include <fstream>
#include <set>

#include <catch2/catch.hpp>

#include "agent/flags/agent_flags.h"
#include "agent/vmagent/vmagent_flags.h"
#include "tests/support/temp_dir.h"

namespace sluice::agent {
namespace {

using Arguments = std::vector<std::string>;

Result<ReadOptions> Read(const Arguments& arguments,
                         const std::map<std::string, std::string>& environment = {}) {
  return ReadOptionsFrom(arguments, [environment](std::string_view name) {
    const auto found = environment.find(std::string(name));
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST_CASE("what --help says a default is, is the default", "[flags]") {
  Arguments all;
  for (const FlagSpec* spec : AgentFlagSpecs()) {
    const bool has_default = !spec->help.empty() && !spec->fallback.empty();
    if (!has_default) continue;
    all.push_back("--" + std::string(spec->name) + "=" + std::string(spec->fallback));
  }
  const auto said = Read(all);
  const auto none = Read({});
  REQUIRE(said.ok());
  REQUIRE(none.ok());
  CHECK(said->options.flags == none->options.flags);
  const Options& a = said->options;
  const Options& b = none->options;
  CHECK(a.config_file == b.config_file);
  CHECK(a.auto_reload_interval == b.auto_reload_interval);
  CHECK(a.web.listen_addresses == b.web.listen_addresses);
  CHECK(a.web.read_timeout == b.web.read_timeout);
  CHECK(a.web.connections_max == b.web.connections_max);
  CHECK(a.data_directory == b.data_directory);
  CHECK(a.buffer_bytes_max == b.buffer_bytes_max);
  CHECK(a.quarantine_bytes_max == b.quarantine_bytes_max);
  CHECK(a.held_bytes_max == b.held_bytes_max);
  CHECK(a.sync_interval == b.sync_interval);
  CHECK(a.flush_deadline == b.flush_deadline);
  CHECK(a.scrape_body_bytes_max == b.scrape_body_bytes_max);
  CHECK(a.cluster.members == b.cluster.members);
  CHECK(a.cluster.replication == b.cluster.replication);
  CHECK(a.log_level == b.log_level);
  CHECK(a.log_format == b.log_format);
}

TEST_CASE("no two flags have the same name", "[flags]") {
  std::set<std::string_view> names;
  FlagSpecs all = AgentFlagSpecs();
  const FlagSpecs foreign = VmagentFlagSpecs();
  all.insert(all.end(), foreign.begin(), foreign.end());
  for (const FlagSpec* spec : all) {
    CAPTURE(spec->name);
    CHECK(names.insert(spec->name).second);
  }
}

TEST_CASE("flags of a server are taken unless agent mode is asked for", "[flags]") {
  const auto server = Read({"--storage.tsdb.path=/data", "--query.timeout=1m"});
  REQUIRE(server.ok());
  CHECK(server->mismatched.empty());
  CHECK(server->options.data_directory == "/data/sluice");
  CHECK(server->options.ignored == Arguments{"--query.timeout"});
  for (const char* agent : {"--agent", "--enable-feature=agent"}) {
    CHECK(Read({agent, "--query.timeout=1m"})->mismatched == Arguments{"--query.timeout"});
  }
}

TEST_CASE("a bad value is an error with the name of its flag", "[flags]") {
  struct Case {
    Arguments arguments;
    std::string error;
  };

  const Case cases[] = {
      {{"--web.max-connections=0"}, "--web.max-connections: must be a number of at least 1"},
      {{"--web.read-timeout=0s"}, "--web.read-timeout: must be more than 0"},
      {{"--web.external-url=nonsense"}, "--web.external-url: "},
      {{"--web.cors.origin=("}, "--web.cors.origin: bad regular expression"},
      {{"--cluster.members-count=x"}, "--cluster.members-count: must be a number"},
      {{"--log.level=loud"}, "--log.level: "},
      {{"-promscrape.config=a"}, "-remoteWrite.url is missing"},
      {{"-remoteWrite.url=http://a"}, "-promscrape.config is missing"},
      {{"-promscrape.config=http://a", "-remoteWrite.url=http://a"}, "a URL is not supported"},
      {{"-remoteWrite.url=a", "-promscrape.config=a", "-influxListenAddr=:1"},
       "takes no metrics that are pushed"},
      {{"-remoteWrite.url=a", "-promscrape.config=a", "-streamAggr.config=a"},
       "does not aggregate"},
      {{"-remoteWrite.url=a", "-promscrape.config=a", "-loggerLevel=a"}, "-loggerLevel: must be"},
  };
  for (const Case& each : cases) {
    const auto read = Read(each.arguments);
    REQUIRE_FALSE(read.ok());
    CAPTURE(read.error().message);
    CHECK(read.error().message.find(each.error) != std::string::npos);
  }
}

// The configuration that a command line of vmagent leads to.
Result<Config> Load(const Arguments& arguments,
                    const std::map<std::string, std::string>& environment = {}) {
  const auto read = Read(arguments, environment);
  if (!read.ok()) return read.error();
  const Environment none = [](std::string_view) { return std::nullopt; };
  return LoadConfig(read->options.config_file, none, read->options.config_flags);
}

class VmagentFiles {
 public:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = dir_.File(name);
    std::ofstream(path) << text;
    return path;
  }

 private:
  test::TempDir dir_;
};

TEST_CASE("flags of vmagent become options", "[vmagent]") {
  const auto read =
      Read({"-promscrape.config=p.yml", "-remoteWrite.url=http://u:p@a/w,https://v:q@b/w",
            "-remoteWrite.tmpDataPath=/q", "-httpListenAddr=127.0.0.1:1,127.0.0.1:2",
            "-http.pathPrefix=/x", "-loggerLevel=ERROR", "-loggerFormat=json",
            "-promscrape.cluster.memberNum=agent-2", "-promscrape.cluster.membersCount=3",
            "-promscrape.configCheckInterval=10s", "-remoteWrite.maxDiskUsagePerURL=1GiB",
            "-remoteWrite.bearerToken=hush", "-memory.allowedPercent=20",
            "-promscrape.noStaleMarkers", "-influxListenAddr="});
  REQUIRE(read.ok());
  const Options& options = read->options;
  CHECK(options.config_file == "p.yml");
  CHECK(options.data_directory == "/q/sluice");
  CHECK(options.web.listen_addresses == Arguments{"127.0.0.1:1", "127.0.0.1:2"});
  CHECK(options.own_url.route_prefix() == "/x");
  CHECK(options.log_level == LogLevel::kError);
  CHECK(options.log_format == LogFormat::kJson);
  CHECK(options.cluster.member == 2);
  CHECK(options.cluster.members == 3);
  CHECK(options.auto_reload);
  CHECK(options.auto_reload_interval == std::chrono::seconds(10));
  CHECK(options.buffer_bytes_max == 1ULL << 30);
  CHECK(options.enable_reload);
  CHECK_FALSE(options.enable_quit);
  CHECK(options.flags.at("remoteWrite.bearerToken") == "secret");
  CHECK(options.flags.at("remoteWrite.url") == "http://a/w,https://b/w");
  REQUIRE(options.warnings.size() == 1);
  CHECK(options.warnings[0].find("-promscrape.noStaleMarkers") == 0);
}

TEST_CASE("each URL of vmagent is a destination with what the lists say of it", "[vmagent]") {
  VmagentFiles files;
  const auto config =
      Load({"-promscrape.config=" + files.Write("p.yml", "{}"),
            "-remoteWrite.url=http://a/w,http://b/w", "-remoteWrite.url=http://c/w",
            "-remoteWrite.sendTimeout=5s", "-remoteWrite.headers='X-Scope-OrgID: one^^X-B:2','',",
            "-remoteWrite.forcePromProto=false,true", "-remoteWrite.rateLimit=,1000",
            "-remoteWrite.queues=4", "-remoteWrite.label=dc=$1",
            "-remoteWrite.relabelConfig=" +
                files.Write("all.yml", "- {action: drop_metrics, regex: [x, y.*]}"),
            "-remoteWrite.urlRelabelConfig=" +
                files.Write("one.yml", "- {action: keep_if_equal, source_labels: [a, b, c]}")});
  REQUIRE(config.ok());
  REQUIRE(config->destinations.size() == 3);
  const auto& first = config->destinations[0];
  CHECK(first.url == "http://a/w");
  CHECK(first.remote_timeout == std::chrono::seconds(5));
  CHECK(first.queue.max_shards == 4);
  CHECK(first.queue.max_samples_per_send == 10'000);
  CHECK(first.headers.size() == 2);
  CHECK(config->destinations[1].rate_limit.bytes_per_second == 1000);
  CHECK(config->destinations[2].rate_limit.bytes_per_second == 0);
  using Choice = remotewrite::ProtocolConfig::CompressionChoice;
  CHECK(first.protocol.compression == Choice::kAuto);
  CHECK(config->destinations[1].protocol.compression == Choice::kSnappy);
  // drop, two comparisons and the label; the comparisons are for the first alone.
  CHECK(first.write_relabel.rules().size() == 4);
  CHECK(config->destinations[1].write_relabel.rules().size() == 2);
  relabel::LabelsBuilder labels(relabel::Labels{{"__name__", "z"}});
  CHECK(config->destinations[1].write_relabel.Apply(labels));
  CHECK(labels.Get("dc") == "$1");
  labels.Reset({{"__name__", "y1"}});
  CHECK_FALSE(config->destinations[1].write_relabel.Apply(labels));
}

TEST_CASE("URLs that share the series are one group", "[vmagent]") {
  VmagentFiles files;
  const std::string path = files.Write("p.yml", "{}");
  Arguments arguments = {"-promscrape.config=" + path, "-remoteWrite.url=http://a/w,http://b/w",
                         "-remoteWrite.shardByURL"};
  const auto config = Load(arguments);
  REQUIRE(config.ok());
  REQUIRE(config->destinations.size() == 2);
  CHECK(config->destinations[0].sharding.is_on());
  arguments.emplace_back("-remoteWrite.rateLimit=1,2");
  CHECK(Load(arguments).error().message.find("one value is for all URLs") != std::string::npos);
}

TEST_CASE("a scrape configuration is read as vmagent reads it", "[vmagent]") {
  VmagentFiles files;
  const std::string further = files.Write("more.yml", "- {job_name: more, stream_parse: true}\n");
  const std::string path = files.Write("p.yml", R"(
global:
  external_labels: {dc: '%{DC}', other: '%{NONE}'}
  relabel_configs: [{target_label: g, replacement: '1'}]
scrape_config_files: [)" + further + R"(]
scrape_configs:
- job_name: own
  max_scrape_size: 4MiB
  disable_compression: true
  honor_timestamps: true
  scrape_offset: 5s
  series_limit: 10
  headers: ["X-Key: a: b"]
  relabel_configs: [{target_label: j, replacement: '2'}]
  file_sd_configs: [{files: [a.json]}]
- job_name: plain
)");
  const auto config = Load({"-promscrape.config=" + path, "-remoteWrite.url=http://a/w",
                            "-promscrape.maxScrapeSize=1MiB", "-promscrape.fileSDCheckInterval=7s"},
                           {{"DC", "eu"}});
  REQUIRE(config.ok());
  CHECK(config->external_labels == relabel::Labels{{"dc", "eu"}, {"other", "%{NONE}"}});
  REQUIRE(config->jobs.size() == 3);
  const scrape::JobConfig& own = config->jobs[0];
  CHECK(own.body_size_limit == 4 << 20);
  CHECK_FALSE(own.enable_compression);
  CHECK(own.honor_timestamps);
  CHECK_FALSE(own.respell_labels);
  CHECK(own.relabel.rules().size() == 2);
  CHECK(own.scrape_protocols.size() == 1);
  const scrape::JobConfig& plain = config->jobs[1];
  CHECK(plain.body_size_limit == 1 << 20);
  CHECK(plain.enable_compression);
  CHECK_FALSE(plain.honor_timestamps);
  CHECK(config->jobs[2].name == "more");
  CHECK(config->warnings.size() == 2);
}

TEST_CASE("flags of vmagent may stand in the environment", "[vmagent]") {
  const auto read = Read({"-envflag.enable", "-envflag.prefix=VM_", "-loggerLevel=WARN"},
                         {{"VM_promscrape_config", "p.yml"},
                          {"VM_remoteWrite_url", "http://%{HOST}/w"},
                          {"VM_loggerLevel", "ERROR"},
                          {"HOST", "a"}});
  REQUIRE(read.ok());
  CHECK(read->options.config_file == "p.yml");
  CHECK(read->options.log_level == LogLevel::kWarn);
}

}  // namespace
}  // namespace sluice::agent
