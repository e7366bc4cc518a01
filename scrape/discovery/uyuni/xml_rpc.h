// XML-RPC: calls, and the values that come back. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/xml.h"

namespace sluice::scrape {

using XmlRpcArgument = std::variant<std::string, int64_t, std::vector<int64_t>>;

std::string XmlRpcCall(std::string_view method, const std::vector<XmlRpcArgument>& arguments);

// A `<value>`, or the lack of one, which reads as nothing. What has the wrong type is an error.
// Refers to an element.
class XmlRpcValue {
 public:
  XmlRpcValue() = default;

  explicit XmlRpcValue(const XmlElement* value) : value_(value) {}

  Result<std::string> Text() const;
  Result<int64_t> Integer() const;
  Result<bool> Bool() const;
  Result<std::vector<XmlRpcValue>> Items() const;
  XmlRpcValue operator[](std::string_view name) const;  // of a struct

 private:
  // The element in it that says its type; null if there is none.
  const XmlElement* Typed() const;

  const XmlElement* value_ = nullptr;
};

// What a call returned. A fault is an error with its text.
Result<XmlRpcValue> XmlRpcReturned(const XmlElement& answer);

}  // namespace sluice::scrape
