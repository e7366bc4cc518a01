// JSON documents, read only: the only place that includes simdjson.
//
// Reading is flat: what is missing or null reads as nothing, as in Go. What has the wrong type
// reads as nothing, too, and is noted in the document, so that the reader asks once for each entry
// whether all of it was as expected. Views must not outlive their document.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice {

class JsonDocument;

// A value, or the lack of one. Cheap to copy.
class JsonView {
 public:
  // Nothing.
  JsonView() = default;

  // There, and not null.
  explicit operator bool() const;

  bool is_object() const;

  // The value of a key; nothing if there is none.
  JsonView operator[](std::string_view key) const;

  std::string_view Text() const;
  bool Bool() const;
  int64_t Integer() const;  // whole numbers only
  double Float() const;
  // A number as text: whole ones exactly, others in the shortest form that reads back.
  std::string NumberText() const;
  // Any value as JSON without blanks; nothing for nothing.
  std::string JsonText() const;

  std::vector<JsonView> Items() const;
  std::vector<std::string_view> Texts() const;
  std::vector<std::pair<std::string_view, JsonView>> Entries() const;

 private:
  friend class JsonDocument;

  // What simdjson keeps of an element.
  struct Place {
    const void* tape = nullptr;
    size_t index = 0;
  };

  JsonView(JsonDocument* document, Place place) : document_(document), place_(place) {}

  // Whether there is something of another type than asked for, which is noted.
  bool IsWrong(bool right, std::string_view wanted) const;

  JsonDocument* document_ = nullptr;
  Place place_;
};

class JsonDocument {
 public:
  // Invalid UTF-8 and more than 1024 levels are errors. Takes about twice the memory of `text`,
  // which need not stay.
  static Result<std::unique_ptr<JsonDocument>> Parse(std::string_view text);
  ~JsonDocument();
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  JsonView root();

  // The first value of a wrong type that was read since the last call: "expected a string, got 5".
  std::optional<std::string> TakeMismatch();

 private:
  friend class JsonView;
  struct Impl;

  explicit JsonDocument(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
  std::optional<std::string> mismatch_;
};

}  // namespace sluice
