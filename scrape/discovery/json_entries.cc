#include "scrape/discovery/json_entries.h"

namespace sluice::scrape {

Result<std::unique_ptr<JsonDocument>> ParseJsonAnswer(const HttpAnswer& answer) {
  if (Status status = RequireStatus(answer, 200); !status.ok()) return status.error();
  auto json = JsonDocument::Parse(answer.body);
  if (!json.ok()) return json.error().WithContext(answer.url);
  return json;
}

Status CheckJson(JsonDocument& json, const HttpAnswer& answer) {
  if (auto mismatch = json.TakeMismatch()) return InvalidInput(answer.url + ": " + *mismatch);
  return Status::Ok();
}

std::string IdText(const JsonView& id) {
  std::string text = id.JsonText();
  return text.starts_with('"') ? std::string(id.Text()) : text;
}

}  // namespace sluice::scrape
