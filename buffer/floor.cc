#include "buffer/floor.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "buffer/record.h"

namespace sluice::buffer {

Floor MakeFloor(const Needs& needs, const Epochs& epochs, Sequence progress_from,
                std::shared_ptr<const ThinnedEpochs> thinned) {
  Floor floor;
  floor.lanes = needs.lanes;
  floor.keep_from = epochs.StartOf(needs.oldest());
  floor.progress_from = progress_from;
  floor.thinned = std::move(thinned);
  if (needs.ends.empty()) return floor;
  floor.hole_from = needs.ends.back();
  floor.hole_lanes = needs.open;
  floor.hole_end = epochs.StartOf(*std::min_element(needs.open.begin(), needs.open.end()));
  // The records that tell what was taken out are not to go with a hole.
  for (const Sequence record : floor.thinned->records()) {
    if (record >= floor.hole_from)
      floor.hole_end = std::min(floor.hole_end, epochs.StartOf(record));
  }
  floor.ends = needs.ends;
  return floor;
}

bool IsBelow(const Floor& floor, Sequence sequence, std::string_view value) {
  const std::optional<RecordHint> hint = PeekRecord(value);
  if (hint) {
    switch (hint->type) {
      case RecordType::kFrame:
        return sequence < floor.lanes[hint->lane] || floor.thinned->IsGone(sequence) ||
               (floor.hole_from != 0 && floor.hole_from <= sequence &&
                sequence < floor.hole_lanes[hint->lane]);
      case RecordType::kTarget:
      case RecordType::kLayout:
      case RecordType::kChunk:
        return floor.IsDone(sequence);
      case RecordType::kEpochStart:
        return floor.IsDone(sequence) &&
               !std::binary_search(floor.ends.begin(), floor.ends.end(), sequence);
      case RecordType::kProgress:
        return sequence < floor.progress_from;
      case RecordType::kThinned: {
        const std::vector<Sequence> records = floor.thinned->records();
        return sequence < floor.progress_from &&
               std::find(records.begin(), records.end(), sequence) == records.end();
      }
    }
  }
  return sequence < std::min(floor.keep_from, floor.progress_from);
}

}  // namespace sluice::buffer
