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

BENCHMARK(BM_ResetOnly);
BENCHMARK(BM_DropByLiterals);
BENCHMARK(BM_DropByRegex);
BENCHMARK(BM_ReplaceDefault);
BENCHMARK(BM_ReplaceByRegex);
BENCHMARK(BM_LabelDropRegex);
BENCHMARK(BM_LabelMapThirtyLabels);
BENCHMARK(BM_HashMod);

}  // namespace
}  // namespace sluice::relabel
