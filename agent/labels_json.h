// Label sets as JSON objects.
#pragma once

#include <nlohmann/json.hpp>

#include "relabel/labels.h"

namespace sluice::agent {

inline nlohmann::ordered_json LabelsJson(const relabel::Labels& labels) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const relabel::Label& label : labels) json[label.name] = label.value;
  return json;
}

}  // namespace sluice::agent
