#include "scrape/discovery/eureka/eureka_plan.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/xml.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/xml_values.h"

namespace sluice::scrape {
namespace {

// The label, and the element that it is the text of.
constexpr std::array<std::pair<const char*, const char*>, 9> kTexts = {{
    {"hostname", "hostName"},
    {"homepage_url", "homePageUrl"},
    {"statuspage_url", "statusPageUrl"},
    {"healthcheck_url", "healthCheckUrl"},
    {"ip_addr", "ipAddr"},
    {"vip_address", "vipAddress"},
    {"secure_vip_address", "secureVipAddress"},
    {"status", "status"},
    {"id", "instanceId"},
}};

// The number of a port, which becomes two labels; nothing when there is no such element.
Status AddPort(const XmlElement& instance, std::string_view element, const std::string& label,
               MetaLabels& labels, std::string& number) {
  const XmlElement* port = instance.Child(element);
  if (port == nullptr) return Status::Ok();
  const Result<int64_t> value = XmlInteger(port->text);
  if (!value.ok()) return value.error().WithContext(std::string(element));
  const Result<bool> enabled = XmlBool(port->Attribute("enabled"));
  if (!enabled.ok()) return enabled.error().WithContext(std::string(element));
  number = std::to_string(*value);
  labels.Add("instance_" + label, number);
  labels.Add("instance_" + label + "_enabled", *enabled ? "true" : "false");
  return Status::Ok();
}

// The values are as they stand in the document: Prometheus does not decode them.
void AddMetadata(const XmlElement& parent, const std::string& prefix, MetaLabels& labels) {
  const XmlElement* metadata = parent.Child("metadata");
  if (metadata == nullptr) return;
  for (const XmlElement& item : metadata->children) {
    labels.Add(prefix + SanitizedLabelName(item.name), item.source);
  }
}

Result<relabel::Labels> ReadInstance(const XmlElement& instance, std::string_view app) {
  MetaLabels labels("__meta_eureka_app_");
  labels.Add("name", app);
  for (const auto& [label, element] : kTexts) {
    labels.Add(std::string("instance_") + label, instance.TextOf(element));
  }
  std::string port = "80";
  std::string secure_port;
  if (Status status = AddPort(instance, "port", "port", labels, port); !status.ok()) {
    return status.error();
  }
  Status status = AddPort(instance, "securePort", "secure_port", labels, secure_port);
  if (!status.ok()) return status.error();
  const Result<int64_t> country = XmlInteger(instance.TextOf("countryId"));
  if (!country.ok()) return country.error().WithContext("countryId");
  labels.Add("instance_country_id", std::to_string(*country));
  if (const XmlElement* data_center = instance.Child("dataCenterInfo")) {
    labels.Add("instance_datacenterinfo_name", data_center->TextOf("name"));
    AddMetadata(*data_center, "instance_datacenterinfo_metadata_", labels);
  }
  AddMetadata(instance, "instance_metadata_", labels);
  const relabel::Labels target = labels.Target(HostPort(instance.TextOf("hostName"), port));
  relabel::LabelsBuilder builder(target);
  builder.Set("instance", instance.TextOf("instanceId"));
  return builder.Build();
}

}  // namespace

EurekaPlan::EurekaPlan(EurekaSdConfig config) : config_(std::move(config)) {}

Result<HttpRequests> EurekaPlan::Begin() {
  HttpRequest request;
  request.url = config_.server + "/apps";
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return HttpRequests{std::move(request)};
}

Result<HttpStep> EurekaPlan::Next(const std::vector<HttpAnswer>& answers) {
  const HttpAnswer& answer = answers.front();
  if (answer.head.status / 100 != 2) return RequireStatus(answer, 200).error();
  const Result<XmlElement> apps = ParseXml(answer.body);
  if (!apps.ok()) return apps.error().WithContext(answer.url);
  Refreshed refreshed;
  TargetGroup group;
  group.source = "eureka";
  for (const XmlElement* app : apps->All("application")) {
    const std::string name(app->TextOf("name"));
    for (const XmlElement* instance : app->All("instance")) {
      Result<relabel::Labels> target = ReadInstance(*instance, name);
      if (target.ok()) {
        group.targets.push_back(std::move(*target));
      } else {
        refreshed.bad_entries.push_back(name + ": " + std::string(instance->TextOf("instanceId")) +
                                        ": " + target.error().message);
      }
    }
  }
  refreshed.groups.push_back(std::move(group));
  return HttpStep(std::move(refreshed));
}

}  // namespace sluice::scrape
