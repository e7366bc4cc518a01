#include "agent/vmagent/vmagent_flags.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/vmagent/silent_flags.h"

namespace sluice::agent {
namespace {

using enum VmagentFlag::Effect;
using enum FlagSpec::Kind;

constexpr VmagentFlag kUsedFlags[] = {
    {{"dryRun", kSwitch, "false"}, kUsed},
    {{"enableMetadata", kSwitch, "true"}, kUsed},
    {{"envflag.enable", kSwitch, "false"}, kUsed},
    {{"envflag.prefix", kValue}, kUsed},
    {{"http.header.csp", kValue}, kUsed},
    {{"http.header.frameOptions", kValue}, kUsed},
    {{"http.header.hsts", kValue}, kUsed},
    {{"http.pathPrefix", kValue}, kUsed},
    {{"httpAuth.password", kValue, "", "", true}, kUsed},
    {{"httpAuth.username", kValue}, kUsed},
    {{"httpListenAddr", kValues, ":8429"}, kUsed},
    {{"loggerFormat", kValue, "default"}, kUsed},
    {{"loggerLevel", kValue, "INFO"}, kUsed},
    {{"mtls", kSwitches, "false"}, kUsed},
    {{"mtlsCAFile", kValues}, kUsed},
    {{"promscrape.azureSDCheckInterval", kValue, "1m0s"}, kUsed},
    {{"promscrape.cluster.memberLabel", kValue}, kUsed},
    {{"promscrape.cluster.memberNum", kValue, "0"}, kUsed},
    {{"promscrape.cluster.membersCount", kValue, "1"}, kUsed},
    {{"promscrape.cluster.name", kValue}, kUsed},
    {{"promscrape.cluster.replicationFactor", kValue, "1"}, kUsed},
    {{"promscrape.config", kValue}, kUsed},
    {{"promscrape.config.dryRun", kSwitch, "false"}, kUsed},
    {{"promscrape.configCheckInterval", kValue, "0"}, kUsed},
    {{"promscrape.consulSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.digitaloceanSDCheckInterval", kValue, "1m0s"}, kUsed},
    {{"promscrape.disableCompression", kSwitch, "false"}, kUsed},
    {{"promscrape.dnsSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.dockerSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.dockerswarmSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.ec2SDCheckInterval", kValue, "1m0s"}, kUsed},
    {{"promscrape.eurekaSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.fileSDCheckInterval", kValue, "1m0s"}, kUsed},
    {{"promscrape.gceSDCheckInterval", kValue, "1m0s"}, kUsed},
    {{"promscrape.hetznerSDCheckInterval", kValue, "1m0s"}, kUsed},
    {{"promscrape.httpSDCheckInterval", kValue, "1m0s"}, kUsed},
    {{"promscrape.kumaSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.linodeSDCheckInterval", kValue, "1m0s"}, kUsed},
    {{"promscrape.marathonSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.maxScrapeSize", kValue, "16777216"}, kUsed},
    {{"promscrape.nomadSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.openstackSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.puppetdbSDCheckInterval", kValue, "30s"}, kUsed},
    {{"promscrape.vultrSDCheckInterval", kValue, "30s"}, kUsed},
    {{"reloadAuthKey", kValue, "", "", true}, kUsed},
    {{"remoteWrite.aws.accessKey", kValues, "", "", true}, kUsed},
    {{"remoteWrite.aws.region", kValues}, kUsed},
    {{"remoteWrite.aws.roleARN", kValues}, kUsed},
    {{"remoteWrite.aws.secretKey", kValues, "", "", true}, kUsed},
    {{"remoteWrite.aws.service", kValues}, kUsed},
    {{"remoteWrite.aws.useSigv4", kSwitches, "false"}, kUsed},
    {{"remoteWrite.basicAuth.password", kValues, "", "", true}, kUsed},
    {{"remoteWrite.basicAuth.passwordFile", kValues}, kUsed},
    {{"remoteWrite.basicAuth.username", kValues}, kUsed},
    {{"remoteWrite.basicAuth.usernameFile", kValues}, kUsed},
    {{"remoteWrite.bearerToken", kValues, "", "", true}, kUsed},
    {{"remoteWrite.bearerTokenFile", kValues}, kUsed},
    {{"remoteWrite.disableMetadata", kSwitches, "false"}, kUsed},
    {{"remoteWrite.flushInterval", kValue, "1s"}, kUsed},
    {{"remoteWrite.forcePromProto", kSwitches, "false"}, kUsed},
    {{"remoteWrite.forceVMProto", kSwitches, "false"}, kUsed},
    {{"remoteWrite.headers", kValues, "", "", true}, kUsed},
    {{"remoteWrite.label", kValues}, kUsed},
    {{"remoteWrite.maxDiskUsagePerURL", kValues, "0"}, kUsed},
    {{"remoteWrite.maxRowsPerBlock", kValue, "10000"}, kUsed},
    {{"remoteWrite.oauth2.clientID", kValues}, kUsed},
    {{"remoteWrite.oauth2.clientSecret", kValues, "", "", true}, kUsed},
    {{"remoteWrite.oauth2.clientSecretFile", kValues}, kUsed},
    {{"remoteWrite.oauth2.endpointParams", kValues, "", "", true}, kUsed},
    {{"remoteWrite.oauth2.scopes", kValues}, kUsed},
    {{"remoteWrite.oauth2.tokenUrl", kValues}, kUsed},
    {{"remoteWrite.proxyURL", kValues}, kUsed},
    {{"remoteWrite.queues", kValues}, kUsed},
    {{"remoteWrite.rateLimit", kValues, "0"}, kUsed},
    {{"remoteWrite.relabelConfig", kValue}, kUsed},
    {{"remoteWrite.retryMaxInterval", kValues, "1m0s"}, kUsed},
    {{"remoteWrite.retryMaxTime", kValues, "1m0s"}, kUsed},
    {{"remoteWrite.retryMinInterval", kValues, "1s"}, kUsed},
    {{"remoteWrite.sendTimeout", kValues, "1m0s"}, kUsed},
    {{"remoteWrite.shardByURL", kSwitch, "false"}, kUsed},
    {{"remoteWrite.shardByURLReplicas", kValue, "1"}, kUsed},
    {{"remoteWrite.tlsCAFile", kValues}, kUsed},
    {{"remoteWrite.tlsCertFile", kValues}, kUsed},
    {{"remoteWrite.tlsInsecureSkipVerify", kSwitches, "false"}, kUsed},
    {{"remoteWrite.tlsKeyFile", kValues}, kUsed},
    {{"remoteWrite.tlsServerName", kValues}, kUsed},
    {{"remoteWrite.tmpDataPath", kValue, "vmagent-remotewrite-data"}, kUsed},
    {{"remoteWrite.url", kValues}, kUsed},
    {{"remoteWrite.urlRelabelConfig", kValues}, kUsed},
    {{"tls", kSwitches, "false"}, kUsed},
    {{"tlsCertFile", kValues}, kUsed},
    {{"tlsCipherSuites", kValues}, kUsed},
    {{"tlsKeyFile", kValues}, kUsed},
    {{"tlsMinVersion", kValues}, kUsed},
};

constexpr VmagentFlag kMissedFlags[] = {
    {{"remoteWrite.multitenantURL", kValues}, kPush},
    {{"http.disableCORS", kSwitch, "false"}, kWarned},
    {{"maxIngestionRate", kValue, "0"}, kWarned},
    {{"maxLabelNameLen", kValue, "0"}, kWarned},
    {{"maxLabelsPerTimeseries", kValue, "0"}, kWarned},
    {{"maxLabelValueLen", kValue, "0"}, kWarned},
    {{"promscrape.config.strictParse", kSwitch, "true"}, kWarned},
    {{"promscrape.kubernetes.attachNamespaceMetadataAll", kSwitch, "false"}, kWarned},
    {{"promscrape.kubernetes.attachNodeMetadataAll", kSwitch, "false"}, kWarned},
    {{"promscrape.noStaleMarkers", kSwitch, "false"}, kWarned},
    {{"promscrape.seriesLimitPerTarget", kValue, "0"}, kWarned},
    {{"pushmetrics.url", kValues}, kWarned},
    {{"remoteWrite.aws.ec2Endpoint", kValues}, kWarned},
    {{"remoteWrite.aws.stsEndpoint", kValues}, kWarned},
    {{"remoteWrite.disableOnDiskQueue", kSwitches, "false"}, kWarned},
    {{"remoteWrite.keepDanglingQueues", kSwitch, "false"}, kWarned},
    {{"remoteWrite.maxDailySeries", kValue, "0"}, kWarned},
    {{"remoteWrite.maxHourlySeries", kValue, "0"}, kWarned},
    {{"remoteWrite.roundDigits", kValues, "100"}, kWarned},
    {{"remoteWrite.significantFigures", kValues, "0"}, kWarned},
    {{"usePromCompatibleNaming", kSwitch, "false"}, kWarned},
    {{"enableMultitenantHandlers", kSwitch, "false"}, kPush},
    {{"gcp.pubsub.publish.byteThreshold", kValue, "1000000"}, kPush},
    {{"gcp.pubsub.publish.countThreshold", kValue, "100"}, kPush},
    {{"gcp.pubsub.publish.credentialsFile", kValue}, kPush},
    {{"gcp.pubsub.publish.delayThreshold", kValue, "10ms"}, kPush},
    {{"gcp.pubsub.publish.maxOutstandingBytes", kValue, "-1"}, kPush},
    {{"gcp.pubsub.publish.maxOutstandingMessages", kValue, "100"}, kPush},
    {{"gcp.pubsub.publish.timeout", kValue, "1m0s"}, kPush},
    {{"gcp.pubsub.subscribe.credentialsFile", kValue}, kPush},
    {{"gcp.pubsub.subscribe.defaultMessageFormat", kValue, "promremotewrite"}, kPush},
    {{"gcp.pubsub.subscribe.topicSubscription", kValues}, kPush},
    {{"gcp.pubsub.subscribe.topicSubscription.concurrency", kValues, "0"}, kPush},
    {{"gcp.pubsub.subscribe.topicSubscription.isGzipped", kSwitches, "false"}, kPush},
    {{"gcp.pubsub.subscribe.topicSubscription.messageFormat", kValues}, kPush},
    {{"graphiteListenAddr", kValue}, kPush},
    {{"influxListenAddr", kValue}, kPush},
    {{"kafka.consumer.topic", kValues}, kPush},
    {{"kafka.consumer.topic.basicAuth.password", kValues, "", "", true}, kPush},
    {{"kafka.consumer.topic.basicAuth.username", kValues}, kPush},
    {{"kafka.consumer.topic.brokers", kValues}, kPush},
    {{"kafka.consumer.topic.concurrency", kValues, "1"}, kPush},
    {{"kafka.consumer.topic.defaultFormat", kValue, "promremotewrite"}, kPush},
    {{"kafka.consumer.topic.format", kValues}, kPush},
    {{"kafka.consumer.topic.groupID", kValues}, kPush},
    {{"kafka.consumer.topic.isGzipped", kSwitches, "false"}, kPush},
    {{"kafka.consumer.topic.options", kValues}, kPush},
    {{"opentsdbHTTPListenAddr", kValue}, kPush},
    {{"opentsdbListenAddr", kValue}, kPush},
    {{"remoteWrite.streamAggr.config", kValues}, kAggregation},
    {{"remoteWrite.streamAggr.dedupInterval", kValues, "0s"}, kAggregation},
    {{"remoteWrite.streamAggr.dropInput", kSwitches, "false"}, kAggregation},
    {{"remoteWrite.streamAggr.dropInputLabels", kValues}, kAggregation},
    {{"remoteWrite.streamAggr.enableWindows", kSwitches, "false"}, kAggregation},
    {{"remoteWrite.streamAggr.ignoreFirstIntervals", kValues, "0"}, kAggregation},
    {{"remoteWrite.streamAggr.ignoreOldSamples", kSwitches, "false"}, kAggregation},
    {{"remoteWrite.streamAggr.keepInput", kSwitches, "false"}, kAggregation},
    {{"streamAggr.config", kValue}, kAggregation},
    {{"streamAggr.dedupInterval", kValue, "0"}, kAggregation},
    {{"streamAggr.dropInput", kSwitch, "false"}, kAggregation},
    {{"streamAggr.dropInputLabels", kValues}, kAggregation},
    {{"streamAggr.enableWindows", kSwitch, "false"}, kAggregation},
    {{"streamAggr.ignoreFirstIntervals", kValue, "0"}, kAggregation},
    {{"streamAggr.ignoreOldSamples", kSwitch, "false"}, kAggregation},
    {{"streamAggr.keepInput", kSwitch, "false"}, kAggregation},
    {{"configAuthKey", kValue, "", "", true}, kOther},
    {{"flagsAuthKey", kValue, "", "", true}, kOther},
    {{"httpListenAddr.useProxyProtocol", kSwitches, "false"}, kOther},
    {{"metricsAuthKey", kValue, "", "", true}, kOther},
    {{"promscrape.cluster.shardByLabels", kValues}, kOther},
    {{"remoteWrite.mdx.enable", kSwitches, "false"}, kOther},
    {{"remoteWrite.obfuscateLabels", kValues}, kOther},
    {{"remoteWrite.shardByURL.ignoreLabels", kValues}, kOther},
    {{"remoteWrite.shardByURL.labels", kValues}, kOther},
    {{"tlsAutocertCacheDir", kValue}, kOther},
    {{"tlsAutocertEmail", kValue}, kOther},
    {{"tlsAutocertHosts", kValues}, kOther},
};

// Whether a value says what holds without the flag.
bool IsNothing(std::string_view value, std::string_view fallback) {
  constexpr std::array<std::string_view, 4> kNothing = {"", "0", "0s", "false"};
  return value == fallback || (fallback != "true" && std::find(kNothing.begin(), kNothing.end(),
                                                               value) != kNothing.end());
}

std::string Refusal(VmagentFlag::Effect effect) {
  switch (effect) {
    case kPush:
      return "Sluice takes no metrics that are pushed to it, and none of other tenants; leave "
             "those "
             "to a vmagent of their own";
    case kAggregation:
      return "Sluice does not aggregate; do that in the destination, or leave it to a vmagent";
    default:
      return "Sluice cannot do that, and leaving it out would change what is sent or who may ask";
  }
}

}  // namespace

std::vector<const VmagentFlag*> VmagentFlags() {
  std::vector<const VmagentFlag*> all;
  for (const VmagentFlag& flag : kUsedFlags) all.push_back(&flag);
  for (const VmagentFlag& flag : kMissedFlags) all.push_back(&flag);
  for (const VmagentFlag& flag : SilentVmagentFlags()) all.push_back(&flag);
  return all;
}

FlagSpecs VmagentFlagSpecs() {
  FlagSpecs specs;
  for (const VmagentFlag* flag : VmagentFlags()) specs.push_back(&flag->spec);
  return specs;
}

Status CheckVmagentFlags(const FlagValues& values, std::vector<std::string>& warnings) {
  for (const VmagentFlag& flag : kMissedFlags) {
    const auto given = values.find(flag.spec.name);
    if (given == values.end()) continue;
    const bool nothing =
        std::all_of(given->second.begin(), given->second.end(),
                    [&](const std::string& value) { return IsNothing(value, flag.spec.fallback); });
    if (nothing) continue;
    const std::string name = "-" + std::string(flag.spec.name);
    if (flag.effect != kWarned) return InvalidInput(name + ": " + Refusal(flag.effect));
    warnings.push_back(name + " has no effect here: samples are sent as if it was not given");
  }
  return Status::Ok();
}

}  // namespace sluice::agent
