// Projections: the labels of a chunk's series as one destination sends them, encoded once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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
#include "remotewrite/sharding.h"
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

// Immutable. One entry for each series of the chunk, in its order. Labels are held in the form of
// one protocol: encoded for 1.0, or as symbols, from which 1.0 can be had, too, at more cost.
class Projection {
 public:
  // Whether the labels are encoded for 1.0.
  bool is_encoded() const { return !symbols_.has_value(); }

  // Whether the series is sent.
  bool Sends(size_t series) const { return BeginOf(series) != ends_[series]; }

  // Labels for proto::RequestWriter; empty = this series is not sent. Only when they are encoded.
  std::string_view LabelsOf(size_t series) const {
    const size_t begin = BeginOf(series);
    return std::string_view(labels_).substr(begin, ends_[series] - begin);
  }

  // The same in any case; may point into `scratch`.
  std::string_view EncodedLabels(size_t series, std::string& scratch) const;

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

  uint32_t series_count() const { return static_cast<uint32_t>(ends_.size()); }

  // Series that are not sent: dropped by a rule, or unfit for remote write once relabeled (no
  // metric name, a label without a name, text that is not UTF-8). Receivers refuse a whole request
  // for one of those.
  uint32_t dropped_count() const { return dropped_count_; }

  // Without the texts of symbols, which are shared.
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

  void AddFamilies(const buffer::DecodedChunk& chunk);
  bool AddEncoded(std::span<const buffer::LabelView> labels);
  bool AddSymbols(std::span<const buffer::LabelView> labels);

  std::string labels_;
  std::optional<Symbols> symbols_;
  std::vector<uint32_t> ends_;     // in labels_, or in the labels of symbols_
  std::vector<TenantId> tenants_;  // one for each series, when there are tenants
  uint32_t dropped_count_ = 0;
};

// `target_labels` sorted by name. Series whose labels would make the buffer exceed 4 GiB count as
// dropped. Pure.
Projection Project(std::span<const buffer::LabelView> target_labels,
                   const buffer::DecodedChunk& chunk, const ProjectionRules& rules);

}  // namespace sluice::remotewrite
