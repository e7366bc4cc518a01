// What a section of the configuration may say, as data: enough to refuse what Prometheus refuses
// in sections that Sluice does not act on, or not yet.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/config/decoder.h"

namespace sluice::agent {

enum class FieldType {
  kText,
  kUrl,     // a text
  kSecret,  // a text that is never shown
  kBool,
  kInt,
  kUnsigned,
  kNumber,
  kDuration,
  kSize,
  kTexts,
  kTextMap,
  kSection,
  kSections,       // a list of them
  kRules,          // a list of relabeling rules
  kFilePatterns,   // a list of paths with `*` in the last element at most; refused with %q
  kTls,            // tls_config
  kStaticConfigs,  // static_configs
  kFileConfigs,    // file_sd_configs
};

struct SectionSpec;

// `{type, name}` is a field that may be left out and may hold anything of its type.
struct FieldSpec {
  FieldType type;
  std::string_view name;
  // Of texts and lists of texts: the message when there is nothing in it. Of other lists: the
  // message for an entry that is null.
  std::string_view missing = {};
  // Of texts that are no secrets: what is allowed, separated by `|`, and the message for anything
  // else, in which %q and %s stand for it.
  std::string_view choices = {};
  std::string_view refusal = {};
  // Of texts: what an absent field stands for.
  std::string_view fallback = {};
  // Of sections.
  const SectionSpec* section = nullptr;
};

struct SectionSpec {
  std::string_view type;  // as messages call it
  std::span<const FieldSpec> fields;
  bool has_http_client = false;  // has the fields of HttpClientFields() as well
  bool has_discoveries = false;  // and those of DiscoverySpecs()
  // Says what no field alone is wrong about. Called when each of them is fine.
  void (*check)(const Fields& fields) = nullptr;
};

void CheckSection(const Value& value, const SectionSpec& spec);

// Each of `specs` that is there; `fields` may have others.
void CheckFields(const Fields& fields, std::span<const FieldSpec> specs);

std::vector<std::string_view> NamesOf(std::span<const FieldSpec> specs);

// The text of a field, "" where there is none.
std::string TextOf(const Fields& fields, std::string_view name);

// Fails at the field, or where it should be.
void FailAt(const Fields& fields, std::string_view name, std::string_view message);

}  // namespace sluice::agent
