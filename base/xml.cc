#include "base/xml.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include <expat.h>

namespace sluice {
namespace {

struct ParserDeleter {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, ParserDeleter>;

std::string LocalName(std::string_view name) {
  const size_t colon = name.rfind(':');
  return std::string(colon == std::string_view::npos ? name : name.substr(colon + 1));
}

// Collects what expat tells.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), parser_(XML_ParserCreate("UTF-8")) {
    SLUICE_CHECK(parser_ != nullptr);
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &Reader::OnStart, &Reader::OnEnd);
    XML_SetCharacterDataHandler(parser_.get(), &Reader::OnText);
    XML_SetStartDoctypeDeclHandler(parser_.get(), &Reader::OnDoctype);
  }

  Result<XmlElement> Read() {
    if (text_.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
      return Error{ErrorCode::kResourceExhausted, "the XML is too large"};
    }
    const auto status = XML_Parse(parser_.get(), text_.data(), static_cast<int>(text_.size()), 1);
    if (!refusal_.empty()) return InvalidInput("not valid XML: " + refusal_);
    if (status != XML_STATUS_OK || !root_) return InvalidInput("not valid XML: " + Mistake());
    return std::move(*root_);
  }

 private:
  static Reader& Of(void* self) { return *static_cast<Reader*>(self); }

  static void OnStart(void* self, const XML_Char* name, const XML_Char** attributes) {
    Of(self).Start(name, attributes);
  }

  static void OnEnd(void* self, const XML_Char* /*name*/) { Of(self).End(); }

  static void OnText(void* self, const XML_Char* text, int size) {
    if (!Of(self).open_.empty()) {
      Of(self).open_.back().element.text.append(text, static_cast<size_t>(size));
    }
  }

  static void OnDoctype(void* self, const XML_Char* /*name*/, const XML_Char* /*system*/,
                        const XML_Char* /*open*/, int /*internal*/) {
    Of(self).Refuse("a document type");
  }

  void Start(const XML_Char* name, const XML_Char** attributes) {
    if (open_.size() >= kXmlMaxDepth) return Refuse("too many levels");
    if (++elements_ > kXmlMaxElements) return Refuse("too many elements");
    Open open;
    open.element.name = LocalName(name);
    for (; *attributes != nullptr; attributes += 2) {
      open.element.attributes.emplace_back(LocalName(attributes[0]), attributes[1]);
    }
    open.begin = Position() + static_cast<size_t>(XML_GetCurrentByteCount(parser_.get()));
    open_.push_back(std::move(open));
  }

  void End() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    // `<a/>` ends where it began.
    const size_t end = std::max(closed.begin, Position());
    closed.element.source = text_.substr(closed.begin, end - closed.begin);
    if (open_.empty()) {
      root_ = std::move(closed.element);
    } else {
      open_.back().element.children.push_back(std::move(closed.element));
    }
  }

  size_t Position() const {
    return std::min(static_cast<size_t>(XML_GetCurrentByteIndex(parser_.get())), text_.size());
  }

  void Refuse(std::string reason) {
    if (refusal_.empty()) refusal_ = std::move(reason);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  std::string Mistake() const {
    return std::string(XML_ErrorString(XML_GetErrorCode(parser_.get()))) + " in line " +
           std::to_string(XML_GetCurrentLineNumber(parser_.get()));
  }

  struct Open {
    XmlElement element;
    size_t begin = 0;  // of what is in it, in the text
  };

  const std::string_view text_;
  const Parser parser_;
  std::vector<Open> open_;
  size_t elements_ = 0;
  std::optional<XmlElement> root_;
  std::string refusal_;
};

}  // namespace

const XmlElement* XmlElement::Child(std::string_view child_name) const {
  const auto child = std::find_if(children.begin(), children.end(), [&](const XmlElement& element) {
    return element.name == child_name;
  });
  return child == children.end() ? nullptr : &*child;
}

std::string_view XmlElement::TextOf(std::string_view child_name) const {
  const XmlElement* child = Child(child_name);
  return child == nullptr ? std::string_view() : std::string_view(child->text);
}

std::vector<const XmlElement*> XmlElement::All(std::string_view child_name) const {
  std::vector<const XmlElement*> all;
  for (const XmlElement& child : children) {
    if (child.name == child_name) all.push_back(&child);
  }
  return all;
}

std::string_view XmlElement::Attribute(std::string_view attribute_name) const {
  for (const auto& [key, value] : attributes) {
    if (key == attribute_name) return value;
  }
  return {};
}

Result<XmlElement> ParseXml(std::string_view text) { return Reader(text).Read(); }

}  // namespace sluice
