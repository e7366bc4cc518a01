// uyuni_sd_configs: the endpoints of the systems of Uyuni that are to be monitored (Prometheus,
// <uyuni_sd_config>).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/uyuni/uyuni_sd_config.h"
#include "scrape/discovery/uyuni/xml_rpc.h"

namespace sluice::scrape {

struct UyuniSystem {
  std::string groups;  // names, joined
  std::string hostname;
  std::string primary_fqdn;
};

// One round, by XML-RPC: a session, the systems, then their endpoints and networks. All endpoints
// are one group.
class UyuniPlan final : public HttpPlan {
 public:
  explicit UyuniPlan(UyuniSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  enum class Step { kLogin, kSystems, kEndpoints };

  std::string Url() const;
  HttpRequest Call(std::string_view method, const std::vector<XmlRpcArgument>& arguments) const;
  Result<HttpStep> ReadLogin(const HttpAnswer& answer);
  Result<HttpStep> ReadSystems(const HttpAnswer& answer);
  Status ReadNetworks(const HttpAnswer& answer);
  Status ReadEndpoints(const HttpAnswer& answer);
  Result<relabel::Labels> ReadEndpoint(const XmlRpcValue& endpoint) const;

  const UyuniSdConfig config_;

  // Of this round.
  Step step_ = Step::kLogin;
  std::string token_;
  std::map<int64_t, UyuniSystem> systems_;  // by id
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
