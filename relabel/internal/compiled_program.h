// What a program is inside: its steps, and which of them have to be run for given labels.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relabel/case_mapper.h"
#include "relabel/internal/matcher.h"
#include "relabel/internal/template.h"
#include "relabel/internal/text_filter.h"
#include "relabel/labels.h"
#include "relabel/program.h"
#include "relabel/rule.h"

namespace sluice::relabel {

inline constexpr std::string_view kDefaultRegex = "(.*)";

struct Step {
  size_t rule = 0;
  Matcher matcher;
  Template target;
  Template replacement;
};

// Steps that look at the same labels for the same text.
struct Watch {
  size_t rule = 0;  // one of them
  TextFilter filter;
};

// A longer text is matched again each time.
inline constexpr size_t kMemoBytesMax = 256;

// What a step made of the last text that it saw.
struct Memo {
  bool is_set = false;
  bool matches = false;
  std::string text;
  std::string target;  // of Action::kReplace and kHashMod
  std::string result;
};

// Memory that the steps of a program share.
struct Scratch {
  std::string joined;
  std::string target;
  std::string result;
  MatchGroups groups;
  std::vector<Label> labels;
  std::vector<Memo> memos;  // by step; none when nothing is to be kept
  // Of RunSome(): steps that are to be run, and what LookAt() finds.
  NumberSet active;
  NumberSet found;

  // Null when what becomes of the text is not to be kept.
  Memo* MemoOf(size_t step, std::string_view value) {
    return memos.empty() || value.size() > kMemoBytesMax ? nullptr : &memos[step];
  }
};

// The values of the rule's source labels. The view is valid until `labels` or `scratch` changes.
std::string_view Join(const Rule& rule, const LabelsBuilder& labels, std::string& scratch);

struct Program::Compiled {
  std::vector<Rule> rules;
  std::vector<Step> steps;
  NameScheme scheme = NameScheme::kUtf8;
  CaseMapper case_mapper;

  // Which steps have to be run: a step that is not among them does nothing.
  bool is_filtered = false;
  NumberSet idle;  // when there are no labels; others may be found by those that there are
  std::vector<Watch> watches;
  // By the name of a label: steps that are about names, and, behind all steps, watches.
  TextFilter names;

  void MakeFilters();
  Watch& WatchOf(size_t step);
  void LookAt(std::span<const Label> labels, const LabelsBuilder& all, Scratch& scratch) const;

  // False: dropped.
  bool RunAll(LabelsBuilder& labels, Scratch& scratch) const;
  bool RunSome(LabelsBuilder& labels, Scratch& scratch) const;
  bool Run(const Step& step, LabelsBuilder& labels, Scratch& scratch) const;
  void Replace(const Step& step, LabelsBuilder& labels, Scratch& scratch) const;
  bool Expand(const Step& step, std::string_view value, Scratch& scratch) const;
  bool Matches(const Step& step, std::string_view value, Scratch& scratch) const;
  void SetHash(const Step& step, LabelsBuilder& labels, Scratch& scratch) const;
};

struct Program::Memory::State {
  std::shared_ptr<const Compiled> of;
  Scratch scratch;
};

}  // namespace sluice::relabel
