// Encoding of remote write 2.0 requests (io.prometheus.write.v2.Request) without an intermediate
// message: labels come as symbols of a pool, and become references into the request's own table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/symbol_pool.h"
#include "proto/wire_writing.h"
#include "proto/write_request.h"

namespace sluice::proto {

// What is known of a metric. With nothing in it, it is not sent.
struct MetadataSymbols {
  uint32_t type = 0;  // of MetricMetadata.MetricType, which has the same values in 1.0 and 2.0
  Symbol help = kNoSymbol;
  Symbol unit = kNoSymbol;

  friend bool operator==(const MetadataSymbols&, const MetadataSymbols&) = default;
};

// One TimeSeries: samples or histograms, not both, at least one. Borrowed.
struct SeriesContentV2 {
  std::span<const Symbol> labels;  // name, value, name, value ..., sorted by name
  std::span<const SampleView> samples;
  std::span<const HistogramView> histograms = {};
  std::string_view encoded_exemplars = {};  // from AppendExemplar, of the same request
  MetadataSymbols metadata = {};
};

// Writes requests into memory that it keeps. Bound to the thread of the pool.
class RequestWriterV2 {
 public:
  explicit RequestWriterV2(std::shared_ptr<const SymbolPool> pool);

  // Begins a request. Symbols that it is given have to stay in use until bytes().
  void Clear();

  void AddSeries(const SeriesContentV2& series);

  // Appends an exemplar as it stands inside a TimeSeries of this request.
  void AppendExemplar(std::string& out, std::span<const Symbol> labels, const SampleView& sample);

  // The request: the table of symbols first, as some receivers want to read it in one go. Valid
  // until the next change.
  std::string_view bytes();

 private:
  // A symbol's place in the table of the request with this number.
  struct Slot {
    uint32_t request = 0;
    uint32_t ref = 0;  // as it is written: a varint of four bytes at most
  };

  Slot AddSymbol(Symbol symbol);
  char* WriteRef(char* at, Symbol symbol);
  char* WriteRefs(char* at, std::span<const Symbol> symbols);
  std::string_view WriteMetadata(const MetadataSymbols& metadata);

  const std::shared_ptr<const SymbolPool> pool_;
  uint32_t request_ = 0;
  uint32_t next_ref_ = 0;
  std::vector<Slot> slots_;  // by symbol
  WireBuffer symbols_;
  WireBuffer series_;
  std::string refs_;  // scratch
  std::string metadata_;
  // The symbols of the metadata that metadata_ was made of, in this request.
  MetadataSymbols last_metadata_;
  std::string_view last_metadata_bytes_;
};

}  // namespace sluice::proto
