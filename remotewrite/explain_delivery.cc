#include "remotewrite/explain_delivery.h"

#include <memory>
#include <span>
#include <utility>

#include "buffer/chunk.h"
#include "proto/symbol_pool.h"
#include "remotewrite/projection.h"
#include "remotewrite/sharding.h"
#include "remotewrite/tenants.h"

namespace sluice::remotewrite {
namespace {

buffer::DecodedChunk ChunkOf(const relabel::Labels& series) {
  buffer::DecodedChunk chunk;
  buffer::SeriesView view;
  for (const relabel::Label& label : series) view.set.push_back({label.name, label.value});
  chunk.families.emplace_back();
  chunk.series.push_back(std::move(view));
  return chunk;
}

void Trace(const DestinationConfig& destination, const relabel::Labels& series,
           ExplainedDelivery& explained) {
  relabel::LabelsBuilder builder(series);
  for (const relabel::Label& label : destination.external_labels) {
    if (builder.Get(label.name).empty()) builder.Set(label.name, label.value);
  }
  explained.relabeled = builder.Build();
  const auto note = [&](const relabel::TraceStep& step) {
    if (!step.kept) explained.dropped_by = step.rule_index;
    explained.steps.push_back(step);
  };
  destination.write_relabel.ApplyTraced(builder, note);
}

}  // namespace

ExplainedDelivery ExplainDelivery(const DestinationConfig& destination,
                                  const relabel::Labels& series) {
  ExplainedDelivery explained;
  Trace(destination, series, explained);
  std::optional<Tenants> tenants;
  if (destination.tenant.is_on()) tenants.emplace(destination.tenant);
  const auto symbols = std::make_shared<proto::SymbolPool>();
  const ProjectionRules rules{
      .external_labels = destination.external_labels,
      .write_relabel = destination.write_relabel,
      .symbols = symbols,
      .tenants = tenants ? &*tenants : nullptr,
      .sharding = destination.sharding.is_on() ? &destination.sharding : nullptr};
  const Projection projection = Project({}, ChunkOf(series), rules);
  if (!projection.Sends(0)) {
    explained.fate = explained.dropped_by ? SeriesFate::kDropped : SeriesFate::kUnfit;
    return explained;
  }
  const TenantId tenant = projection.TenantOf(0);
  if (tenant == kUnfitTenant) explained.fate = SeriesFate::kWithoutTenant;
  if (tenant == kOtherTenant) explained.fate = SeriesFate::kElsewhere;
  if (tenants && explained.fate == SeriesFate::kSent) explained.tenant = tenants->NameOf(tenant);
  if (explained.fate != SeriesFate::kSent) return explained;
  std::vector<relabel::Label> labels;
  const std::span<const proto::Symbol> names = projection.SymbolsOf(0);
  for (size_t i = 0; i + 1 < names.size(); i += 2) {
    labels.push_back(
        {std::string(symbols->TextOf(names[i])), std::string(symbols->TextOf(names[i + 1]))});
  }
  explained.labels = relabel::Labels::From(std::move(labels));
  return explained;
}

}  // namespace sluice::remotewrite
