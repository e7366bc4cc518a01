#include "agent/explain/explain.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "agent/explain/series_path.h"
#include "agent/explain/target_path.h"
#include "scrape/explain_series.h"
#include "scrape/explain_targets.h"

namespace sluice::agent {
namespace {

// Of things that were discovered, how many are kept to be looked at closer, of either kind.
constexpr size_t kCandidatesMax = 2'000;
// Time is looked at this often while a page is gone through.
constexpr size_t kSeriesBetweenLooks = 256;

std::string Joined(const std::vector<Stage>& stages) {
  std::string text;
  for (const Stage& stage : stages) text += (text.empty() ? "" : "; ") + stage.text;
  return text;
}

// What labels that are some of a series's, such as its target's, leave open.
enum class Part {
  kNone,  // it is no such series
  kSome,  // its other labels decide
  kAll,   // it is one
};

Part MatchesPart(const Selector& selector, const relabel::Labels& labels) {
  Part part = Part::kAll;
  for (const Selector::Matcher& matcher : selector.matchers()) {
    const std::string_view value = labels.Get(matcher.name);
    if (matcher.Matches(value)) continue;
    if (!value.empty()) return Part::kNone;
    part = Part::kSome;
  }
  return part;
}

bool NamesMetric(const Selector& selector) {
  const auto& matchers = selector.matchers();
  return std::any_of(matchers.begin(), matchers.end(), [](const Selector::Matcher& matcher) {
    return matcher.name == relabel::kMetricName;
  });
}

class Explainer {
 public:
  Explainer(const Selector& selector, const AgentView& agent, const ExplainDeps& deps)
      : selector_(selector), agent_(agent), deps_(deps) {
    for (const scrape::TargetStatus& status : agent.scraper.scraped) {
      statuses_.emplace(status.id, &status);
    }
  }

  Explanation Run() {
    for (const scrape::PoolView& pool : agent_.scraper.pools) Collect(pool);
    if (!NamesMetric(selector_) && !whole_.empty()) {
      for (const Candidate& candidate : whole_) AddTarget(candidate);
    } else {
      FindSeries();
    }
    Conclude();
    return std::move(result_);
  }

 private:
  void Collect(const scrape::PoolView& pool) {
    // Group by group: all labels of all targets would take much memory.
    for (const scrape::TargetGroupPtr& group : pool.groups) {
      if (IsOutOfTime()) return;
      for (auto& target : scrape::ExplainTargets(*pool.job, {*group}, pool.cluster)) {
        Consider({.pool = &pool, .target = std::move(target), .status = std::nullopt});
      }
    }
  }

  void Consider(Candidate candidate) {
    if (candidate.target.target) {
      const auto id = candidate.pool->ids.find(candidate.target.target->identity);
      if (id != candidate.pool->ids.end()) {
        const auto status = statuses_.find(id->second);
        if (status != statuses_.end()) candidate.status = *status->second;
      }
    }
    switch (MatchesPart(selector_, LabelsOf(candidate))) {
      case Part::kAll:
        Keep(std::move(candidate), whole_);
        break;
      case Part::kSome:
        Keep(std::move(candidate), possible_);
        break;
      case Part::kNone:
        if (candidate.status) Keep(std::move(candidate), other_);
        break;
    }
  }

  void Keep(Candidate candidate, std::vector<Candidate>& list) {
    if (list.size() < kCandidatesMax) {
      list.push_back(std::move(candidate));
    } else {
      Note("there are more targets than " + std::to_string(kCandidatesMax) +
           " to look at: name a job or an instance");
    }
  }

  // Series of targets that fit the selector; else of others, whose series may have other labels
  // than their targets; else why there are none.
  void FindSeries() {
    possible_.insert(possible_.begin(), std::make_move_iterator(whole_.begin()),
                     std::make_move_iterator(whole_.end()));
    for (const Candidate& candidate : possible_) LookAt(candidate);
    if (result_.matched > 0) return;
    for (const Candidate& candidate : other_) LookAt(candidate);
    if (result_.matched > 0) return;
    for (const Candidate& candidate : possible_) AddMissing(candidate);
  }

  void LookAt(const Candidate& candidate) {
    if (!candidate.status || IsOutOfTime()) return;
    const Result<scrape::PageView> page = deps_.page_of(candidate.status->id);
    if (!page.ok()) {
      Note(candidate.status->url + ": " + page.error().message);
      return;
    }
    scrape::SeriesExplainer explainer(*page);
    for (size_t count = 1; explainer.Next(); ++count) {
      if (count % kSeriesBetweenLooks == 0 && IsOutOfTime()) return;
      if (IsAskedFor(explainer.series())) AddSeries(candidate, *page, explainer.series());
    }
  }

  // By what it is called anywhere on its way.
  bool IsAskedFor(const scrape::ExplainedSeries& series) const {
    if (selector_.Matches(series.merged)) return true;
    if (series.state != scrape::SeriesState::kStored) return false;
    if (series.labels != series.merged && selector_.Matches(series.labels)) return true;
    return std::any_of(agent_.destinations->begin(), agent_.destinations->end(),
                       [&](const remotewrite::DestinationConfig& destination) {
                         const bool as_is = destination.external_labels.empty() &&
                                            destination.write_relabel.empty();
                         return !as_is &&
                                selector_.Matches(DeliveredLabels(destination, series.labels));
                       });
  }

  void AddSeries(const Candidate& candidate, const scrape::PageView& page,
                 const scrape::ExplainedSeries& series) {
    if (++result_.matched > kPathsShownMax) return;
    Path path = ExplainTarget(candidate, agent_.now_ms);
    ExplainSeries(page, series, path);
    Finish(candidate, std::move(path));
  }

  void AddTarget(const Candidate& candidate) {
    if (++result_.matched > kPathsShownMax) return;
    Finish(candidate, ExplainTarget(candidate, agent_.now_ms));
  }

  // Of a target that could have such a series.
  void AddMissing(const Candidate& candidate) {
    if (++result_.matched > kPathsShownMax) return;
    Path path = ExplainTarget(candidate, agent_.now_ms);
    path.is_series = true;
    relabel::LabelsBuilder labels(path.labels);
    for (const Selector::Matcher& matcher : selector_.matchers()) {
      if (matcher.op == Selector::Operator::kEqual) labels.Set(matcher.name, matcher.value);
    }
    path.labels = labels.Build();
    if (StopOf(path) == nullptr) {
      path.stages.push_back(
          {.name = "page", .verdict = Verdict::kStopped, .text = MissingText(candidate)});
    }
    Finish(candidate, std::move(path));
  }

  std::string MissingText(const Candidate& candidate) const {
    const Result<scrape::PageView> page = deps_.page_of(candidate.status->id);
    const std::string url = candidate.status->url;
    if (!page.ok()) return "not known to be on the page of " + url + ": " + page.error().message;
    return "no such series is on the last page of " + url + ", which has " +
           std::to_string(page->series_count) + " series";
  }

  void Finish(const Candidate& candidate, Path path) {
    const Stage* const stop = StopOf(path);
    if (stop != nullptr) {
      path.sentence = "job " + path.job + ": " + Subject(path) + stop->text;
    } else {
      ExplainDeliveries(agent_, candidate.target.target->labels, DeliveredOf(path), path);
      // Looking through a quarantine takes a while: of the first one only.
      if (path.is_series && result_.paths.empty()) TellRefusals(path);
      path.sentence = "job " + path.job + ": " + Joined(path.deliveries);
      if (path.deliveries.empty()) path.sentence += "scraped, but there is no destination";
    }
    result_.paths.push_back(std::move(path));
  }

  void TellRefusals(Path& path) const {
    for (Stage& delivery : path.deliveries) {
      if (delivery.labels.empty()) continue;  // not sent
      const auto refusal = deps_.refusal_of(delivery.name, delivery.labels);
      if (!refusal) continue;
      delivery.text += "; of this series it last refused samples at " + refusal->time + ": HTTP " +
                       refusal->status + ", " + refusal->answer;
    }
  }

  static std::string Subject(const Path& path) {
    const std::string_view instance = path.labels.Get("instance");
    const bool is_of_target = StopOf(path)->name == "scrape" || StopOf(path)->name == "target" ||
                              StopOf(path)->name == "relabel_configs";
    if (!is_of_target || instance.empty()) return "";
    return "target " + std::string(instance) + ": ";
  }

  // Of a target, its `up` goes the way of all its series.
  static relabel::Labels DeliveredOf(const Path& path) {
    if (path.is_series) return path.labels;
    relabel::LabelsBuilder builder(path.labels);
    builder.Set(relabel::kMetricName, "up");
    return builder.Build();
  }

  void Conclude() {
    if (result_.matched == 1) {
      result_.sentence = result_.paths.front().sentence;
    } else if (result_.matched == 0) {
      result_.sentence = "nothing that was discovered matches, and no page has such a series";
      if (agent_.scraper.pools.empty()) result_.sentence = "there are no scrape jobs";
    } else {
      const char* const what = result_.paths.front().is_series ? " series" : " targets";
      result_.sentence = std::to_string(result_.matched) + what + " match: " + Summary();
    }
    if (result_.matched > result_.paths.size()) {
      result_.notes.push_back("the first " + std::to_string(result_.paths.size()) + " of " +
                              std::to_string(result_.matched) + " are shown");
    }
  }

  // What is said of the paths, without repetition.
  std::string Summary() const {
    constexpr size_t kSentencesMax = 4;
    std::vector<std::pair<std::string, size_t>> sentences;
    for (const Path& path : result_.paths) {
      const auto same = std::find_if(sentences.begin(), sentences.end(),
                                     [&](const auto& each) { return each.first == path.sentence; });
      if (same != sentences.end()) {
        ++same->second;
      } else {
        sentences.emplace_back(path.sentence, 1);
      }
    }
    if (sentences.size() == 1) return sentences.front().first;
    std::string text;
    for (size_t i = 0; i < std::min(sentences.size(), kSentencesMax); ++i) {
      text += (i == 0 ? "" : ", ") + std::to_string(sentences[i].second) + " x (" +
              sentences[i].first + ")";
    }
    return sentences.size() > kSentencesMax ? text + " ..." : text;
  }

  bool IsOutOfTime() {
    if (!out_of_time_ && deps_.is_out_of_time()) {
      out_of_time_ = true;
      Note("there was no time to look at all of it: name a job or an instance");
    }
    return out_of_time_;
  }

  void Note(std::string text) {
    constexpr size_t kNotesMax = 10;
    result_.complete = false;
    const bool is_new =
        std::find(result_.notes.begin(), result_.notes.end(), text) == result_.notes.end();
    if (is_new && result_.notes.size() < kNotesMax) result_.notes.push_back(std::move(text));
  }

  const Selector& selector_;
  const AgentView& agent_;
  const ExplainDeps& deps_;
  std::unordered_map<uint64_t, const scrape::TargetStatus*> statuses_;
  std::vector<Candidate> whole_;     // targets that are asked for
  std::vector<Candidate> possible_;  // whose series may be
  std::vector<Candidate> other_;     // scraped ones
  bool out_of_time_ = false;
  Explanation result_;
};

}  // namespace

Explanation Explain(const Selector& selector, const AgentView& agent, const ExplainDeps& deps) {
  return Explainer(selector, agent, deps).Run();
}

}  // namespace sluice::agent
