#include "base/json.h"

#include <bit>
#include <charconv>
#include <type_traits>

#include <simdjson.h>

namespace sluice {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// Of a value that is shown in a message.
constexpr size_t kShownMax = 60;

}  // namespace

struct JsonDocument::Impl {
  simdjson::dom::parser parser;
  element root;
};

namespace {

template <class Place>
element ElementAt(const Place& place) {
  static_assert(sizeof(Place) == sizeof(element) && std::is_trivially_copyable_v<element>);
  return std::bit_cast<element>(place);
}

bool IsInteger(element_type type) {
  return type == element_type::INT64 || type == element_type::UINT64;
}

bool IsNumber(element_type type) { return IsInteger(type) || type == element_type::DOUBLE; }

std::string Shown(const element& value) {
  std::string text = simdjson::minify(value);
  if (text.size() > kShownMax) text = text.substr(0, kShownMax) + "...";
  return text;
}

}  // namespace

JsonView::operator bool() const {
  return document_ != nullptr && ElementAt(place_).type() != element_type::NULL_VALUE;
}

bool JsonView::is_object() const {
  return *this && ElementAt(place_).type() == element_type::OBJECT;
}

bool JsonView::IsWrong(bool right, std::string_view wanted) const {
  if (right) return false;
  if (!document_->mismatch_) {
    document_->mismatch_ = "expected " + std::string(wanted) + ", got " + Shown(ElementAt(place_));
  }
  return true;
}

JsonView JsonView::operator[](std::string_view key) const {
  if (!*this || IsWrong(is_object(), "an object")) return {};
  element found;
  if (ElementAt(place_).at_key(key).get(found) != simdjson::SUCCESS) return {};
  return {document_, std::bit_cast<Place>(found)};
}

std::string_view JsonView::Text() const {
  if (!*this) return {};
  std::string_view text;
  IsWrong(ElementAt(place_).get(text) == simdjson::SUCCESS, "a string");
  return text;
}

bool JsonView::Bool() const {
  if (!*this) return false;
  bool value = false;
  IsWrong(ElementAt(place_).get(value) == simdjson::SUCCESS, "true or false");
  return value;
}

int64_t JsonView::Integer() const {
  if (!*this) return 0;
  int64_t value = 0;
  IsWrong(ElementAt(place_).get(value) == simdjson::SUCCESS, "a whole number");
  return value;
}

double JsonView::Float() const {
  if (!*this) return 0;
  double value = 0;
  IsWrong(ElementAt(place_).get(value) == simdjson::SUCCESS, "a number");
  return value;
}

std::string JsonView::NumberText() const {
  if (!*this) return {};
  const element value = ElementAt(place_);
  if (IsWrong(IsNumber(value.type()), "a number")) return {};
  if (IsInteger(value.type())) return simdjson::minify(value);
  std::array<char, 400> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), Float(),
                                     std::chars_format::fixed);
  return {digits.data(), written.ptr};
}

std::string JsonView::JsonText() const {
  return document_ == nullptr ? "" : simdjson::minify(ElementAt(place_));
}

std::vector<JsonView> JsonView::Items() const {
  std::vector<JsonView> items;
  simdjson::dom::array array;
  if (!*this || IsWrong(ElementAt(place_).get(array) == simdjson::SUCCESS, "a list")) return items;
  items.reserve(array.size());
  for (const element item : array) {
    items.push_back(JsonView(document_, std::bit_cast<Place>(item)));
  }
  return items;
}

std::vector<std::string_view> JsonView::Texts() const {
  std::vector<std::string_view> texts;
  for (const JsonView& item : Items()) texts.push_back(item.Text());
  return texts;
}

std::vector<std::pair<std::string_view, JsonView>> JsonView::Entries() const {
  std::vector<std::pair<std::string_view, JsonView>> entries;
  simdjson::dom::object object;
  if (!*this || IsWrong(ElementAt(place_).get(object) == simdjson::SUCCESS, "an object")) {
    return entries;
  }
  for (const simdjson::dom::key_value_pair field : object) {
    entries.emplace_back(field.key, JsonView(document_, std::bit_cast<Place>(field.value)));
  }
  return entries;
}

JsonDocument::JsonDocument(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

JsonDocument::~JsonDocument() = default;

Result<std::unique_ptr<JsonDocument>> JsonDocument::Parse(std::string_view text) {
  auto impl = std::make_unique<Impl>();
  const simdjson::error_code code = impl->parser.parse(text.data(), text.size()).get(impl->root);
  if (code != simdjson::SUCCESS) {
    return InvalidInput("not valid JSON: " + std::string(simdjson::error_message(code)));
  }
  return std::unique_ptr<JsonDocument>(new JsonDocument(std::move(impl)));
}

JsonView JsonDocument::root() { return {this, std::bit_cast<JsonView::Place>(impl_->root)}; }

std::optional<std::string> JsonDocument::TakeMismatch() {
  return std::exchange(mismatch_, std::nullopt);
}

}  // namespace sluice
