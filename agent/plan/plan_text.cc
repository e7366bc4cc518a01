#include "agent/plan/plan_text.h"

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>

#include "base/duration.h"

namespace sluice::agent {
namespace {

// Longer values are for the files, not for a line.
constexpr size_t kValueBytesMax = 100;

std::string_view ChangeName(Change change) {
  switch (change) {
    case Change::kKept:
      return "kept";
    case Change::kAdded:
      return "added";
    case Change::kRemoved:
      return "removed";
    case Change::kChanged:
      return "changed";
  }
  return "";
}

void PrintFields(const std::vector<FieldChange>& fields, std::ostream& out) {
  for (const FieldChange& field : fields) {
    out << "  " << field.name << ": ";
    if (std::max(field.before.size(), field.after.size()) > kValueBytesMax) {
      out << "changed\n";
    } else {
      out << (field.before.empty() ? "(not set)" : field.before) << " -> "
          << (field.after.empty() ? "(not set)" : field.after) << "\n";
    }
  }
}

void PrintRules(const std::vector<RuleDiff>& diffs, std::ostream& out) {
  for (const RuleDiff& diff : diffs) {
    out << "  " << diff.name << ":\n";
    for (const RuleLine& line : diff.lines) {
      out << "    " << line.sign << " [" << line.index << "] " << line.text << "\n";
    }
  }
}

void PrintTarget(char sign, const PlannedTarget& target, std::ostream& out) {
  out << "    " << sign << " " << target.url << " " << target.labels.ToString() << "\n";
}

void PrintChange(const PlannedTarget& before, const PlannedTarget& after, std::ostream& out) {
  out << "    ~ " << before.url;
  if (before.url != after.url) out << " -> " << after.url;
  out << " " << before.labels.ToString();
  if (before.labels != after.labels) out << " -> " << after.labels.ToString();
  if (before.interval != after.interval) {
    out << " every " << FormatDuration(before.interval) << " -> " << FormatDuration(after.interval);
  }
  if (before.timeout != after.timeout) {
    out << " within " << FormatDuration(before.timeout) << " -> " << FormatDuration(after.timeout);
  }
  out << "\n";
}

template <class List, class Print>
void PrintSome(const List& list, Print print, std::ostream& out) {
  for (size_t i = 0; i < std::min(list.size(), kPlannedShownMax); ++i) print(list[i]);
  if (list.size() > kPlannedShownMax) {
    out << "    ... and " << list.size() - kPlannedShownMax << " more\n";
  }
}

void PrintTargets(const TargetDiff& diff, std::ostream& out) {
  if (!diff.unknown.empty()) {
    out << "  targets: not known: " << diff.unknown << "\n";
    return;
  }
  out << "  targets: " << diff.added.size() << " added, " << diff.removed.size() << " removed, "
      << diff.changed.size() << " changed, " << diff.kept << " kept\n";
  PrintSome(
      diff.added, [&](const PlannedTarget& each) { PrintTarget('+', each, out); }, out);
  PrintSome(
      diff.removed, [&](const PlannedTarget& each) { PrintTarget('-', each, out); }, out);
  PrintSome(
      diff.changed, [&](const auto& each) { PrintChange(each.first, each.second, out); }, out);
}

void PrintItem(const PlanItem& item, std::ostream& out) {
  PrintFields(item.fields, out);
  PrintRules(item.rules, out);
  if (item.only_hidden) {
    out << "  what is not shown: a secret, or a setting that it has from elsewhere\n";
  }
}

void PrintJob(const PlanItem& job, std::ostream& out) {
  const bool is_silent = job.change == Change::kKept && job.targets.unknown.empty();
  if (is_silent) return;
  out << "job " << job.name << ": " << ChangeName(job.change) << "\n";
  PrintItem(job, out);
  PrintTargets(job.targets, out);
}

std::string_view FateOf(const PlanItem& destination) {
  if (destination.on_remove == "drop") return "are dropped";
  if (destination.on_remove == "keep") return "are kept, as is all that is new";
  return "are delivered first";
}

void PrintDestination(const PlanItem& destination, std::ostream& out) {
  if (destination.change == Change::kKept) return;
  out << "destination " << destination.name << ": " << ChangeName(destination.change);
  if (destination.change == Change::kAdded) out << ": it gets what is scraped from then on";
  if (destination.change == Change::kRemoved) {
    out << ": ";
    if (destination.pending) out << *destination.pending << " ";
    out << "pending samples " << FateOf(destination);
  }
  out << "\n";
  PrintItem(destination, out);
}

void PrintCounts(const char* what, const std::vector<PlanItem>& items, std::ostream& out) {
  const auto count = [&](Change change) {
    return std::count_if(items.begin(), items.end(),
                         [change](const PlanItem& item) { return item.change == change; });
  };
  out << what << ": " << count(Change::kAdded) << " added, " << count(Change::kRemoved)
      << " removed, " << count(Change::kChanged) << " changed, " << count(Change::kKept)
      << " kept\n";
}

}  // namespace

void PrintPlan(const Plan& plan, std::ostream& out) {
  if (!plan.global.empty()) {
    out << "global: changed\n";
    PrintFields(plan.global, out);
  }
  for (const PlanItem& job : plan.jobs) PrintJob(job, out);
  for (const PlanItem& destination : plan.destinations) PrintDestination(destination, out);
  if (!plan.has_changes()) {
    out << "nothing changes" << (plan.is_incomplete() ? ", as far as is known" : "") << "\n";
    return;
  }
  PrintCounts("jobs", plan.jobs, out);
  PrintCounts("destinations", plan.destinations, out);
}

}  // namespace sluice::agent
