// Objects of the Kubernetes API, without the parts that no label is made of. Pure.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "scrape/discovery/kubernetes/api_resource.h"

namespace sluice::scrape {

struct ApiObject {
  std::string key;      // "namespace/name", or "name" of what is in no namespace
  std::string version;  // its resourceVersion
  // JSON in the shape of the API. Equal texts make equal targets.
  std::string text;
  // False when nothing of it is wanted, such as endpoints that are all on other nodes.
  bool is_wanted = true;
};

// "x" and "y" -> "x/y".
std::string ApiObjectKey(std::string_view ns, std::string_view name);

// Errors: kInvalidInput, of an object without a name.
Result<ApiObject> ReadApiObject(const ApiResource& resource, const JsonView& object);

}  // namespace sluice::scrape
