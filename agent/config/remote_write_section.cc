#include "agent/config/remote_write_section.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/canonical.h"
#include "agent/config/header_rules.h"
#include "agent/config/http_client_section.h"
#include "agent/config/pending_fields.h"
#include "agent/config/relabel_rules.h"
#include "base/hash.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 9> kFields = {"url",
                                                     "name",
                                                     "remote_timeout",
                                                     "headers",
                                                     "write_relabel_configs",
                                                     "queue_config",
                                                     "metadata_config",
                                                     "send_exemplars",
                                                     "send_native_histograms"};
constexpr std::array<std::string_view, 8> kQueueFields = {
    "capacity",    "max_shards",  "min_shards",       "max_samples_per_send", "batch_send_deadline",
    "min_backoff", "max_backoff", "retry_on_http_429"};
constexpr std::array<std::string_view, 3> kMetadataFields = {"send", "send_interval",
                                                             "max_samples_per_send"};
// What the sender itself says, or what credentials of their own fields say.
constexpr std::array<std::string_view, 16> kReservedHeaders = {"host",
                                                               "content-encoding",
                                                               "content-length",
                                                               "content-type",
                                                               "user-agent",
                                                               "connection",
                                                               "keep-alive",
                                                               "proxy-authenticate",
                                                               "proxy-authorization",
                                                               "www-authenticate",
                                                               "accept-encoding",
                                                               "x-prometheus-remote-write-version",
                                                               "x-prometheus-remote-read-version",
                                                               "x-amz-date",
                                                               "x-amz-security-token",
                                                               "x-amz-content-sha256"};

std::vector<std::pair<std::string, std::string>> DecodeHeaders(const Value& value) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& entry : value.Entries("map[string]string")) {
    const std::string& name = entry.first;
    const std::string lower = LowerAscii(name);
    if (lower == "authorization") {
      entry.second.Fail(
          "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4,"
          " azuread or google_iam parameter");
    }
    if (std::find(kReservedHeaders.begin(), kReservedHeaders.end(), lower) !=
        kReservedHeaders.end()) {
      entry.second.Fail(name + " is a reserved header. It must not be changed");
    }
    if (!IsHeaderName(name)) entry.second.Fail(QuoteText(name) + " is not a valid header name");
    std::string text = entry.second.Text();
    if (!IsHeaderValue(text)) entry.second.Fail("not a valid value of header " + QuoteText(name));
    headers.emplace_back(name, std::move(text));
  }
  std::sort(headers.begin(), headers.end());
  return headers;
}

void RequirePositive(const Fields& fields, std::string_view name, uint64_t value) {
  if (value > 0) return;
  fields.Find(name)
      .value_or(fields.map())
      .Fail("remote write queue " + std::string(name) + " must be positive");
}

remotewrite::QueueConfig DecodeQueue(const Value& value) {
  remotewrite::QueueConfig queue;
  const std::vector<std::string_view> pending = NamesOf(PendingQueueFields());
  const Fields fields(value, "config.QueueConfig", {kQueueFields, pending});
  CheckPendingFields(fields, PendingQueueFields());
  fields.Read("capacity", queue.capacity);
  fields.Read("max_shards", queue.max_shards);
  fields.Read("min_shards", queue.min_shards);
  fields.Read("max_samples_per_send", queue.max_samples_per_send);
  fields.Read("batch_send_deadline", queue.batch_send_deadline);
  fields.Read("min_backoff", queue.min_backoff);
  fields.Read("max_backoff", queue.max_backoff);
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

void CheckMetadata(const Value& value) {
  const Fields fields(value, "config.MetadataConfig", {kMetadataFields});
  bool send = true;
  std::chrono::milliseconds interval{0};
  uint32_t samples = 0;
  fields.Read("send", send);
  fields.Read("send_interval", interval);
  fields.Read("max_samples_per_send", samples);
}

void CheckUrl(const Value& value, const std::string& url) {
  const std::string lower = LowerAscii(url);
  const size_t scheme = lower.rfind("http://", 0) == 0    ? 7
                        : lower.rfind("https://", 0) == 0 ? 8
                                                          : 0;
  const auto bad = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (scheme == 0) value.Fail("the URL must begin with http:// or https://");
  const std::string_view host = std::string_view(url).substr(scheme);
  if (host.empty() || std::string_view("/?#:").find(host[0]) != std::string_view::npos) {
    value.Fail("the URL has no host");
  }
  if (std::any_of(url.begin(), url.end(), bad)) {
    value.Fail("the URL has a space or a control character");
  }
}

void CheckProtobufMessage(const Fields& fields) {
  const auto value = fields.Find("protobuf_message");
  if (!value.has_value()) return;
  const std::string message = value->Text();
  if (message.empty() || message == "prometheus.WriteRequest" ||
      message == "io.prometheus.write.v2.Request") {
    return;
  }
  value->Fail("invalid protobuf_message value: unknown type for remote write protobuf message " +
              message + ", supported: prometheus.WriteRequest, io.prometheus.write.v2.Request");
}

// Stable for ever: the progress of a destination belongs to its name.
std::string NameFromUrl(std::string_view url) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const uint64_t hash = XxHash64(url);
  std::string name;
  for (int shift = 60; shift >= 40; shift -= 4) name += kDigits[(hash >> shift) & 0xf];
  return name;
}

remotewrite::DestinationConfig DecodeDestination(const Value& value,
                                                 const relabel::Labels& external_labels) {
  remotewrite::DestinationConfig destination;
  const std::vector<std::string_view> pending = NamesOf(PendingRemoteWriteFields());
  const Fields fields(value, "config.plain", {kFields, pending, HttpClientFields()});
  CheckProtobufMessage(fields);
  CheckPendingFields(fields, PendingRemoteWriteFields());
  fields.Read("url", destination.url);
  if (destination.url.empty()) value.Fail("url for remote_write is empty");
  if (const auto url = fields.Find("url")) CheckUrl(*url, destination.url);
  fields.Read("name", destination.name);
  if (const auto timeout = fields.Find("remote_timeout"); timeout && !timeout->is_null()) {
    destination.remote_timeout = timeout->Duration();
    if (destination.remote_timeout.count() == 0) timeout->Fail("remote_timeout must be positive");
  }
  if (const auto headers = fields.Find("headers")) destination.headers = DecodeHeaders(*headers);
  if (const auto rules = fields.Find("write_relabel_configs")) {
    destination.write_relabel =
        DecodeProgram(*rules, "empty or null relabeling rule in remote write config");
  }
  if (const auto queue = fields.Find("queue_config"); queue && !queue->is_null()) {
    destination.queue = DecodeQueue(*queue);
  }
  fields.Read("send_exemplars", destination.send.exemplars);
  fields.Read("send_native_histograms", destination.send.native_histograms);
  if (const auto metadata = fields.Find("metadata_config")) CheckMetadata(*metadata);
  destination.http_client = DecodeHttpClient(fields, /*enable_http2=*/false);
  destination.external_labels = external_labels;
  return destination;
}

}  // namespace

std::vector<remotewrite::DestinationConfig> DecodeRemoteWrite(
    const Value& list, const relabel::Labels& external_labels) {
  std::vector<remotewrite::DestinationConfig> destinations;
  std::map<std::string, bool> names;  // and whether the name was written
  for (const Value& item : list.Items("[]*config.RemoteWriteConfig")) {
    if (item.is_null()) item.Fail("empty or null remote write config section");
    remotewrite::DestinationConfig destination = DecodeDestination(item, external_labels);
    const bool is_named = !destination.name.empty();
    if (!is_named) destination.name = NameFromUrl(destination.url);
    const auto [other, is_new] = names.emplace(destination.name, is_named);
    if (!is_new && is_named && other->second) {
      item.Fail("found multiple remote write configs with job name " + QuoteText(destination.name));
    } else if (!is_new) {
      item.Fail("another remote write config has the same URL or the name " +
                QuoteText(destination.name) + " that is derived from it: give each a `name`");
    }
    destination.fingerprint = CanonicalText(item.node()) + " name=" + QuoteText(destination.name) +
                              " external_labels=" + external_labels.ToString();
    destinations.push_back(std::move(destination));
  }
  return destinations;
}

}  // namespace sluice::agent
