// azure_sd_configs: virtual machines of Azure, also those of scale sets (Prometheus,
// <azure_sd_config>).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/telemetry.h"
#include "scrape/discovery/azure/azure_machine.h"
#include "scrape/discovery/azure/azure_sd_config.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// One round: the lists of machines and scale sets, the machines of each scale set, then each
// network interface that is not known from the rounds before. Of a link to a next page only path
// and query are used: no credentials go where an answer points to. All targets are one group.
class AzurePlan final : public HttpPlan {
 public:
  // An interface is asked for again after so many rounds, and up to three more, so that not all
  // of them are at once.
  static constexpr uint64_t kRoundsKept = 10;

  explicit AzurePlan(AzureSdConfig config, Counter cache_hits = {});

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  enum class Kind { kMachines, kScaleSets, kScaleSetMachines, kInterface };

  // What is asked for.
  struct Question {
    Kind kind;
    std::string path;  // with the query
    std::string name;  // of the scale set; of an interface its id
  };

  struct KnownInterface {
    AzureInterface interface;
    uint64_t until_round = 0;
    uint64_t used_in_round = 0;
  };

  // Path of a list below the subscription, or the resource group.
  std::string ListPath(std::string_view type) const;
  // For the machines of one, by its resource group and name.
  void AskForScaleSet(const std::pair<std::string, std::string>& set);
  void AskForInterfaces(const AzureMachine& machine);
  Result<std::string> InterfacePath(const AzureMachine& machine, const std::string& id) const;
  HttpRequests TakeQuestions();

  Status Read(const Question& question, const HttpAnswer& answer);
  Status ReadList(const Question& question, const HttpAnswer& answer);
  Status ReadInterface(const Question& question, const HttpAnswer& answer);

  void AddTargets();
  // No labels if the machine is no target.
  Result<relabel::Labels> TargetOf(const AzureMachine& machine) const;

  const AzureSdConfig config_;
  const Counter cache_hits_;

  // Of all rounds.
  uint64_t round_ = 0;
  std::map<std::string, KnownInterface> interfaces_;  // by id

  // Of this round.
  std::vector<Question> asked_;
  std::vector<Question> to_ask_;
  bool has_lists_ = false;
  std::set<std::string> missing_;  // interfaces that are gone
  std::vector<AzureMachine> machines_;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
