// Label sets: what names a series or a target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::relabel {

inline constexpr std::string_view kMetricName = "__name__";

struct Label {
  std::string name;
  std::string value;

  friend bool operator==(const Label&, const Label&) = default;
  friend auto operator<=>(const Label&, const Label&) = default;
};

// Labels sorted bytewise by name, names unique, no empty values (an empty value is an absent
// label). Thread-compatible value type.
class Labels {
 public:
  Labels() = default;
  Labels(std::initializer_list<Label> labels);

  // Sorts; of equal names the last one wins; empty values are left out.
  static Labels From(std::vector<Label> labels);

  // The value, or "" when absent. The view lives as long as the label.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;

  bool empty() const { return labels_.empty(); }

  size_t size() const { return labels_.size(); }

  auto begin() const { return labels_.begin(); }

  auto end() const { return labels_.end(); }

  // {a="b", c="d"}, values quoted as Go's %q does for printable text.
  std::string ToString() const;

  // XXH64 over name, 0xff, value, 0xff ...: the hash Prometheus uses for labels.
  uint64_t Hash() const;

  friend bool operator==(const Labels&, const Labels&) = default;
  friend auto operator<=>(const Labels&, const Labels&) = default;

 private:
  friend class LabelsBuilder;
  std::vector<Label> labels_;
};

// A label set being changed. Thread-compatible; reusable, so that its memory is allocated once.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;

  explicit LabelsBuilder(const Labels& base) { Reset(base); }

  void Reset(const Labels& base);
  void Clear();

  // "" when absent. The view is valid until the next change.
  std::string_view Get(std::string_view name) const;
  // The label with this name, or none; valid until the next change.
  std::span<const Label> Find(std::string_view name) const;
  // Setting "" deletes.
  void Set(std::string_view name, std::string_view value);
  void Delete(std::string_view name);

  // Current labels, sorted by name.
  const std::vector<Label>& labels() const { return labels_; }

  // The order in which Prometheus's labelmap visits labels, which decides who wins a name: those of
  // the base by name, then those that were set since, in the order of their first setting.
  void CopyInSettingOrder(std::vector<Label>& out) const;

  Labels Build() const;

 private:
  std::vector<Label> labels_;    // sorted by name
  std::vector<uint32_t> ranks_;  // beside labels_: 0 = of the base, else when it was set
  uint32_t next_rank_ = 1;
};

// [a-zA-Z_][a-zA-Z0-9_]*
bool IsLegacyLabelName(std::string_view name);
// [a-zA-Z_:][a-zA-Z0-9_:]*
bool IsLegacyMetricName(std::string_view name);
// Prometheus 3's default scheme: any valid UTF-8 that is not empty.
bool IsUtf8LabelName(std::string_view name);
bool IsValidUtf8(std::string_view text);

}  // namespace sluice::relabel
