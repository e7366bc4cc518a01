#include "scrape/discovery/uyuni/xml_rpc.h"

#include "scrape/discovery/xml_values.h"

namespace sluice::scrape {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string ValueXml(const std::string& text) {
  return "<value><string>" + Escaped(text) + "</string></value>";
}

std::string ValueXml(int64_t number) {
  return "<value><int>" + std::to_string(number) + "</int></value>";
}

std::string ValueXml(const std::vector<int64_t>& numbers) {
  std::string items;
  for (const int64_t number : numbers) items += ValueXml(number);
  return "<value><array><data>" + items + "</data></array></value>";
}

bool IsInteger(std::string_view type) {
  return type == "int" || type == "i4" || type == "i8" || type == "long";
}

}  // namespace

std::string XmlRpcCall(std::string_view method, const std::vector<XmlRpcArgument>& arguments) {
  std::string params;
  for (const XmlRpcArgument& argument : arguments) {
    params += "<param>" + std::visit([](const auto& value) { return ValueXml(value); }, argument) +
              "</param>";
  }
  return R"(<?xml version="1.0" encoding="UTF-8"?><methodCall><methodName>)" + std::string(method) +
         "</methodName><params>" + params + "</params></methodCall>";
}

const XmlElement* XmlRpcValue::Typed() const {
  return value_ == nullptr || value_->children.empty() ? nullptr : &value_->children.front();
}

Result<std::string> XmlRpcValue::Text() const {
  const XmlElement* typed = Typed();
  // Without a type it is a text.
  if (typed == nullptr) return value_ == nullptr ? std::string() : value_->text;
  if (typed->name == "string") return typed->text;
  if (typed->name == "nil") return std::string();
  return InvalidInput("expected a string, got " + typed->name);
}

Result<int64_t> XmlRpcValue::Integer() const {
  const XmlElement* typed = Typed();
  if (typed == nullptr || typed->name == "nil") return int64_t{0};
  if (!IsInteger(typed->name)) return InvalidInput("expected an integer, got " + typed->name);
  return XmlInteger(typed->text);
}

Result<bool> XmlRpcValue::Bool() const {
  const XmlElement* typed = Typed();
  if (typed == nullptr || typed->name == "nil") return false;
  if (typed->name != "boolean") return InvalidInput("expected a boolean, got " + typed->name);
  return XmlBool(typed->text);
}

Result<std::vector<XmlRpcValue>> XmlRpcValue::Items() const {
  std::vector<XmlRpcValue> items;
  const XmlElement* typed = Typed();
  if (typed == nullptr || typed->name == "nil") return items;
  if (typed->name != "array") return InvalidInput("expected an array, got " + typed->name);
  const XmlElement* data = typed->Child("data");
  if (data == nullptr) return items;
  for (const XmlElement* value : data->All("value")) items.emplace_back(value);
  return items;
}

XmlRpcValue XmlRpcValue::operator[](std::string_view name) const {
  const XmlElement* typed = Typed();
  if (typed == nullptr || typed->name != "struct") return {};
  for (const XmlElement* member : typed->All("member")) {
    if (member->TextOf("name") == name) return XmlRpcValue(member->Child("value"));
  }
  return {};
}

Result<XmlRpcValue> XmlRpcReturned(const XmlElement& answer) {
  if (answer.name != "methodResponse") return InvalidInput("not an answer of XML-RPC");
  if (const XmlElement* fault = answer.Child("fault")) {
    const Result<std::string> text = XmlRpcValue(fault->Child("value"))["faultString"].Text();
    return Error{ErrorCode::kRejected, "fault: " + (text.ok() ? *text : "unknown")};
  }
  const XmlElement* params = answer.Child("params");
  const XmlElement* param = params == nullptr ? nullptr : params->Child("param");
  return XmlRpcValue(param == nullptr ? nullptr : param->Child("value"));
}

}  // namespace sluice::scrape
