// The case of letters, as Go's unicode package maps it.
#pragma once

#include <string>
#include <string_view>

namespace sluice::relabel {

// A C.UTF-8 locale, for the case of letters. Thread-safe; process-wide settings are not touched.
class CaseMapper {
 public:
  CaseMapper();
  ~CaseMapper();
  CaseMapper(const CaseMapper&) = delete;
  CaseMapper& operator=(const CaseMapper&) = delete;

  // Rune by rune; invalid bytes become U+FFFD when anything is beyond ASCII.
  std::string Lower(std::string_view text) const;
  std::string Upper(std::string_view text) const;

 private:
  template <class Map>
  static std::string MapRunes(std::string_view text, Map map);

  void*
      locale_;  // a locale_t; null where the system has no such locale: then ASCII alone is mapped
};

}  // namespace sluice::relabel
