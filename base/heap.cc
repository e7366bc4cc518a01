#include "base/heap.h"

#include <malloc.h>

namespace sluice {

void ReturnFreedMemory() { malloc_trim(0); }

}  // namespace sluice
