#include "agent/config/remote_write_section.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/canonical.h"
#include "agent/config/destination_names.h"
#include "agent/config/header_rules.h"
#include "agent/config/headers_section.h"
#include "agent/config/http_client_section.h"
#include "agent/config/relabel_rules.h"
#include "agent/config/spec.h"
#include "agent/config/url_text.h"
#include "agent/config/write_auth_section.h"
#include "base/hash.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 28> kFields = {"url",
                                                      "name",
                                                      "remote_timeout",
                                                      "headers",
                                                      "write_relabel_configs",
                                                      "queue_config",
                                                      "metadata_config",
                                                      "send_exemplars",
                                                      "send_native_histograms",
                                                      "replay",
                                                      "replay_share",
                                                      "on_remove",
                                                      "max_bytes",
                                                      "when_full",
                                                      "rate_limit",
                                                      "thin_out",
                                                      "urls",
                                                      "distribute",
                                                      "replicas",
                                                      "tenant_from",
                                                      "tenant_header",
                                                      "tenant_keep_label",
                                                      "tenant_default",
                                                      "protobuf_message",
                                                      "compression",
                                                      "round_robin_dns",
                                                      "failed_request_logging",
                                                      "max_connection_age"};
constexpr std::array<std::string_view, 9> kQueueFields = {"capacity",
                                                          "max_shards",
                                                          "min_shards",
                                                          "max_samples_per_send",
                                                          "batch_send_deadline",
                                                          "min_backoff",
                                                          "max_backoff",
                                                          "retry_on_http_429",
                                                          "sample_age_limit"};
constexpr std::array<std::string_view, 2> kRateLimitFields = {"samples_per_second",
                                                              "bytes_per_second"};
constexpr std::array<std::string_view, 2> kThinOutFields = {"after", "interval"};
constexpr std::array<std::string_view, 3> kMetadataFields = {"send", "send_interval",
                                                             "max_samples_per_send"};

void RequirePositive(const Fields& fields, std::string_view name, uint64_t value) {
  if (value > 0) return;
  fields.Find(name)
      .value_or(fields.map())
      .Fail("remote write queue " + std::string(name) + " must be positive");
}

remotewrite::QueueConfig DecodeQueue(const Value& value) {
  remotewrite::QueueConfig queue;
  const Fields fields(value, "config.QueueConfig", {kQueueFields});
  fields.Read("capacity", queue.capacity);
  fields.Read("max_shards", queue.max_shards);
  fields.Read("min_shards", queue.min_shards);
  fields.Read("max_samples_per_send", queue.max_samples_per_send);
  fields.Read("batch_send_deadline", queue.batch_send_deadline);
  fields.Read("min_backoff", queue.min_backoff);
  fields.Read("max_backoff", queue.max_backoff);
  fields.Read("sample_age_limit", queue.sample_age_limit);
  RequirePositive(fields, "capacity", queue.capacity);
  RequirePositive(fields, "max_shards", queue.max_shards);
  RequirePositive(fields, "min_shards", queue.min_shards);
  RequirePositive(fields, "max_samples_per_send", queue.max_samples_per_send);
  if (queue.min_shards > queue.max_shards) {
    value.Fail("remote write queue min_shards must not be greater than max_shards");
  }
  if (queue.max_backoff < queue.min_backoff) {
    value.Fail("remote write queue max_backoff must not be less than min_backoff");
  }
  if (const auto retry = fields.Find("retry_on_http_429"); retry && !retry->Bool()) {
    retry->Warn("requests answered with 429 are always tried again");
  }
  return queue;
}

remotewrite::MetadataConfig DecodeMetadata(const Value& value) {
  remotewrite::MetadataConfig metadata;
  const Fields fields(value, "config.MetadataConfig", {kMetadataFields});
  fields.Read("send", metadata.send);
  fields.Read("send_interval", metadata.send_interval);
  fields.Read("max_samples_per_send", metadata.max_samples_per_send);
  if (!metadata.send) return metadata;
  if (metadata.send_interval.count() == 0) {
    FailAt(fields, "send_interval", "the send_interval of metadata_config must be positive");
  }
  if (metadata.max_samples_per_send == 0) {
    FailAt(fields, "max_samples_per_send",
           "the max_samples_per_send of metadata_config must be positive");
  }
  return metadata;
}

remotewrite::ReplayConfig DecodeReplay(const Fields& fields) {
  remotewrite::ReplayConfig replay;
  if (const auto value = fields.Find("replay"); value && !value->is_null()) {
    const std::string text = value->Text();
    if (text == "live_first") {
      replay.order = remotewrite::ReplayOrder::kLiveFirst;
    } else if (text != "in_order") {
      value->Fail("unknown replay " + QuoteText(text) + ", expected in_order or live_first");
    }
  }
  fields.Read("replay_share", replay.share);
  if (replay.share <= 0 || replay.share > 1) {
    fields.Find("replay_share")->Fail("replay_share must be more than 0 and at most 1");
  }
  return replay;
}

remotewrite::OnRemove DecodeOnRemove(const Fields& fields) {
  const auto value = fields.Find("on_remove");
  if (!value || value->is_null()) return remotewrite::OnRemove::kDrain;
  const std::string text = value->Text();
  if (text == "keep") return remotewrite::OnRemove::kKeep;
  if (text == "drop") return remotewrite::OnRemove::kDrop;
  if (text != "drain") {
    value->Fail("unknown on_remove " + QuoteText(text) + ", expected drain, keep or drop");
  }
  return remotewrite::OnRemove::kDrain;
}

// Less is no room for the labels and series of a few targets, which each stretch of the buffer
// repeats.
constexpr uint64_t kDiskBudgetMin = 1 << 20;

buffer::DiskBudget DecodeDiskBudget(const Fields& fields) {
  buffer::DiskBudget budget;
  fields.ReadSize("max_bytes", budget.bytes_max);
  if (const auto value = fields.Find("max_bytes");
      value && !value->is_null() && budget.bytes_max < kDiskBudgetMin) {
    value->Fail("max_bytes must be at least 1MiB");
  }
  const auto value = fields.Find("when_full");
  if (!value || value->is_null()) return budget;
  const std::string text = value->Text();
  if (text == "stop_accepting") {
    budget.when_full = buffer::WhenFull::kStopAccepting;
  } else if (text == "thin_out") {
    budget.when_full = buffer::WhenFull::kThinOut;
  } else if (text != "drop_oldest") {
    value->Fail("unknown when_full " + QuoteText(text) +
                ", expected drop_oldest, thin_out or stop_accepting");
  }
  return budget;
}

remotewrite::RateLimitConfig DecodeRateLimit(const Value& value) {
  remotewrite::RateLimitConfig limit;
  const Fields fields(value, "sluice.RateLimit", {kRateLimitFields});
  fields.Read("samples_per_second", limit.samples_per_second);
  if (const auto bytes = fields.Find("bytes_per_second"); bytes && !bytes->is_null()) {
    limit.bytes_per_second = bytes->Size();
  }
  return limit;
}

remotewrite::ThinningConfig DecodeThinOut(const Value& value) {
  remotewrite::ThinningConfig thinning;
  const Fields fields(value, "sluice.ThinOut", {kThinOutFields});
  fields.Read("after", thinning.after);
  fields.Read("interval", thinning.interval);
  if (thinning.after.count() == 0) value.Fail("thin_out needs a positive after");
  if (thinning.interval.count() == 0) value.Fail("the interval of thin_out must be positive");
  return thinning;
}

void CheckTenantHeader(const Value& value, const remotewrite::DestinationConfig& destination) {
  const std::string& name = destination.tenant.header;
  if (!IsHeaderName(name)) value.Fail(QuoteText(name) + " is no name of a header");
  if (IsReservedHeader(name) || LowerAscii(name) == "authorization") {
    value.Fail("the header " + name + " says something else than a tenant");
  }
  for (const auto& [header, text] : destination.headers) {
    if (LowerAscii(header) != LowerAscii(name)) continue;
    value.Fail("the header " + name + " is among `headers`, too");
  }
}

// Of what decides whose a series is, as text.
uint64_t TenantRulesHash(const Fields& fields, const GlobalSection& global) {
  std::string text = global.external_labels.ToString();
  for (const std::string_view name : {"write_relabel_configs", "tenant_from", "tenant_default"}) {
    const auto value = fields.Find(name);
    text += "\n" + (value ? CanonicalText(value->node()) : std::string());
  }
  return XxHash64(text);
}

// After the URL and the headers.
void DecodeTenant(const Fields& fields, remotewrite::DestinationConfig& destination) {
  remotewrite::TenantConfig& tenant = destination.tenant;
  fields.Read("tenant_from", tenant.label);
  fields.Read("tenant_keep_label", tenant.keep_label);
  fields.Read("tenant_default", tenant.fallback);
  const bool in_url = destination.url.find(remotewrite::kTenantPlace) != std::string::npos;
  const auto header = fields.Find("tenant_header");
  if (header && !header->is_null()) tenant.header = header->Text();
  if (!tenant.is_on()) {
    if (in_url) fields.map().Fail("{tenant} in the URL needs tenant_from");
    for (const std::string_view name : {"tenant_header", "tenant_keep_label", "tenant_default"}) {
      if (const auto value = fields.Find(name); value && !value->is_null()) {
        value->Fail(std::string(name) + " needs tenant_from");
      }
    }
    return;
  }
  if (in_url) {
    if (header) header->Fail("either tenant_header or {tenant} in the URL");
    tenant.header.clear();
    return;
  }
  CheckTenantHeader(header.value_or(*fields.Find("tenant_from")), destination);
}

void CheckUrl(const Value& value, const std::string& url) {
  const Result<UrlText> parts = ReadUrlText(url);
  if (!parts.ok()) return value.Fail(parts.error().message);
  if (parts->scheme != "http" && parts->scheme != "https") {
    value.Fail("the URL must begin with http:// or https://");
  }
  if (parts->host.empty() || parts->host[0] == ':') value.Fail("the URL has no host");
  if (url.find(' ') != std::string::npos) value.Fail("the URL has a space");
}

// `url`, or `urls`, of which the first stands for all.
void DecodeUrls(const Value& value, const Fields& fields,
                remotewrite::DestinationConfig& destination) {
  fields.Read("url", destination.url);
  const auto list = fields.Find("urls");
  if (!list || list->is_null()) {
    if (destination.url.empty()) return value.Fail("url for remote_write is empty");
    return CheckUrl(*fields.Find("url"), destination.url);
  }
  if (!destination.url.empty()) list->Fail("either url or urls");
  std::set<std::string> seen;
  for (const Value& item : list->Items("[]string")) {
    const std::string url = item.Text();
    CheckUrl(item, url);
    if (!seen.insert(url).second) item.Fail("the URL comes twice");
    destination.urls.push_back(url);
  }
  if (destination.urls.empty()) return list->Fail("urls is empty");
  destination.url = destination.urls.front();
}

// Whether the series are to be spread over the URLs, and to how many of them each goes.
std::optional<uint32_t> DecodeSharding(const Fields& fields,
                                       const remotewrite::DestinationConfig& destination) {
  const auto distribute = fields.Find("distribute");
  const std::string text =
      distribute && !distribute->is_null() ? distribute->Text() : "round_robin";
  if (text != "round_robin" && text != "shard") {
    distribute->Fail("unknown distribute " + QuoteText(text) + ", expected round_robin or shard");
  }
  const auto replicas = fields.Find("replicas");
  if (text != "shard") {
    if (replicas && !replicas->is_null()) replicas->Fail("replicas needs distribute: shard");
    return std::nullopt;
  }
  if (destination.urls.empty()) distribute->Fail("distribute: shard needs urls");
  uint32_t count = 1;
  fields.Read("replicas", count);
  if (count == 0 || count > destination.urls.size()) {
    replicas.value_or(*distribute)
        .Fail("replicas must be at least 1 and at most the number of urls");
  }
  return count;
}

// A destination for each URL.
std::vector<remotewrite::DestinationConfig> SpreadOut(remotewrite::DestinationConfig group,
                                                      uint32_t replicas) {
  std::vector<std::string> members;
  for (const std::string& url : group.urls) members.push_back(remotewrite::MemberId(url));
  const std::vector<std::string> urls = std::exchange(group.urls, {});
  std::vector<remotewrite::DestinationConfig> all;
  for (size_t i = 0; i < urls.size(); ++i) {
    remotewrite::DestinationConfig& each = all.emplace_back(group);
    each.url = urls[i];
    each.sharding = remotewrite::Sharding(members, members[i], replicas);
    each.name = remotewrite::ShardName(group.name, each.sharding);
  }
  return all;
}

remotewrite::Message DecodeMessage(const Fields& fields) {
  const auto value = fields.Find("protobuf_message");
  if (!value.has_value()) return remotewrite::Message::kV1;
  const std::string message = value->Text();
  if (message == "io.prometheus.write.v2.Request") return remotewrite::Message::kV2;
  if (message.empty() || message == "prometheus.WriteRequest") return remotewrite::Message::kV1;
  value->Fail("invalid protobuf_message value: unknown type for remote write protobuf message " +
              message + ", supported: prometheus.WriteRequest, io.prometheus.write.v2.Request");
  return remotewrite::Message::kV1;
}

remotewrite::ProtocolConfig DecodeProtocol(const Fields& fields) {
  using CompressionChoice = remotewrite::ProtocolConfig::CompressionChoice;
  remotewrite::ProtocolConfig protocol{.message = DecodeMessage(fields)};
  const auto value = fields.Find("compression");
  if (!value || value->is_null()) return protocol;
  const std::string text = value->Text();
  if (text == "snappy") {
    protocol.compression = CompressionChoice::kSnappy;
  } else if (text == "zstd") {
    protocol.compression = CompressionChoice::kZstd;
    if (protocol.message == remotewrite::Message::kV2) {
      value->Fail("compression zstd is a variant of prometheus.WriteRequest alone");
    }
  } else if (text != "auto") {
    value->Fail("unknown compression " + QuoteText(text) + ", expected auto, snappy or zstd");
  }
  return protocol;
}

void CheckCredentials(const Fields& fields) {
  std::string configured;
  for (const std::string_view name :
       {"basic_auth", "authorization", "oauth2", "sigv4", "azuread", "google_iam"}) {
    const auto value = fields.Find(name);
    if (!value || value->is_null()) continue;
    if (!configured.empty()) configured += ' ';
    configured += name;
  }
  if (configured.find(' ') == std::string::npos) return;
  fields.map().Fail(
      "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be "
      "configured. Currently configured: [" +
      configured + "]");
}

// `replicas`: see DecodeSharding.
remotewrite::DestinationConfig DecodeDestination(const Value& value, const GlobalSection& global,
                                                 std::optional<uint32_t>& replicas) {
  remotewrite::DestinationConfig destination;
  const Fields fields(value, "config.plain", {kFields, WriteAuthFields(), HttpClientFields()});
  destination.protocol = DecodeProtocol(fields);
  CheckCredentials(fields);
  DecodeUrls(value, fields, destination);
  replicas = DecodeSharding(fields, destination);
  fields.Read("name", destination.name);
  if (const auto timeout = fields.Find("remote_timeout"); timeout && !timeout->is_null()) {
    destination.remote_timeout = timeout->Duration();
    if (destination.remote_timeout.count() == 0) timeout->Fail("remote_timeout must be positive");
  }
  if (const auto headers = fields.Find("headers")) destination.headers = DecodeHeaders(*headers);
  if (const auto rules = fields.Find("write_relabel_configs")) {
    destination.write_relabel =
        DecodeProgram(*rules, "empty or null relabeling rule in remote write config",
                      global.job.metric_name_validation_scheme);
  }
  if (const auto queue = fields.Find("queue_config"); queue && !queue->is_null()) {
    destination.queue = DecodeQueue(*queue);
  }
  fields.Read("send_exemplars", destination.send.exemplars);
  fields.Read("send_native_histograms", destination.send.native_histograms);
  fields.Read("round_robin_dns", destination.round_robin_dns);
  fields.Read("failed_request_logging", destination.failed_request_logging);
  fields.Read("max_connection_age", destination.max_connection_age);
  DecodeTenant(fields, destination);
  destination.tenant.rules_hash = TenantRulesHash(fields, global);
  destination.replay = DecodeReplay(fields);
  destination.on_remove = DecodeOnRemove(fields);
  destination.disk = DecodeDiskBudget(fields);
  if (const auto limit = fields.Find("rate_limit"); limit && !limit->is_null()) {
    destination.rate_limit = DecodeRateLimit(*limit);
  }
  if (const auto thin_out = fields.Find("thin_out"); thin_out && !thin_out->is_null()) {
    destination.thinning = DecodeThinOut(*thin_out);
  }
  if (const auto metadata = fields.Find("metadata_config")) {
    destination.metadata = DecodeMetadata(*metadata);
  }
  HttpClientConfig client = DecodeHttpClientConfig(fields, /*enable_http2=*/false);
  DecodeWriteAuth(fields, client);
  destination.http_client = std::make_shared<const HttpClient>(std::move(client));
  destination.external_labels = global.external_labels;
  return destination;
}

}  // namespace

std::vector<remotewrite::DestinationConfig> DecodeRemoteWrite(const Value& list,
                                                              const GlobalSection& global) {
  std::vector<remotewrite::DestinationConfig> destinations;
  DestinationNames names;
  for (const Value& item : list.Items("[]*config.RemoteWriteConfig")) {
    if (item.is_null()) item.Fail("empty or null remote write config section");
    std::optional<uint32_t> replicas;
    remotewrite::DestinationConfig destination = DecodeDestination(item, global, replicas);
    const std::string text = CanonicalText(item.node());
    names.Name(item, text, destination);
    destination.fingerprint = text + " name=" + QuoteText(destination.name) +
                              " external_labels=" + global.external_labels.ToString();
    if (!replicas) {
      destinations.push_back(std::move(destination));
      continue;
    }
    for (auto& shard : SpreadOut(std::move(destination), *replicas)) {
      destinations.push_back(std::move(shard));
    }
  }
  return destinations;
}

}  // namespace sluice::agent
