// scaleway_sd_configs: instances or bare-metal servers of Scaleway (Prometheus,
// <scaleway_sd_config>).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/scaleway/scaleway_sd_config.h"

namespace sluice::scrape {

// What the servers of the role baremetal are joined with, by id.
struct ScalewayCatalog {
  std::map<std::string, std::string, std::less<>> offers;  // names
  // Names and versions.
  std::map<std::string, std::pair<std::string, std::string>, std::less<>> systems;
};

// One round: of bare-metal servers first their offers and operating systems; then the servers, each
// page by page. All are one group.
class ScalewayPlan final : public HttpPlan {
 public:
  explicit ScalewayPlan(ScalewaySdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  enum class List { kOffers, kSystems, kServers };

  HttpRequest PageRequest() const;
  std::string Path() const;
  // Whether there is another page of the list.
  Result<bool> ReadPage(const HttpAnswer& answer);
  void ReadList(JsonDocument& json);

  ScalewaySdConfig config_;  // set once

  // Of this round.
  List list_ = List::kServers;
  int64_t page_ = 1;
  int64_t entries_ = 0;  // of the list so far
  ScalewayCatalog catalog_;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
