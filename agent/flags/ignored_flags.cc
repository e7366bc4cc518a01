#include "agent/flags/ignored_flags.h"

namespace sluice::agent {
namespace {

using Kind = FlagSpec::Kind;

constexpr FlagSpec kIgnored[] = {
    {.name = "auto-gomaxprocs", .kind = Kind::kSwitch},
    {.name = "auto-gomemlimit", .kind = Kind::kSwitch},
    {.name = "auto-gomemlimit.ratio"},
    {.name = "storage.agent.wal-compression", .kind = Kind::kSwitch},
    {.name = "storage.agent.wal-compression-type"},
    {.name = "storage.agent.wal-segment-size"},
    {.name = "storage.agent.wal-truncate-frequency"},
    {.name = "storage.agent.retention.min-time"},
    {.name = "storage.agent.retention.max-time"},
    {.name = "storage.agent.no-lockfile", .kind = Kind::kSwitch},
    {.name = "storage.agent.use-lockfile", .kind = Kind::kSwitch},
    {.name = "storage.agent.checkpoint-from-in-memory-series", .kind = Kind::kSwitch},
    {.name = "storage.agent.checkpoint-batch-size"},
    {.name = "scrape.adjust-timestamps", .kind = Kind::kSwitch},
    {.name = "scrape.timestamp-tolerance"},
    {.name = "scrape.discovery-reload-interval"},
    {.name = "web.max-notifications-subscribers"},
    {.name = "web.console.templates"},
    {.name = "web.console.libraries"},
    {.name = "web.page-title"},
    {.name = "web.user-assets"},
    {.name = "web.local-assets"},
    {.name = "web.enable-admin-api", .kind = Kind::kSwitch},
    {.name = "web.enable-remote-write-receiver", .kind = Kind::kSwitch},
    {.name = "web.remote-write-receiver.accepted-protobuf-messages", .kind = Kind::kValues},
    {.name = "web.enable-otlp-receiver", .kind = Kind::kSwitch},
};

constexpr FlagSpec kServer[] = {
    {.name = "storage.tsdb.path"},
    {.name = "storage.tsdb.retention"},
    {.name = "storage.tsdb.retention.time"},
    {.name = "storage.tsdb.retention.size"},
    {.name = "storage.tsdb.retention.percentage"},
    {.name = "storage.tsdb.no-lockfile", .kind = Kind::kSwitch},
    {.name = "storage.tsdb.use-lockfile", .kind = Kind::kSwitch},
    {.name = "storage.tsdb.allow-overlapping-blocks", .kind = Kind::kSwitch},
    {.name = "storage.tsdb.allow-overlapping-compaction", .kind = Kind::kSwitch},
    {.name = "storage.tsdb.wal-compression", .kind = Kind::kSwitch},
    {.name = "storage.tsdb.wal-compression-type"},
    {.name = "storage.tsdb.wal-segment-size"},
    {.name = "storage.tsdb.head-chunks-write-queue-size"},
    {.name = "storage.tsdb.min-block-duration"},
    {.name = "storage.tsdb.max-block-duration"},
    {.name = "storage.tsdb.max-block-chunk-segment-size"},
    {.name = "storage.tsdb.samples-per-chunk"},
    {.name = "storage.tsdb.block-reload-interval"},
    {.name = "storage.tsdb.delayed-compaction.max-percent"},
    {.name = "storage.tsdb.delay-compact-file.path"},
    {.name = "storage.remote.read-sample-limit"},
    {.name = "storage.remote.read-concurrent-limit"},
    {.name = "storage.remote.read-max-bytes-in-frame"},
    {.name = "rules.alert.for-outage-tolerance"},
    {.name = "rules.alert.for-grace-period"},
    {.name = "rules.alert.resend-delay"},
    {.name = "rules.max-concurrent-evals"},
    {.name = "alertmanager.notification-queue-capacity"},
    {.name = "alertmanager.notification-batch-size"},
    {.name = "alertmanager.drain-notification-queue-on-shutdown", .kind = Kind::kSwitch},
    {.name = "alertmanager.timeout"},
    {.name = "query.lookback-delta"},
    {.name = "query.timeout"},
    {.name = "query.max-concurrency"},
    {.name = "query.max-samples"},
};

}  // namespace

std::span<const FlagSpec> IgnoredFlags() { return kIgnored; }

std::span<const FlagSpec> ServerFlags() { return kServer; }

}  // namespace sluice::agent
