// Rules compiled once, applied many times: the only place that includes RE2.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "relabel/labels.h"
#include "relabel/rule.h"

namespace sluice::relabel {

// What one rule did to a label set, for `sluice relabel --trace`.
struct TraceStep {
  size_t rule_index = 0;  // from 0
  const Rule* rule = nullptr;
  Labels before;
  Labels after;
  bool kept = true;
};

// An immutable rule list with Prometheus's semantics. Cheap to copy. Thread-safe. A default-made
// program keeps everything as it is.
class Program {
 public:
  Program() = default;

  // Validates and compiles. Errors name the rule by its index from 0: `rule 2: ...`.
  static Result<Program> Compile(std::vector<Rule> rules, NameScheme scheme = NameScheme::kUtf8);

  // What a program finds and need not find again when the next label set has the same values,
  // within bounds; and room to work in. One per thread. Thread-compatible.
  class Memory {
   public:
    Memory();
    ~Memory();
    Memory(Memory&&) noexcept;
    Memory& operator=(Memory&&) noexcept;

   private:
    friend Program;
    struct State;
    std::unique_ptr<State> state_;
  };

  // False: the label set is dropped (its content is then unspecified). `memory` may come from
  // another program.
  bool Apply(LabelsBuilder& labels, Memory& memory) const;
  bool Apply(LabelsBuilder& labels) const;

  // As Apply, and tells each rule's effect in order, up to the one that dropped.
  bool ApplyTraced(LabelsBuilder& labels, const std::function<void(const TraceStep&)>& step) const;

  bool empty() const;
  const std::vector<Rule>& rules() const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace sluice::relabel
