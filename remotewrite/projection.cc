#include "remotewrite/projection.h"

#include <algorithm>

#include "proto/write_request.h"
#include "remotewrite/text_writer.h"

namespace sluice::remotewrite {

namespace {

using buffer::LabelView;

constexpr size_t kLabelsMax = UINT32_MAX;

// Adds the labels of `from` whose names `into` does not have; both sorted by name.
void AddAbsent(std::vector<LabelView>& into, std::span<const LabelView> from) {
  if (from.empty()) return;
  const auto old_size = static_cast<std::ptrdiff_t>(into.size());
  auto at = into.begin();
  for (const LabelView& label : from) {
    const auto old_end = into.begin() + old_size;
    at = std::lower_bound(at, old_end, label.name,
                          [](const LabelView& l, std::string_view name) { return l.name < name; });
    if (at != old_end && at->name == label.name) continue;
    const auto place = at - into.begin();
    into.push_back(label);
    at = into.begin() + place;
  }
  std::inplace_merge(into.begin(), into.begin() + old_size, into.end(),
                     [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
}

bool Contains(std::span<const std::string_view> sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

// (target labels minus unset) plus set.
void MergeSeries(std::span<const LabelView> target, const buffer::SeriesView& series,
                 std::vector<LabelView>& out) {
  out.assign(series.set.begin(), series.set.end());
  if (series.unset.empty()) {
    AddAbsent(out, target);
    return;
  }
  std::vector<LabelView> kept;
  for (const LabelView& label : target) {
    if (!Contains(series.unset, label.name)) kept.push_back(label);
  }
  AddAbsent(out, kept);
}

bool FitToSend(std::span<const LabelView> labels) {
  bool named = false;
  for (const LabelView& label : labels) {
    if (label.name.empty()) return false;
    if (label.name == relabel::kMetricName) named = true;
    if (!relabel::IsValidUtf8(label.name) || !relabel::IsValidUtf8(label.value)) return false;
  }
  return named;
}

bool HasAnyOf(std::span<const LabelView> sorted, std::span<const LabelView> labels) {
  return std::any_of(labels.begin(), labels.end(), [&](const LabelView& label) {
    return std::binary_search(
        sorted.begin(), sorted.end(), label,
        [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
  });
}

// Whether the labels of the target go into those of all series as they are, and nothing else
// depends on them; nor can anything be taken for one of them.
bool TakesAnyTarget(std::span<const LabelView> target, const buffer::DecodedChunk& chunk,
                    const ProjectionRules& rules) {
  if (!rules.write_relabel.empty() || rules.parts_series() || rules.symbols != nullptr) {
    return false;
  }
  std::vector<LabelView> external;
  for (const relabel::Label& label : rules.external_labels) {
    external.push_back({label.name, label.value});
  }
  const bool may_be_mistaken = HasAnyOf(target, external);
  return std::none_of(chunk.series.begin(), chunk.series.end(), [&](const auto& series) {
    return HasAnyOf(target, series.set) || (may_be_mistaken && !series.unset.empty());
  });
}

class Projector {
 public:
  explicit Projector(const ProjectionRules& rules) : rules_(rules) {
    for (const relabel::Label& label : rules.external_labels) {
      external_.push_back({label.name, label.value});
    }
  }

  // The final labels, or nothing when the series is not to be sent. Valid until the next call.
  std::span<const LabelView> Derive(std::span<const LabelView> target,
                                    const buffer::SeriesView& series) {
    MergeSeries(target, series, labels_);
    // An empty value is an absent label.
    std::erase_if(labels_, [](const LabelView& label) { return label.value.empty(); });
    AddAbsent(labels_, external_);
    if (!rules_.write_relabel.empty() && !Relabel()) return {};
    tenant_ = rules_.tenants != nullptr ? rules_.tenants->Take(labels_) : kNoTenant;
    if (!FitToSend(labels_)) return {};
    if (rules_.sharding != nullptr && !rules_.sharding->IsOurs(labels_)) tenant_ = kOtherTenant;
    return labels_;
  }

  // Of the series that Derive() was last called for and gave labels of.
  TenantId tenant() const { return tenant_; }

 private:
  bool Relabel() {
    builder_.Clear();
    for (const LabelView& label : labels_) builder_.Set(label.name, label.value);
    if (!rules_.write_relabel.Apply(builder_)) return false;
    labels_.clear();
    for (const relabel::Label& label : builder_.labels()) {
      labels_.push_back({label.name, label.value});
    }
    return true;
  }

  const ProjectionRules& rules_;
  std::vector<LabelView> external_;
  std::vector<LabelView> labels_;
  TenantId tenant_ = kNoTenant;
  relabel::LabelsBuilder builder_;
};

}  // namespace

size_t Projection::memory_bytes() const {
  size_t bytes = sizeof(*this) + labels_.capacity() + ends_.capacity() * sizeof(uint32_t);
  bytes += tenants_.capacity() * sizeof(TenantId);
  if (symbols_ == nullptr) return bytes;
  bytes += sizeof(Symbols) + symbols_->lease.memory_bytes();
  bytes += symbols_->labels.capacity() * sizeof(proto::Symbol);
  bytes += symbols_->families.capacity() * sizeof(proto::MetadataSymbols);
  return bytes + symbols_->family_of.capacity() * sizeof(uint32_t);
}

std::string_view Projection::EncodedLabels(size_t series, std::string& scratch) const {
  if (is_whole()) return LabelsOf(series);
  scratch.clear();
  if (model_ != nullptr) {
    TextWriter writer;
    writer.Begin(*model_, *target_);
    const ProjectionModel::Text text = model_->TextOf(series);
    const size_t size = writer.SizeOf(text);
    scratch.resize(1 + size + kTextStep);
    PlainText out(scratch.data(), scratch.data() + 1);
    writer.Write(series, text, out);
    return std::string_view(scratch).substr(1, size);
  }
  const proto::SymbolPool& pool = symbols_->lease.pool();
  const std::span<const proto::Symbol> labels = SymbolsOf(series);
  for (size_t i = 0; i + 1 < labels.size(); i += 2) {
    proto::AppendLabel(scratch, pool.TextOf(labels[i]), pool.TextOf(labels[i + 1]));
  }
  return scratch;
}

bool Projection::TakeModel(const std::shared_ptr<const ProjectionModel>& model,
                           const std::shared_ptr<const TargetText>& target) {
  if (!model->Gives(texts(), *target)) return false;
  HoldModel(model, target);
  return true;
}

void Projection::HoldModel(const std::shared_ptr<const ProjectionModel>& model,
                           const std::shared_ptr<const TargetText>& target) {
  model_ = model;
  target_ = target;
  labels_.clear();
  labels_.shrink_to_fit();  // which assigning an empty text would not do
  ends_.clear();
  ends_.shrink_to_fit();
}

std::shared_ptr<const Projection> Projection::ForLike(
    const std::shared_ptr<const TargetText>& target) const {
  if (!suits_like_ || !target_->is_plain() || !target->is_plain()) return nullptr;
  if (!target->HasNamesOf(*target_)) return nullptr;
  auto like = std::make_shared<Projection>();
  like->HoldModel(model_, target);
  like->families_ = families_;
  like->dropped_count_ = dropped_count_;
  like->suits_like_ = true;
  return like;
}

void Projection::MakeModel(const std::shared_ptr<const TargetText>& target) {
  const auto model = ProjectionModel::Make(texts(), *target);
  if (model != nullptr) HoldModel(model, target);
}

// The last family is that of series without one.
void Projection::AddFamilies(const buffer::DecodedChunk& chunk) {
  for (const buffer::FamilyView& family : chunk.families) {
    proto::MetadataSymbols metadata{.type = static_cast<uint32_t>(family.type)};
    if (relabel::IsValidUtf8(family.help)) metadata.help = symbols_->lease.Acquire(family.help);
    if (relabel::IsValidUtf8(family.unit)) metadata.unit = symbols_->lease.Acquire(family.unit);
    symbols_->families.push_back(metadata);
  }
  symbols_->families.emplace_back();
}

bool Projection::AddEncoded(std::span<const LabelView> labels) {
  const size_t begin = labels_.size();
  for (const LabelView& label : labels) proto::AppendLabel(labels_, label.name, label.value);
  if (labels_.size() > kLabelsMax) labels_.resize(begin);
  ends_.push_back(static_cast<uint32_t>(labels_.size()));
  return labels_.size() > begin;
}

bool Projection::AddSymbols(std::span<const LabelView> labels) {
  const bool fits = symbols_->labels.size() + 2 * labels.size() <= kLabelsMax;
  if (fits) {
    for (const LabelView& label : labels) {
      symbols_->labels.push_back(symbols_->lease.Acquire(label.name));
      symbols_->labels.push_back(symbols_->lease.Acquire(label.value));
    }
  }
  ends_.push_back(static_cast<uint32_t>(symbols_->labels.size()));
  return fits && !labels.empty();
}

Projection Project(std::span<const LabelView> target_labels, const buffer::DecodedChunk& chunk,
                   const ProjectionRules& rules) {
  Projection result;
  result.ends_.reserve(chunk.series.size());
  if (rules.symbols != nullptr) {
    result.symbols_ = std::make_unique<Projection::Symbols>(rules.symbols);
    result.AddFamilies(chunk);
  }
  Projector projector(rules);
  for (const buffer::SeriesView& series : chunk.series) {
    const std::span<const LabelView> labels = projector.Derive(target_labels, series);
    const bool sent = result.is_encoded() ? result.AddEncoded(labels) : result.AddSymbols(labels);
    if (!sent) ++result.dropped_count_;
    if (rules.parts_series()) result.tenants_.push_back(projector.tenant());
    if (result.is_encoded()) continue;
    const auto last = static_cast<uint32_t>(result.symbols_->families.size() - 1);
    result.symbols_->family_of.push_back(std::min(series.family, last));
  }
  result.suits_like_ = TakesAnyTarget(target_labels, chunk, rules);
  result.labels_.shrink_to_fit();
  if (!result.is_encoded()) {
    result.symbols_->lease.Compact();
    result.symbols_->labels.shrink_to_fit();
  }
  return result;
}

}  // namespace sluice::remotewrite
