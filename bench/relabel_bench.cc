// What relabeling one label set costs: it is paid once for each new series and target.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "relabel/program.h"

namespace sluice::relabel {
namespace {

Labels SeriesLabels() {
  return Labels{{"__name__", "container_network_receive_bytes_total"},
                {"container", "prometheus"},
                {"id", "/kubepods/burstable/pod7f0c/3a5b"},
                {"instance", "10.0.13.7:10250"},
                {"interface", "eth0"},
                {"job", "kubelet"},
                {"namespace", "monitoring"},
                {"pod", "prometheus-k8s-0"}};
}

Labels TargetLabels() {
  std::vector<Label> labels = {{"__address__", "10.0.13.7:9100"},
                               {"__meta_kubernetes_namespace", "monitoring"},
                               {"__metrics_path__", "/metrics"},
                               {"__scheme__", "http"},
                               {"job", "pods"}};
  for (int i = 0; i < 30; ++i) {
    labels.push_back({"__meta_kubernetes_pod_label_key_" + std::to_string(i), "some-value"});
  }
  return Labels::From(labels);
}

Rule Make(Action action, const std::string& source, const std::string& regex,
          const std::string& target = "") {
  Rule rule;
  rule.action = action;
  if (!source.empty()) rule.source_labels = {source};
  if (!regex.empty()) rule.regex = regex;
  rule.target_label = target;
  return rule;
}

void Apply(benchmark::State& state, const Labels& labels, const std::vector<Rule>& rules) {
  Result<Program> program = Program::Compile(rules);
  if (!program.ok()) {
    state.SkipWithError(program.error().message.c_str());
    return;
  }
  LabelsBuilder builder;
  for (auto _ : state) {
    builder.Reset(labels);
    benchmark::DoNotOptimize(program->Apply(builder));
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_ResetOnly(benchmark::State& state) { Apply(state, SeriesLabels(), {}); }

void BM_DropByLiterals(benchmark::State& state) {
  Apply(state, SeriesLabels(),
        {Make(Action::kDrop, "__name__",
              "container_tasks_state|container_memory_failures_total|container_fs_usage_bytes|"
              "container_cpu_load_average_10s|container_last_seen|container_start_time_seconds")});
}

void BM_DropByRegex(benchmark::State& state) {
  Apply(state, SeriesLabels(),
        {Make(Action::kDrop, "__name__", "container_(tasks_state|memory_failures_[a-z]+)")});
}

void BM_ReplaceDefault(benchmark::State& state) {
  Apply(state, SeriesLabels(), {Make(Action::kReplace, "instance", "", "node")});
}

void BM_ReplaceByRegex(benchmark::State& state) {
  Apply(state, SeriesLabels(), {Make(Action::kReplace, "instance", "([^:]+)(?::\\d+)?", "node")});
}

void BM_LabelDropRegex(benchmark::State& state) {
  Apply(state, SeriesLabels(), {Make(Action::kLabelDrop, "", "id|(image|name)_[0-9]+")});
}

void BM_LabelMapThirtyLabels(benchmark::State& state) {
  Apply(state, TargetLabels(), {Make(Action::kLabelMap, "", "__meta_kubernetes_pod_label_(.+)")});
}

void BM_HashMod(benchmark::State& state) {
  Rule rule = Make(Action::kHashMod, "__address__", "", "__tmp_hash");
  rule.modulus = 8;
  Apply(state, TargetLabels(), {rule});
}

// Label sets as they are on the page of a node exporter, with those of its target.
std::vector<Labels> NodeSeries() {
  const std::vector<std::string> plain = {"go_goroutines",
                                          "go_memstats_alloc_bytes",
                                          "node_boot_time_seconds",
                                          "node_context_switches_total",
                                          "node_entropy_available_bits",
                                          "node_filefd_allocated",
                                          "node_load1",
                                          "node_load15",
                                          "node_memory_Active_anon_bytes",
                                          "node_memory_Buffers_bytes",
                                          "node_memory_Cached_bytes",
                                          "node_memory_MemAvailable_bytes",
                                          "node_memory_MemFree_bytes",
                                          "node_memory_Slab_bytes",
                                          "node_netstat_Ip_Forwarding",
                                          "node_netstat_Tcp_CurrEstab",
                                          "node_netstat_Udp_InDatagrams",
                                          "node_nf_conntrack_entries",
                                          "node_procs_running",
                                          "node_sockstat_TCP_alloc",
                                          "node_sockstat_UDP_mem",
                                          "node_time_seconds",
                                          "node_timex_offset_seconds",
                                          "node_vmstat_pgfault",
                                          "node_vmstat_pswpin",
                                          "process_cpu_seconds_total",
                                          "process_open_fds",
                                          "process_resident_memory_bytes"};
  const std::vector<std::string> of_disks = {"node_disk_io_now",
                                             "node_disk_io_time_seconds_total",
                                             "node_disk_read_bytes_total",
                                             "node_disk_reads_completed_total",
                                             "node_disk_write_time_seconds_total",
                                             "node_disk_written_bytes_total"};
  const std::vector<std::string> of_networks = {"node_network_carrier",
                                                "node_network_mtu_bytes",
                                                "node_network_receive_bytes_total",
                                                "node_network_receive_drop_total",
                                                "node_network_transmit_bytes_total",
                                                "node_network_transmit_packets_total",
                                                "node_network_up"};
  const std::vector<std::string> of_mounts = {"node_filesystem_avail_bytes",
                                              "node_filesystem_files", "node_filesystem_readonly",
                                              "node_filesystem_size_bytes"};
  const std::vector<Label> target = {{"instance", "host-17.example.org:9100"}, {"job", "node"}};
  std::vector<Labels> series;
  const auto add = [&](const std::string& name, std::vector<Label> labels) {
    labels.push_back({"__name__", name});
    labels.insert(labels.end(), target.begin(), target.end());
    series.push_back(Labels::From(std::move(labels)));
  };
  for (const std::string& name : plain) add(name, {});
  for (int cpu = 0; cpu < 4; ++cpu) {
    for (const char* mode :
         {"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"}) {
      add("node_cpu_seconds_total", {{"cpu", std::to_string(cpu)}, {"mode", mode}});
    }
  }
  for (const char* device : {"sda", "nvme0n1", "dm-0"}) {
    for (const std::string& name : of_disks) add(name, {{"device", device}});
  }
  for (const char* device : {"eth0", "lo", "veth3f2a91c", "docker0"}) {
    for (const std::string& name : of_networks) add(name, {{"device", device}});
  }
  for (const char* mount : {"/", "/boot/efi", "/run/user/1000"}) {
    for (const std::string& name : of_mounts) {
      add(name, {{"device", "/dev/sda2"}, {"fstype", "ext4"}, {"mountpoint", mount}});
    }
  }
  for (int unit = 0; unit < 20; ++unit) {
    add("node_systemd_unit_state", {{"name", "service-" + std::to_string(unit) + ".service"},
                                    {"state", "active"},
                                    {"type", "simple"}});
  }
  return series;
}

// A hundred rules as they grow over the years, most of which do not mean a given series.
std::vector<Rule> HundredRules() {
  std::vector<Rule> rules;
  // What nobody looks at, by name.
  for (const char* what :
       {"arp",        "bonding", "btrfs",       "buddyinfo", "drbd",       "edac", "fibrechannel",
        "infiniband", "ipvs",    "ksmd",        "mdadm",     "mountstats", "nfs",  "nfsd",
        "ntp",        "nvme",    "powersupply", "pressure",  "qdisc",      "rapl", "schedstat",
        "selinux",    "softnet", "tapestats",   "thermal",   "wifi",       "xfs",  "zfs"}) {
    rules.push_back(Make(Action::kDrop, "__name__", std::string("node_") + what + "_.*"));
  }
  rules.push_back(Make(Action::kDrop, "__name__", "go_(gc|memstats|sched)_.+|promhttp_.*"));
  rules.push_back(Make(Action::kDrop, "__name__",
                       "node_timex_.+|node_vmstat_(nr|pgsteal|thp)_.*|node_netstat_Icmp6?_.*"));
  rules.push_back(Make(Action::kDrop, "__name__",
                       "node_scrape_collector_(duration_seconds|success)|node_textfile_mtime_.*"));
  rules.push_back(Make(Action::kDrop, "__name__",
                       "node_memory_(Dirty|Hardware|Hugepages|Kernel|Mapped|Percpu)[A-Za-z_]*"));
  for (const char* component : {"apiserver", "etcd", "coredns", "kubelet", "scheduler"}) {
    const std::string name = component;
    rules.push_back(Make(Action::kDrop, "__name__", name + "_request_duration_seconds_bucket"));
    rules.push_back(Make(Action::kDrop, "__name__", name + "_(admission|audit|authorization)_.+"));
    Rule buckets = Make(Action::kDrop, "__name__",
                        name + "_latency_seconds_bucket;(0\\.[0-9]+|1\\.5|2\\.5|7\\.5)");
    buckets.source_labels.push_back("le");
    rules.push_back(buckets);
  }
  // Devices and file systems that come and go.
  rules.push_back(Make(Action::kDrop, "device", "(veth|cali|tap|br-)[0-9a-f]+"));
  rules.push_back(Make(Action::kDrop, "device", "dm-[0-9]+|loop[0-9]+|ram[0-9]+|sr[0-9]"));
  rules.push_back(Make(Action::kDrop, "fstype", "tmpfs|overlay|squashfs|ramfs|nsfs|autofs"));
  rules.push_back(Make(Action::kDrop, "mountpoint", "/run/.+|/var/lib/(docker|kubelet)/.+"));
  rules.push_back(Make(Action::kDrop, "state", "inactive|failed|activating"));
  // Labels of other names.
  rules.push_back(Make(Action::kReplace, "device", "(nvme\\d+n\\d+|sd[a-z]+)(?:p?\\d+)?", "disk"));
  rules.push_back(Make(Action::kReplace, "instance", "([^:]+)(?::\\d+)?", "node"));
  for (const char* label : {"pod", "pod_name", "container", "container_name", "namespace", "image",
                            "controller", "node_name", "exported_job", "exported_instance"}) {
    rules.push_back(Make(Action::kReplace, label, "(.+)-[0-9a-z]{5,10}", "workload"));
    rules.push_back(Make(Action::kReplace, label, "(.+)", std::string("k8s_") + label));
  }
  for (const char* team : {"core", "data", "edge", "infra", "web", "search", "mail", "shop"}) {
    Rule rule = Make(Action::kReplace, "namespace", std::string(team) + "-.*", "team");
    rule.replacement = team;
    rules.push_back(rule);
  }
  Rule shard;
  shard.action = Action::kHashMod;
  shard.source_labels = {"instance"};
  shard.target_label = "__tmp_shard";
  shard.modulus = 4;
  rules.push_back(shard);
  rules.push_back(Make(Action::kKeep, "__tmp_shard", "[0-3]"));
  for (const char* prefix :
       {"__meta_kubernetes_pod_label_(.+)", "label_(.+)", "tag_(.+)", "annotation_(.+)"}) {
    rules.push_back(Make(Action::kLabelMap, "", prefix));
  }
  for (const char* name : {"id|uid|container_id", "(image|name)_[0-9]+", "pod_template_hash",
                           "controller_revision_hash|checksum_.*", "(beta|alpha)_.*"}) {
    rules.push_back(Make(Action::kLabelDrop, "", name));
  }
  while (rules.size() < 100) {
    rules.push_back(
        Make(Action::kDrop, "__name__", "legacy_" + std::to_string(rules.size()) + "_.*"));
  }
  return rules;
}

// Items are series. The labels are set one by one, as for a series that is new on a page.
void ApplyToNodeSeries(benchmark::State& state, const std::vector<Rule>& rules) {
  const std::vector<Labels> series = NodeSeries();
  const Result<Program> program = Program::Compile(rules);
  if (!program.ok()) {
    state.SkipWithError(program.error().message.c_str());
    return;
  }
  LabelsBuilder builder;
  Program::Memory memory;
  size_t kept = 0;
  for (auto _ : state) {
    for (const Labels& labels : series) {
      builder.Clear();
      for (const Label& label : labels) builder.Set(label.name, label.value);
      if (program->Apply(builder, memory)) ++kept;
    }
  }
  const auto count = static_cast<double>(state.iterations()) * static_cast<double>(series.size());
  state.SetItemsProcessed(static_cast<int64_t>(count));
  state.counters["kept"] = static_cast<double>(kept) / count;
  state.counters["rules"] = static_cast<double>(rules.size());
}

void BM_NodeSeriesWithoutRules(benchmark::State& state) { ApplyToNodeSeries(state, {}); }

void BM_NodeSeriesHundredRules(benchmark::State& state) {
  ApplyToNodeSeries(state, HundredRules());
}

BENCHMARK(BM_ResetOnly);
BENCHMARK(BM_DropByLiterals);
BENCHMARK(BM_DropByRegex);
BENCHMARK(BM_ReplaceDefault);
BENCHMARK(BM_ReplaceByRegex);
BENCHMARK(BM_LabelDropRegex);
BENCHMARK(BM_LabelMapThirtyLabels);
BENCHMARK(BM_HashMod);
BENCHMARK(BM_NodeSeriesWithoutRules);
BENCHMARK(BM_NodeSeriesHundredRules);

}  // namespace
}  // namespace sluice::relabel
