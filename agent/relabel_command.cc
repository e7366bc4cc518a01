#include "agent/relabel_command.h"

#include <istream>
#include <ostream>
#include <utility>

#include "agent/config/config.h"
#include "agent/label_set_text.h"
#include "agent/rule_text.h"
#include "base/utf8.h"
#include "relabel/program.h"

namespace sluice::agent {
namespace {

// Names what came, what changed and what went.
void DescribeChange(const relabel::TraceStep& step, std::ostream& out) {
  bool changed = false;
  for (const relabel::Label& label : step.before) {
    if (step.after.Has(label.name)) continue;
    out << "      - " << label.name << "=" << QuoteText(label.value) << "\n";
    changed = true;
  }
  for (const relabel::Label& label : step.after) {
    if (step.before.Get(label.name) == label.value) continue;
    const bool is_new = !step.before.Has(label.name);
    out << (is_new ? "      + " : "      ~ ") << label.name << "=" << QuoteText(label.value)
        << "\n";
    changed = true;
  }
  if (!changed) out << "      no change\n";
}

void Trace(const relabel::TraceStep& step, std::ostream& out) {
  out << "  rule " << step.rule_index << ": " << DescribeRule(*step.rule) << "\n";
  if (!step.kept) {
    out << "      dropped\n";
    return;
  }
  DescribeChange(step, out);
}

bool RelabelOne(const relabel::Program& program, const std::string& text, bool trace,
                std::pair<std::ostream&, std::ostream&> streams) {
  const Result<relabel::Labels> labels = ParseLabelSet(text);
  if (!labels.ok()) {
    streams.second << labels.error().message << "\n";
    return false;
  }
  std::ostream& out = streams.first;
  relabel::LabelsBuilder builder(*labels);
  bool kept = true;
  if (trace) {
    out << labels->ToString() << "\n";
    kept = program.ApplyTraced(builder, [&](const relabel::TraceStep& step) { Trace(step, out); });
  } else {
    kept = program.Apply(builder);
  }
  out << (kept ? builder.Build().ToString() : "dropped") << "\n";
  return true;
}

}  // namespace

int RunRelabelCommand(const RelabelCommand& command, std::istream& in, std::ostream& out,
                      std::ostream& err) {
  Result<std::vector<relabel::Rule>> rules = ParseRules(command.rules_text, command.rules_name);
  if (!rules.ok()) {
    err << rules.error().message << "\n";
    return 1;
  }
  const Result<relabel::Program> program = relabel::Program::Compile(std::move(*rules));
  if (!program.ok()) {
    err << command.rules_name << ": " << program.error().message << "\n";
    return 1;
  }
  bool all_read = true;
  for (const std::string& text : command.label_sets) {
    all_read = RelabelOne(*program, text, command.trace, {out, err}) && all_read;
  }
  if (!command.label_sets.empty()) return all_read ? 0 : 1;
  for (std::string line; std::getline(in, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    all_read = RelabelOne(*program, line, command.trace, {out, err}) && all_read;
  }
  return all_read ? 0 : 1;
}

}  // namespace sluice::agent
