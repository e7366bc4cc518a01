// The heap of the process.
#pragma once

namespace sluice {

// Gives memory that was freed back to the system, which otherwise happens only at the ends of what
// was allocated. Takes milliseconds, while other threads may have to wait to allocate: for after
// bursts that are rare. Thread-safe.
void ReturnFreedMemory();

}  // namespace sluice
