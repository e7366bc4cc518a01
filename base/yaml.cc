#include "base/yaml.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_set>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/file.h"
#include "base/utf8.h"

namespace sluice {
namespace {

constexpr size_t kYamlMaxBytes = 256 << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kStandardTags = "tag:yaml.org,2002:";

struct Place {
  int line = 1;
  int column = 1;
};

Error ErrorAt(std::string_view file_name, Place place, const std::string& message) {
  std::string text = std::string(file_name) + ":" + std::to_string(place.line) + ":" +
                     std::to_string(place.column) + ": " + message;
  // The parser's messages may hold pieces of the document.
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return InvalidInput(std::move(text));
}

Place PlaceOf(const YAML::Mark& mark) {
  return Place{.line = mark.line + 1, .column = mark.column + 1};
}

// Builds the tree from the events of one document. After an error it ignores what follows: the
// parser offers no way to be stopped but an exception.
class TreeBuilder final : public YAML::EventHandler {
 public:
  struct Failure {
    Place place;
    std::string message;
  };

  explicit TreeBuilder(std::string_view text) : text_(text) {}

  const std::optional<Failure>& failure() const { return failure_; }

  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node = NodeAt(mark, YamlNode::Kind::kNull);
    node.scalar = NullSpelling(mark);
    if (node.scalar.empty()) node.line = LineBefore(mark);
    Add(std::move(node), anchor, Extent{});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = NodeAt(mark, YamlNode::Kind::kScalar);
    node.scalar = value;
    SetTag(tag, node);
    Add(std::move(node), anchor, Extent{});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (failure_.has_value()) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      Fail(PlaceOf(mark), "an anchor's value contains itself");
      return;
    }
    const Extent extent = found->second.extent;
    // Checked before the copy: a bomb must not be built.
    if (!Reserve(PlaceOf(mark), extent)) return;
    Attach(YamlNode(found->second.node), YAML::NullAnchor, extent);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, YamlNode::Kind::kSequence, tag, anchor);
  }

  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, YamlNode::Kind::kMap, tag, anchor);
  }

  void OnMapEnd() override {
    if (failure_.has_value()) return;
    ResolveMerges(levels_.back().node);
    Close();
  }

 private:
  struct Extent {
    size_t nodes = 1;
    size_t height = 1;
  };

  struct Level {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    Extent extent;
    std::optional<YamlNode> key;  // of a map, while its value is awaited
  };

  struct Anchored {
    YamlNode node;
    Extent extent;
  };

  void Fail(Place place, std::string message) {
    if (!failure_.has_value()) failure_ = Failure{place, std::move(message)};
  }

  static YamlNode NodeAt(const YAML::Mark& mark, YamlNode::Kind kind) {
    YamlNode node;
    node.kind = kind;
    node.line = PlaceOf(mark).line;
    node.column = PlaceOf(mark).column;
    return node;
  }

  // The events do not tell how a null was written.
  std::string NullSpelling(const YAML::Mark& mark) const {
    const size_t position = mark.pos < 0 ? text_.size() : static_cast<size_t>(mark.pos);
    if (position >= text_.size()) return "";
    for (const std::string_view spelling : {"~", "null", "Null", "NULL"}) {
      if (text_.substr(position, spelling.size()) == spelling) return std::string(spelling);
    }
    return "";
  }

  // A null that is not written is reported where the next token stands, which may be far below.
  // The line of what stands before it, comments aside, is what a reader looks for.
  int LineBefore(const YAML::Mark& mark) const {
    const size_t position = mark.pos < 0 ? 0 : static_cast<size_t>(mark.pos);
    std::string_view before = text_.substr(0, std::min(position, text_.size()));
    int line = mark.line + 1;
    while (!before.empty()) {
      const size_t end = before.rfind('\n');
      const std::string_view last = end == std::string_view::npos ? before : before.substr(end + 1);
      const size_t first = last.find_first_not_of(" \t\r");
      if (first != std::string_view::npos && last[first] != '#') return line;
      if (end == std::string_view::npos) break;
      before = before.substr(0, end);
      --line;
    }
    return mark.line + 1;
  }

  // The parser gives `?` to plain and `!` to quoted scalars without a tag.
  static void SetTag(const std::string& tag, YamlNode& node) {
    if (tag == "!" || tag == "?") {
      node.quoted = tag == "!" && node.kind == YamlNode::Kind::kScalar;
      return;
    }
    const bool standard = tag.compare(0, kStandardTags.size(), kStandardTags) == 0;
    node.tag = standard ? "!!" + tag.substr(kStandardTags.size()) : tag;
    if (node.tag == "!!str") node.quoted = true;
  }

  bool Reserve(Place place, const Extent& extent) {
    if (extent.nodes > kYamlMaxNodes - nodes_) {
      Fail(place, "more than " + std::to_string(kYamlMaxNodes) + " nodes");
    } else if (levels_.size() + extent.height > kYamlMaxDepth) {
      Fail(place, "nested deeper than " + std::to_string(kYamlMaxDepth) + " levels");
    } else {
      nodes_ += extent.nodes;
    }
    return !failure_.has_value();
  }

  void Add(YamlNode node, YAML::anchor_t anchor, const Extent& extent) {
    if (failure_.has_value()) return;
    if (!Reserve(Place{.line = node.line, .column = node.column}, extent)) return;
    Attach(std::move(node), anchor, extent);
  }

  void Open(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& tag,
            YAML::anchor_t anchor) {
    if (failure_.has_value() || !Reserve(PlaceOf(mark), Extent{})) return;
    Level level;
    level.node = NodeAt(mark, kind);
    SetTag(tag, level.node);
    level.anchor = anchor;
    levels_.push_back(std::move(level));
  }

  void Close() {
    if (failure_.has_value()) return;
    Level level = std::move(levels_.back());
    levels_.pop_back();
    Attach(std::move(level.node), level.anchor, level.extent);
  }

  // Gives a finished node, already accounted for, to the node around it.
  void Attach(YamlNode node, YAML::anchor_t anchor, const Extent& extent) {
    if (anchor != YAML::NullAnchor) {
      // The kept copy counts as well.
      if (!Reserve(Place{.line = node.line, .column = node.column}, extent)) return;
      anchors_[anchor] = Anchored{node, extent};
    }
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& around = levels_.back();
    around.extent.nodes += extent.nodes;
    around.extent.height = std::max(around.extent.height, extent.height + 1);
    if (around.node.kind == YamlNode::Kind::kSequence) {
      around.node.items.push_back(std::move(node));
    } else if (!around.key.has_value()) {
      around.key = std::move(node);
    } else {
      around.node.entries.push_back(YamlEntry{std::move(*around.key), std::move(node)});
      around.key.reset();
    }
  }

  static bool IsMerge(const YamlNode& key) {
    return key.kind == YamlNode::Kind::kScalar && key.scalar == "<<" && !key.quoted &&
           (key.tag.empty() || key.tag == "!!merge");
  }

  // Replaces `<<` entries by the entries that they stand for. Written ones win, then earlier ones.
  void ResolveMerges(YamlNode& map) {
    auto& entries = map.entries;
    const auto is_merge = [](const auto& entry) { return IsMerge(entry.first); };
    if (std::none_of(entries.begin(), entries.end(), is_merge)) return;
    std::vector<YamlNode> merged;
    std::vector<YamlEntry> kept;
    for (auto& [key, value] : entries) {
      if (!IsMerge(key)) {
        kept.push_back(YamlEntry{std::move(key), std::move(value)});
      } else if (value.kind == YamlNode::Kind::kSequence) {
        for (YamlNode& item : value.items) merged.push_back(std::move(item));
      } else {
        merged.push_back(std::move(value));
      }
    }
    std::unordered_set<std::string> names;
    for (const auto& entry : kept) names.insert(entry.first.scalar);
    for (YamlNode& from : merged) {
      if (from.kind != YamlNode::Kind::kMap) {
        Fail(Place{.line = from.line, .column = from.column},
             "map merge requires map or sequence of maps as the value");
        return;
      }
      for (auto& entry : from.entries) {
        if (names.insert(entry.first.scalar).second) kept.push_back(std::move(entry));
      }
    }
    entries = std::move(kept);
  }

  std::string_view text_;
  size_t nodes_ = 0;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  YamlNode root_;
  std::optional<Failure> failure_;
};

// YAML allows no control characters and no bytes that are not UTF-8; the parser would take them.
Status CheckCharacters(std::string_view text, std::string_view file_name) {
  Place place;
  while (!text.empty()) {
    const Rune rune = DecodeRune(text);
    if (!rune.valid) return ErrorAt(file_name, place, "invalid UTF-8");
    const bool blank = rune.code == '\t' || rune.code == '\n' || rune.code == '\r';
    if ((rune.code < 0x20 && !blank) || rune.code == 0x7f) {
      return ErrorAt(file_name, place, "control characters are not allowed");
    }
    place.column = rune.code == '\n' ? 1 : place.column + 1;
    place.line += rune.code == '\n' ? 1 : 0;
    text.remove_prefix(rune.size);
  }
  return Status::Ok();
}

}  // namespace

Result<YamlNode> ParseYaml(std::string_view text, std::string_view file_name) {
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (const Status status = CheckCharacters(text, file_name); !status.ok()) return status.error();
  TreeBuilder builder(text);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& e) {
    // Where the parser gives up for its own bounds, ours have better words.
    if (const auto& failure = builder.failure(); failure.has_value()) {
      return ErrorAt(file_name, failure->place, failure->message);
    }
    return ErrorAt(file_name, PlaceOf(e.mark), e.msg);
  } catch (const std::exception& e) {
    return ErrorAt(file_name, Place{}, e.what());
  }
  if (const auto& failure = builder.failure(); failure.has_value()) {
    return ErrorAt(file_name, failure->place, failure->message);
  }
  return builder.TakeRoot();
}

Result<YamlNode> LoadYamlFile(const std::string& path) {
  const Result<std::string> text = ReadFile(path, kYamlMaxBytes);
  if (!text.ok()) {
    const bool missing = text.error().code == ErrorCode::kNotFound;
    return Error{missing ? ErrorCode::kNotFound : ErrorCode::kInternal, text.error().message};
  }
  return ParseYaml(*text, path);
}

}  // namespace sluice
