#include "scrape/discovery/azure/azure_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/utf8.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr const char* kComputeVersion = "?api-version=2022-03-01";
constexpr const char* kExpand = "&%24expand=IPConfigurations%2FPublicIPAddress";
constexpr const char* kInterfaceVersion = "?api-version=2022-07-01";
constexpr const char* kScaleSetInterfaceVersion = "?api-version=2018-10-01";
constexpr uint64_t kRoundsMore = 3;

// "https://host/path?query" -> "/path?query"; empty if it is no such URL.
std::string PathAndQuery(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t path = scheme == std::string_view::npos ? scheme : url.find('/', scheme + 3);
  return path == std::string_view::npos ? "" : std::string(url.substr(path));
}

}  // namespace

AzurePlan::AzurePlan(AzureSdConfig config, Counter cache_hits)
    : config_(std::move(config)), cache_hits_(cache_hits) {}

Result<HttpRequests> AzurePlan::Begin() {
  if (config_.api_url.empty()) {
    return InvalidInput("there is no cloud configuration matching the name " +
                        QuoteText(config_.environment));
  }
  ++round_;
  std::erase_if(interfaces_,
                [this](const auto& known) { return known.second.until_round <= round_; });
  has_lists_ = false;
  missing_.clear();
  machines_.clear();
  refreshed_ = {};
  refreshed_.groups.push_back({.source = "azure", .targets = {}, .labels = {}});
  to_ask_ = {{Kind::kMachines, ListPath("virtualMachines") + kComputeVersion, ""},
             {Kind::kScaleSets, ListPath("virtualMachineScaleSets") + kComputeVersion, ""}};
  return TakeQuestions();
}

std::string AzurePlan::ListPath(std::string_view type) const {
  std::string path = "/subscriptions/" + EscapedPathSegment(config_.subscription_id);
  if (!config_.resource_group.empty()) {
    path += "/resourceGroups/" + EscapedPathSegment(config_.resource_group);
  }
  return path + "/providers/Microsoft.Compute/" + std::string(type);
}

HttpRequests AzurePlan::TakeQuestions() {
  asked_ = std::exchange(to_ask_, {});
  HttpRequests requests;
  for (const Question& question : asked_) {
    HttpRequest request;
    request.url = config_.api_url + question.path;
    request.client = config_.client;
    request.timeout = config_.refresh_interval;
    request.accept_gzip = true;
    requests.push_back(std::move(request));
  }
  return requests;
}

Result<HttpStep> AzurePlan::Next(const std::vector<HttpAnswer>& answers) {
  // All are read, so that what is good need not be asked for again after a failure.
  std::optional<Error> failure;
  for (size_t i = 0; i < answers.size(); ++i) {
    const Status status = Read(asked_[i], answers[i]);
    if (!status.ok() && !failure) failure = status.error();
  }
  if (failure) return *failure;
  if (to_ask_.empty() && !std::exchange(has_lists_, true)) {
    for (const AzureMachine& machine : machines_) AskForInterfaces(machine);
  }
  if (!to_ask_.empty()) return HttpStep(TakeQuestions());
  AddTargets();
  return HttpStep(std::exchange(refreshed_, {}));
}

Status AzurePlan::Read(const Question& question, const HttpAnswer& answer) {
  return question.kind == Kind::kInterface ? ReadInterface(question, answer)
                                           : ReadList(question, answer);
}

Status AzurePlan::ReadList(const Question& question, const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  const std::string_view link = root["nextLink"].Text();
  const JsonView list = root["value"];
  static_cast<void>(list.Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status;
  if (!link.empty()) {
    const std::string path = PathAndQuery(link);
    if (path.empty() || path == question.path) {
      return InvalidInput(answer.url + ": a bad link to the next page");
    }
    to_ask_.push_back({question.kind, path, question.name});
  }
  if (question.kind == Kind::kScaleSets) {
    ReadEntries(
        **json, list, "virtualMachineScaleSets", refreshed_.bad_entries,
        [](const JsonView& set) -> Result<std::pair<std::string, std::string>> {
          const Result<std::string> group = ResourceGroupOf(set["id"].Text());
          if (!group.ok()) return group.error();
          return std::pair(*group, std::string(set["name"].Text()));
        },
        [this](const std::pair<std::string, std::string>& set) { AskForScaleSet(set); });
    return Status::Ok();
  }
  ReadEntries(
      **json, list, "virtualMachines", refreshed_.bad_entries,
      [&](const JsonView& machine) { return ReadAzureMachine(machine, question.name); },
      [this](AzureMachine machine) { machines_.push_back(std::move(machine)); });
  return Status::Ok();
}

void AzurePlan::AskForScaleSet(const std::pair<std::string, std::string>& set) {
  const auto& [group, name] = set;
  to_ask_.push_back({Kind::kScaleSetMachines,
                     "/subscriptions/" + EscapedPathSegment(config_.subscription_id) +
                         "/resourceGroups/" + EscapedPathSegment(group) +
                         "/providers/Microsoft.Compute/virtualMachineScaleSets/" +
                         EscapedPathSegment(name) + "/virtualMachines" + kComputeVersion,
                     name});
}

void AzurePlan::AskForInterfaces(const AzureMachine& machine) {
  for (const std::string& id : machine.interfaces) {
    const auto [known, is_new] = interfaces_.try_emplace(id);
    if (std::exchange(known->second.used_in_round, round_) == round_) continue;
    if (!is_new) {
      cache_hits_.Increment();
      continue;
    }
    Result<std::string> path = InterfacePath(machine, id);
    if (path.ok()) {
      to_ask_.push_back({Kind::kInterface, std::move(*path), id});
    } else {
      refreshed_.bad_entries.push_back(machine.name + ": " + path.error().message);
      missing_.insert(id);
    }
  }
}

Result<std::string> AzurePlan::InterfacePath(const AzureMachine& machine,
                                             const std::string& id) const {
  const Result<std::string> group = ResourceGroupOf(id);
  if (!group.ok()) return group.error();
  const std::string path = "/subscriptions/" + EscapedPathSegment(config_.subscription_id) +
                           "/resourceGroups/" + EscapedPathSegment(*group) + "/providers/";
  const std::string name = "/networkInterfaces/" + EscapedPathSegment(ResourceNameOf(id));
  if (machine.scale_set.empty()) {
    return path + "Microsoft.Network" + name + kInterfaceVersion + kExpand;
  }
  return path + "Microsoft.Compute/virtualMachineScaleSets/" +
         EscapedPathSegment(machine.scale_set) + "/virtualMachines/" +
         EscapedPathSegment(machine.instance_id) + name + kScaleSetInterfaceVersion + kExpand;
}

Status AzurePlan::ReadInterface(const Question& question, const HttpAnswer& answer) {
  // It went away since the machines were listed.
  if (answer.head.status == 404) {
    missing_.insert(question.name);
    return Status::Ok();
  }
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  AzureInterface interface = ReadAzureInterface((*json)->root());
  if (const Status status = CheckJson(**json, answer); !status.ok()) {
    refreshed_.bad_entries.push_back(status.error().message);
    missing_.insert(question.name);
    return Status::Ok();
  }
  KnownInterface& known = interfaces_[question.name];
  known.interface = std::move(interface);
  known.until_round = round_ + kRoundsKept + XxHash64(question.name) % (kRoundsMore + 1);
  return Status::Ok();
}

void AzurePlan::AddTargets() {
  for (const AzureMachine& machine : machines_) {
    Result<relabel::Labels> target = TargetOf(machine);
    if (!target.ok()) {
      refreshed_.bad_entries.push_back(machine.name + ": " + target.error().message);
    } else if (!target->empty()) {
      refreshed_.groups.front().targets.push_back(std::move(*target));
    }
  }
  std::erase_if(interfaces_, [this](const auto& known) {
    return known.second.used_in_round != round_ || missing_.contains(known.first);
  });
}

Result<relabel::Labels> AzurePlan::TargetOf(const AzureMachine& machine) const {
  for (const std::string& id : machine.interfaces) {
    if (missing_.contains(id)) return relabel::Labels();
    const AzureInterface& interface = interfaces_.at(id).interface;
    if (!interface.is_primary) return relabel::Labels();
    if (!*interface.is_primary || !interface.has_address) continue;
    if (interface.private_ip.empty()) return InvalidInput("no private IP address");
    MetaLabels labels = machine.labels;
    labels.Add("subscription_id", config_.subscription_id);
    labels.Add("tenant_id", config_.tenant_id);
    labels.Add("machine_private_ip", interface.private_ip);
    labels.Add("machine_public_ip", interface.public_ip);
    return labels.Target(HostPort(interface.private_ip, std::to_string(config_.port)));
  }
  return relabel::Labels();
}

}  // namespace sluice::scrape
