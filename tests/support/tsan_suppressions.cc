// For tests of anything that runs RocksDB: the packaged library is not built with ThreadSanitizer,
// which therefore does not see the atomics and locks inside it. Listed among the sources of a test
// binary, since nothing refers to it by name.
#if defined(__SANITIZE_THREAD__)

extern "C" const char* __tsan_default_suppressions();

extern "C" const char* __tsan_default_suppressions() { return "race:rocksdb::\n"; }

#endif
