// JSON answers of services: lists whose bad entries cost only themselves.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// The body of an answer, which must have the status 200. Errors name the URL.
Result<std::unique_ptr<JsonDocument>> ParseJsonAnswer(const HttpAnswer& answer);

// What is wrong with what was read of the document so far, if anything is; the error names the URL.
Status CheckJson(JsonDocument& json, const HttpAnswer& answer);

// Of an id that is a number in one version of an API, and a text in another.
std::string IdText(const JsonView& id);

// Reads each entry of a list of the document: `read` makes a Result of it, `take` gets the good
// ones. Of the others, the reason goes to `bad`, after `where[index]`. A list that is none is a bad
// entry.
template <class Read, class Take>
void ReadEntries(JsonDocument& json, const JsonView& list, const std::string& where,
                 std::vector<std::string>& bad, const Read& read, const Take& take) {
  const std::vector<JsonView> entries = list.Items();
  if (auto mismatch = json.TakeMismatch()) bad.push_back(where + ": " + *mismatch);
  for (size_t i = 0; i < entries.size(); ++i) {
    auto result = read(entries[i]);
    if (auto mismatch = json.TakeMismatch()) result = InvalidInput(*mismatch);
    if (result.ok()) {
      take(std::move(*result));
    } else {
      bad.push_back(where + "[" + std::to_string(i) + "]: " + result.error().message);
    }
  }
}

}  // namespace sluice::scrape
