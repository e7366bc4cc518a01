// The running agent, explained over HTTP.
#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/agent.h"
#include "agent/api/answer.h"
#include "agent/explain/explanation_json.h"

namespace sluice::agent {
namespace {

// The thread that explains serves everybody else, too.
constexpr std::chrono::milliseconds kTimeMax{2'000};
constexpr std::chrono::milliseconds kPageTimeMax{500};

}  // namespace

AgentView Agent::View() const {
  AgentView view;
  view.scraper = scraper_->View();
  view.statuses = destinations_->Snapshot();
  view.now_ms = clock_.WallNowMs();
  const MutexLock lock(shown_mu_);
  view.destinations = destination_configs_;
  return view;
}

Explanation Agent::ExplainNow(const Selector& selector) const {
  const MonotonicTime end = clock_.MonotonicNow() + kTimeMax;
  ExplainDeps deps;
  deps.is_out_of_time = [&] { return clock_.MonotonicNow() >= end; };
  deps.page_of = [&](uint64_t id) {
    return scraper_->PageOf(id, std::min(end, clock_.MonotonicNow() + kPageTimeMax));
  };
  deps.refusal_of = [&](const std::string& destination, const relabel::Labels& series) {
    const auto found = remotewrite::FindRefusal(options_.data_directory + "/quarantine",
                                                destination, series.ToString());
    return found.ok() ? *found : std::nullopt;  // what cannot be read is said by its own tool
  };
  return Explain(selector, View(), deps);
}

HttpServerResponse Agent::ExplainApi(const HttpServerRequest& request) const {
  const Result<Selector> selector = Selector::Parse(request.Query("match"));
  if (selector.ok()) return DataAnswer(ExplanationJson(ExplainNow(*selector)));
  return ErrorAnswer(ApiErrorType::kBadData, "match: " + selector.error().message);
}

}  // namespace sluice::agent
