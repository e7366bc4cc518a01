// Strict decoding of YAML nodes, with the messages that Go's yaml.v2 and Prometheus give.
//
// The first error sticks: decoding goes on with defaults after it, so that the code that reads a
// section stays flat, and whoever started asks once whether all went well.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"

namespace sluice::agent {

// The outcome of decoding one file.
class Decoder {
 public:
  explicit Decoder(std::string file) : file_(std::move(file)) {}

  const std::string& file() const { return file_; }

  // `FILE:LINE: PATH: MESSAGE`, in one line.
  void Fail(int line, std::string_view path, std::string_view message);
  void Warn(int line, std::string_view path, std::string_view message);

  // Kept as it is, if it is the first.
  void Fail(const Error& error);

  bool failed() const { return error_.has_value(); }

  // Only when failed().
  const Error& error() const { return *error_; }

  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::string Message(int line, std::string_view path, std::string_view message) const;

  std::string file_;
  std::optional<Error> error_;
  std::vector<std::string> warnings_;
};

class Value;
using NamedValue = std::pair<std::string, Value>;

// One node with its path, and the line that errors name: that of its key, if it has one. A null
// decodes as the zero value of what is asked for. Both the decoder and the node must outlive it.
class Value {
 public:
  Value(Decoder& decoder, const YamlNode& node, std::string path)
      : Value(decoder, node, std::move(path), node.line) {}

  Value(Decoder& decoder, const YamlNode& node, std::string path, int line)
      : decoder_(&decoder), node_(&node), path_(std::move(path)), line_(line) {}

  Decoder& decoder() const { return *decoder_; }

  const YamlNode& node() const { return *node_; }

  const std::string& path() const { return path_; }

  // `FILE:LINE`.
  std::string place() const { return decoder_->file() + ":" + std::to_string(line_); }

  bool is_null() const { return node_->kind == YamlNode::Kind::kNull; }

  void Fail(std::string_view message) const { decoder_->Fail(line_, path_, message); }

  void Warn(std::string_view message) const { decoder_->Warn(line_, path_, message); }

  // `cannot unmarshal !!seq into TYPE`.
  void FailType(std::string_view type) const;

  // False, with an error that does not quote the value, when it is neither null nor of this kind:
  // for what may hold secrets.
  bool HasKind(YamlNode::Kind kind, std::string_view type) const;

  std::string Text() const;
  bool Bool() const;
  uint64_t Unsigned(uint64_t max) const;
  int64_t Int() const;
  double Number() const;  // finite
  std::chrono::milliseconds Duration() const;
  uint64_t Size() const;  // "15MB"

  // Of a sequence; `type` is what a message calls it.
  std::vector<Value> Items(std::string_view type) const;
  std::vector<std::string> Texts() const;

  // Of a map with free keys, in file order.
  std::vector<NamedValue> Entries(std::string_view type) const;

 private:
  Decoder* decoder_;
  const YamlNode* node_;
  std::string path_;
  int line_;
};

using FieldNames = std::span<const std::string_view>;

// The fields of a map with fixed keys. A null is a map without fields.
class Fields {
 public:
  // Fails on keys that are not in `known`, and on keys that come twice.
  Fields(const Value& map, std::string_view type, std::initializer_list<FieldNames> known);

  const Value& map() const { return map_; }

  std::optional<Value> Find(std::string_view name) const;

  // Decode into `out` what is there; otherwise leave it.
  void Read(std::string_view name, std::string& out) const;
  void Read(std::string_view name, bool& out) const;
  void Read(std::string_view name, uint32_t& out) const;
  void Read(std::string_view name, uint64_t& out) const;
  void Read(std::string_view name, double& out) const;
  void Read(std::string_view name, std::chrono::milliseconds& out) const;
  void ReadSize(std::string_view name, uint64_t& out) const;

 private:
  std::string PathOf(std::string_view name) const;

  Value map_;
};

}  // namespace sluice::agent
