#include "scrape/discovery/ec2/ec2_plan.h"

#include <memory>
#include <utility>

#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr const char* kVersion = "2016-11-15";
constexpr int kPageSize = 1000;  // the most that the API allows

AwsConfig AwsOf(const Ec2SdConfig& config) {
  return config.client == nullptr ? AwsConfig() : config.client->config().aws.value_or(AwsConfig());
}

// The parts of a form are those of a query.
std::string FormText(const UrlQuery& form) { return form.Text().substr(1); }

// What the API says of a request that it refused.
std::string Refusal(const HttpAnswer& answer) {
  const Result<XmlElement> xml = ParseXml(answer.body);
  const XmlElement* errors = xml.ok() ? xml->Child("Errors") : nullptr;
  const XmlElement* error = errors == nullptr ? nullptr : errors->Child("Error");
  if (error == nullptr) return {};
  return ": " + std::string(error->TextOf("Code")) + ": " + std::string(error->TextOf("Message"));
}

Result<XmlElement> ParseAnswer(const HttpAnswer& answer) {
  if (Status status = RequireStatus(answer, 200); !status.ok()) {
    return Error{status.error().code, status.error().message + Refusal(answer)};
  }
  Result<XmlElement> xml = ParseXml(answer.body);
  if (!xml.ok()) return xml.error().WithContext(answer.url);
  return xml;
}

}  // namespace

Ec2Plan::Ec2Plan(Ec2SdConfig config, Environment environment)
    : config_(std::move(config)), region_(AwsOf(config_), std::move(environment)) {
  context_.port = config_.port;
}

Result<HttpRequests> Ec2Plan::Begin() {
  page_token_.clear();
  refreshed_ = {};
  Result<std::optional<HttpRequest>> request = region_.Begin();
  if (!request.ok()) return request.error();
  has_region_ = !request->has_value();
  return has_region_ ? FirstPage() : HttpRequests{std::move(**request)};
}

HttpRequests Ec2Plan::FirstPage() {
  context_.region = region_.name();
  refreshed_.groups.push_back({.source = region_.name(), .targets = {}, .labels = {}});
  HttpRequests requests = {Ask(InstancesForm())};
  if (context_.zones.empty()) {
    UrlQuery form;
    form.Add("Action", "DescribeAvailabilityZones");
    form.Add("Version", kVersion);
    requests.push_back(Ask(FormText(form)));
  }
  return requests;
}

HttpRequest Ec2Plan::Ask(const std::string& form) const {
  HttpRequest request;
  request.method = "POST";
  request.url = AwsEndpoint(config_.endpoint, "ec2", region_.name()) + "/";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = std::make_shared<const std::string>(form);
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

std::string Ec2Plan::InstancesForm() const {
  UrlQuery form;
  form.Add("Action", "DescribeInstances");
  form.Add("Version", kVersion);
  form.Add("MaxResults", std::to_string(kPageSize));
  for (size_t i = 0; i < config_.filters.size(); ++i) {
    const auto& [name, values] = config_.filters[i];
    const std::string filter = "Filter." + std::to_string(i + 1) + ".";
    form.Add(filter + "Name", name);
    for (size_t j = 0; j < values.size(); ++j) {
      form.Add(filter + "Value." + std::to_string(j + 1), values[j]);
    }
  }
  if (!page_token_.empty()) form.Add("NextToken", page_token_);
  return FormText(form);
}

Result<HttpStep> Ec2Plan::Next(const std::vector<HttpAnswer>& answers) {
  if (!has_region_) {
    Result<std::optional<HttpRequest>> request = region_.Next(answers.front());
    if (!request.ok()) return request.error();
    has_region_ = !request->has_value();
    return HttpStep(has_region_ ? FirstPage() : HttpRequests{std::move(**request)});
  }
  if (answers.size() > 1) ReadZones(answers[1]);
  Result<std::string> next = ReadPage(answers.front());
  if (!next.ok()) return next.error();
  if (next->empty()) return HttpStep(std::exchange(refreshed_, {}));
  page_token_ = std::move(*next);
  return HttpStep(HttpRequests{Ask(InstancesForm())});
}

void Ec2Plan::ReadZones(const HttpAnswer& answer) {
  const Result<XmlElement> xml = ParseAnswer(answer);
  if (xml.ok()) {
    context_.zones = ReadEc2Zones(*xml);
  } else {
    refreshed_.bad_entries.push_back("availability zones: " + xml.error().message);
  }
}

Result<std::string> Ec2Plan::ReadPage(const HttpAnswer& answer) {
  const Result<XmlElement> xml = ParseAnswer(answer);
  if (!xml.ok()) return xml.error();
  if (xml->name != "DescribeInstancesResponse") {
    return InvalidInput(answer.url + ": not a list of instances");
  }
  std::string next(xml->TextOf("nextToken"));
  if (!next.empty() && next == page_token_) {
    return InvalidInput(answer.url + ": the page after it is the same");
  }
  if (const XmlElement* reservations = xml->Child("reservationSet")) {
    for (const XmlElement* item : reservations->All("item")) ReadReservation(*item);
  }
  return next;
}

void Ec2Plan::ReadReservation(const XmlElement& reservation) {
  const XmlElement* instances = reservation.Child("instancesSet");
  if (instances == nullptr) return;
  for (const XmlElement* instance : instances->All("item")) {
    Result<relabel::Labels> target = ReadEc2Instance(*instance, reservation, context_);
    if (!target.ok()) {
      refreshed_.bad_entries.push_back(std::string(instance->TextOf("instanceId")) + ": " +
                                       target.error().message);
    } else if (!target->empty()) {
      refreshed_.groups.front().targets.push_back(std::move(*target));
    }
  }
}

}  // namespace sluice::scrape
