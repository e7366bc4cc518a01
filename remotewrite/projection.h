// Projections: the labels of a chunk's series as one destination sends them, encoded once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "buffer/chunk.h"
#include "proto/symbol_pool.h"
#include "proto/write_request_v2.h"
#include "relabel/labels.h"
#include "relabel/program.h"
#include "remotewrite/family_book.h"
#include "remotewrite/projection_model.h"
#include "remotewrite/sharding.h"
#include "remotewrite/target_text.h"
#include "remotewrite/tenants.h"

namespace sluice::remotewrite {

// What a destination does to the labels of every series, in this order. Borrowed.
struct ProjectionRules {
  const relabel::Labels& external_labels;  // added where the series has no such label
  const relabel::Program& write_relabel;
  // Where labels become symbols, for remote write 2.0; null for 1.0.
  std::shared_ptr<proto::SymbolPool> symbols = nullptr;
  // Where it is noted what is said of the families of chunks in use; null when nobody asks.
  FamilyBook* families = nullptr;
  // Who owns a series then; null: the destination knows no tenants.
  Tenants* tenants = nullptr;
  // Series that are others' are kOtherTenant's; null: there are no others.
  const Sharding* sharding = nullptr;

  bool parts_series() const { return tenants != nullptr || sharding != nullptr; }
};

// Immutable once others see it. One entry for each series of the chunk, in its order. Labels are
// held in the form of one protocol: encoded for 1.0, or as symbols, from which 1.0 can be had, too,
// at more cost. Encoded ones are whole texts at first; for keeping, a model that like targets share
// and the labels of the target take their place.
class Projection {
 public:
  // Whether the labels are encoded for 1.0.
  bool is_encoded() const { return symbols_ == nullptr; }

  // Whether they are, and each series has its text.
  bool is_whole() const { return is_encoded() && model_ == nullptr; }

  // Whether the series is sent.
  bool Sends(size_t series) const {
    return model_ == nullptr ? BeginOf(series) != ends_[series] : model_->Has(series);
  }

  // Labels for proto::RequestWriter; empty = this series is not sent. Only when they are whole.
  std::string_view LabelsOf(size_t series) const { return texts().At(series); }

  // The same in any case; may point into `scratch`. Not for all series of many: of a model they are
  // better made with TextWriter.
  std::string_view EncodedLabels(size_t series, std::string& scratch) const;

  // Puts the model in the place of the texts, if that makes no difference. Only when they are
  // whole.
  bool TakeModel(const std::shared_ptr<const ProjectionModel>& model,
                 const std::shared_ptr<const TargetText>& target);

  // The same with a model of just these texts, if there can be one.
  void MakeModel(const std::shared_ptr<const TargetText>& target);

  // The same chunk for another target, if that is sure to come out the same but for the labels of
  // the target: nothing of the chunk has to be read for it. Else null. Only when there is a model.
  std::shared_ptr<const Projection> ForLike(const std::shared_ptr<const TargetText>& target) const;

  // What is said of the chunk's families, which is held for as long as this is.
  void HoldFamilies(std::shared_ptr<const ChunkFamilies> families) {
    families_ = std::move(families);
  }

  // Null when there is none.
  const std::shared_ptr<const ProjectionModel>& model() const { return model_; }

  const std::shared_ptr<const TargetText>& target() const { return target_; }

  // Names and values in turn. Only when they are symbols, as is the metadata.
  std::span<const proto::Symbol> SymbolsOf(size_t series) const {
    const size_t begin = BeginOf(series);
    return std::span(symbols_->labels).subspan(begin, ends_[series] - begin);
  }

  const proto::MetadataSymbols& MetadataOf(size_t series) const {
    return symbols_->families[symbols_->family_of[series]];
  }

  // Only of series that are sent.
  TenantId TenantOf(size_t series) const { return tenants_.empty() ? kNoTenant : tenants_[series]; }

  uint32_t series_count() const {
    return static_cast<uint32_t>(model_ == nullptr ? ends_.size() : model_->series_count());
  }

  // Series that are not sent: dropped by a rule, or unfit for remote write once relabeled (no
  // metric name, a label without a name, text that is not UTF-8). Receivers refuse a whole request
  // for one of those.
  uint32_t dropped_count() const { return dropped_count_; }

  // Without what is shared: the texts of symbols, the model, the labels of the target.
  size_t memory_bytes() const;

 private:
  friend Projection Project(std::span<const buffer::LabelView>, const buffer::DecodedChunk&,
                            const ProjectionRules&);

  struct Symbols {
    explicit Symbols(std::shared_ptr<proto::SymbolPool> pool) : lease(std::move(pool)) {}

    proto::SymbolLease lease;
    std::vector<proto::Symbol> labels;
    std::vector<proto::MetadataSymbols> families;
    std::vector<uint32_t> family_of;  // one for each series
  };

  size_t BeginOf(size_t series) const { return series == 0 ? 0 : ends_[series - 1]; }

  SeriesTexts texts() const { return {labels_, ends_}; }

  void HoldModel(const std::shared_ptr<const ProjectionModel>& model,
                 const std::shared_ptr<const TargetText>& target);
  void AddFamilies(const buffer::DecodedChunk& chunk);
  bool AddEncoded(std::span<const buffer::LabelView> labels);
  bool AddSymbols(std::span<const buffer::LabelView> labels);

  std::string labels_;
  std::shared_ptr<const ProjectionModel> model_;
  std::shared_ptr<const TargetText> target_;
  std::unique_ptr<Symbols> symbols_;
  std::vector<uint32_t> ends_;     // in labels_, or in the labels of symbols_; none with a model
  std::vector<TenantId> tenants_;  // one for each series, when there are tenants
  std::shared_ptr<const ChunkFamilies> families_;
  uint32_t dropped_count_ = 0;
  bool suits_like_ = false;  // targets with labels of the same names
};

// `target_labels` sorted by name. Series whose labels would make the buffer exceed 4 GiB count as
// dropped. Pure.
Projection Project(std::span<const buffer::LabelView> target_labels,
                   const buffer::DecodedChunk& chunk, const ProjectionRules& rules);

}  // namespace sluice::remotewrite
