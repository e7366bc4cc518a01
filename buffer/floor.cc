#include "buffer/floor.h"

#include <algorithm>
#include <optional>

#include "buffer/record.h"

namespace sluice::buffer {

bool IsBelow(const Floor& floor, Sequence sequence, std::string_view value) {
  const std::optional<RecordHint> hint = PeekRecord(value);
  if (hint) {
    switch (hint->type) {
      case RecordType::kFrame:
        return sequence < floor.lanes[hint->lane];
      case RecordType::kTarget:
      case RecordType::kLayout:
      case RecordType::kChunk:
      case RecordType::kEpochStart:
        return sequence < floor.keep_from;
      case RecordType::kProgress:
        return sequence < floor.progress_from;
    }
  }
  return sequence < std::min(floor.keep_from, floor.progress_from);
}

}  // namespace sluice::buffer
