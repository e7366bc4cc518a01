// The JSON library as the API uses it: members in the order in which they are written.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "relabel/labels.h"

namespace sluice::agent {

using Json = nlohmann::ordered_json;

// Bytes from foreign places may not be UTF-8: they are replaced, never thrown over.
inline std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

inline Json LabelsJson(const relabel::Labels& labels) {
  Json json = Json::object();
  for (const relabel::Label& label : labels) json[label.name] = label.value;
  return json;
}

}  // namespace sluice::agent
