#include "remotewrite/projection_model.h"

#include "remotewrite/model_maker.h"
#include "remotewrite/text_writer.h"

namespace sluice::remotewrite {

std::shared_ptr<const ProjectionModel> ProjectionModel::Make(const SeriesTexts& texts,
                                                             const TargetText& target) {
  return ModelMaker(texts, target).Make();
}

bool ProjectionModel::Gives(const SeriesTexts& texts, const TargetText& target) const {
  if (texts.count() != series_count() || target.label_count() != label_count_) return false;
  TextWriter writer;
  writer.Begin(*this, target);
  std::string made(1 + texts.bytes.size() + kTextStep, '\0');  // position 0 is that of nothing
  size_t at = 1;
  for (size_t i = 0; i < texts.count(); ++i) {
    const Text text = TextOf(i);
    const std::string_view wanted = texts.At(i);
    if (writer.SizeOf(text) != wanted.size()) return false;
    PlainText out(made.data(), made.data() + at);
    writer.Write(i, text, out);
    if (std::string_view(made).substr(at, wanted.size()) != wanted) return false;
    at += wanted.size();
  }
  return true;
}

size_t ProjectionModel::memory_bytes() const {
  return sizeof(*this) + own_.capacity() + steps_.capacity() * sizeof(TextStep) +
         series_.capacity() * sizeof(Series) + sets_.capacity() * sizeof(SetEntry);
}

}  // namespace sluice::remotewrite
