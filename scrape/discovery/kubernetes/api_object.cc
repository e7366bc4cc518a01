#include "scrape/discovery/kubernetes/api_object.h"

#include <array>
#include <span>

namespace sluice::scrape {
namespace {

// A field that is kept: the `parts` of it, or all of it when there are none. Of a list, each item.
struct Kept {
  std::string_view name;
  std::span<const Kept> parts = {};
};

constexpr Kept kOwner[] = {{"kind"}, {"name"}, {"controller"}};
constexpr Kept kMetadata[] = {{"name"},   {"namespace"},   {"uid"},
                              {"labels"}, {"annotations"}, {"ownerReferences", kOwner}};
constexpr Kept kPlainMetadata[] = {{"name"}, {"namespace"}, {"labels"}, {"annotations"}};
constexpr Kept kOwnedMetadata[] = {{"name"}, {"namespace"}, {"ownerReferences", kOwner}};

constexpr Kept kCondition[] = {{"type"}, {"status"}};
constexpr Kept kPort[] = {{"name"}, {"containerPort"}, {"port"}, {"protocol"}, {"appProtocol"}};
constexpr Kept kContainer[] = {{"name"}, {"image"}, {"ports", kPort}};
constexpr Kept kContainerStatus[] = {{"name"}, {"containerID"}};
constexpr Kept kPodSpec[] = {
    {"nodeName"}, {"containers", kContainer}, {"initContainers", kContainer}};
constexpr Kept kPodStatus[] = {{"phase"},
                               {"podIP"},
                               {"hostIP"},
                               {"conditions", kCondition},
                               {"containerStatuses", kContainerStatus},
                               {"initContainerStatuses", kContainerStatus}};
constexpr Kept kPod[] = {{"metadata", kMetadata}, {"spec", kPodSpec}, {"status", kPodStatus}};

constexpr Kept kNodeSpec[] = {{"providerID"}};
constexpr Kept kKubelet[] = {{"Port"}};
constexpr Kept kDaemons[] = {{"kubeletEndpoint", kKubelet}};
constexpr Kept kNodeStatus[] = {
    {"addresses"}, {"conditions", kCondition}, {"daemonEndpoints", kDaemons}};
constexpr Kept kNode[] = {
    {"metadata", kPlainMetadata}, {"spec", kNodeSpec}, {"status", kNodeStatus}};

constexpr Kept kServiceSpec[] = {{"type"},         {"clusterIP"},  {"externalName"},
                                 {"ports", kPort}, {"ipFamilies"}, {"ipFamilyPolicy"}};
constexpr Kept kServiceStatus[] = {{"loadBalancer"}};
constexpr Kept kService[] = {
    {"metadata", kPlainMetadata}, {"spec", kServiceSpec}, {"status", kServiceStatus}};

constexpr Kept kReference[] = {{"kind"}, {"namespace"}, {"name"}};
constexpr Kept kAddress[] = {{"ip"}, {"hostname"}, {"nodeName"}, {"targetRef", kReference}};
constexpr Kept kSubset[] = {
    {"addresses", kAddress}, {"notReadyAddresses", kAddress}, {"ports", kPort}};
constexpr Kept kEndpoints[] = {{"metadata", kPlainMetadata}, {"subsets", kSubset}};

constexpr Kept kEndpoint[] = {{"addresses"},         {"conditions"}, {"hostname"},
                              {"nodeName"},          {"zone"},       {"targetRef", kReference},
                              {"deprecatedTopology"}};
constexpr Kept kEndpointSlice[] = {
    {"metadata", kPlainMetadata}, {"addressType"}, {"endpoints", kEndpoint}, {"ports", kPort}};

constexpr Kept kIngressPath[] = {{"path"}};
constexpr Kept kIngressHttp[] = {{"paths", kIngressPath}};
constexpr Kept kIngressRule[] = {{"host"}, {"http", kIngressHttp}};
constexpr Kept kIngressTls[] = {{"hosts"}};
constexpr Kept kIngressSpec[] = {
    {"ingressClassName"}, {"rules", kIngressRule}, {"tls", kIngressTls}};
constexpr Kept kIngress[] = {{"metadata", kPlainMetadata}, {"spec", kIngressSpec}};

constexpr Kept kNamespace[] = {{"metadata", kPlainMetadata}};
constexpr Kept kOwned[] = {{"metadata", kOwnedMetadata}};

// By ApiKind.
constexpr std::array<std::span<const Kept>, 9> kKinds = {
    kNode, kPod, kService, kEndpoints, kEndpointSlice, kIngress, kNamespace, kOwned, kOwned};

// Where an address of endpoints or an endpoint of a slice is.
std::string_view NodeOf(const JsonView& address) {
  const std::string_view node = address["nodeName"].Text();
  if (!node.empty()) return node;
  const JsonView reference = address["targetRef"];
  return reference["kind"].Text() == "Node" ? reference["name"].Text() : node;
}

class Pruner {
 public:
  explicit Pruner(const std::string& node) : node_(node) {}

  void Write(const JsonView& value, std::span<const Kept> parts) {
    if (parts.empty()) {
      text_ += value.JsonText();
    } else if (value.is_object()) {
      WriteObject(value, parts);
    } else {
      WriteList(value, parts);
    }
  }

  std::string Take() { return std::move(text_); }

  size_t kept_addresses() const { return kept_addresses_; }

 private:
  void WriteObject(const JsonView& object, std::span<const Kept> parts) {
    char separator = '{';
    for (const Kept& part : parts) {
      const JsonView value = object[part.name];
      if (!value) continue;
      text_.append(1, separator).append("\"").append(part.name).append("\":");
      separator = ',';
      Write(value, part.parts);
    }
    text_ += separator == '{' ? "{}" : "}";
  }

  void WriteList(const JsonView& list, std::span<const Kept> parts) {
    const bool of_addresses = parts.data() == kAddress || parts.data() == kEndpoint;
    char separator = '[';
    for (const JsonView& item : list.Items()) {
      if (of_addresses && !node_.empty() && NodeOf(item) != node_) continue;
      kept_addresses_ += of_addresses ? 1 : 0;
      text_ += separator;
      separator = ',';
      // A list within a list, or none where one belongs, is not of the API's shape.
      if (item.is_object()) {
        WriteObject(item, parts);
      } else {
        text_ += item.JsonText();
      }
    }
    text_ += separator == '[' ? "[]" : "]";
  }

  const std::string& node_;
  std::string text_;
  size_t kept_addresses_ = 0;
};

}  // namespace

std::string ApiObjectKey(std::string_view ns, std::string_view name) {
  return ns.empty() ? std::string(name) : std::string(ns).append("/").append(name);
}

Result<ApiObject> ReadApiObject(const ApiResource& resource, const JsonView& object) {
  const JsonView metadata = object["metadata"];
  const std::string_view name = metadata["name"].Text();
  if (name.empty()) return InvalidInput("an object without a name");
  ApiObject read;
  read.key = ApiObjectKey(metadata["namespace"].Text(), name);
  read.version = metadata["resourceVersion"].Text();
  Pruner pruner(resource.node);
  pruner.Write(object, kKinds[static_cast<size_t>(resource.kind)]);
  read.text = pruner.Take();
  const bool has_addresses =
      resource.kind == ApiKind::kEndpoints || resource.kind == ApiKind::kEndpointSlice;
  read.is_wanted = resource.node.empty() || !has_addresses || pruner.kept_addresses() > 0;
  return read;
}

}  // namespace sluice::scrape
