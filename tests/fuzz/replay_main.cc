// Runs a fuzz target over files and folders of files: the stand-in for libFuzzer in builds without
// it. Arguments that start with `-` are libFuzzer's options and mean nothing here.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> InputFiles(const fs::path& argument) {
  if (!fs::is_directory(argument)) return {argument};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(argument)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool Replay(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    return false;
  }
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  // A block of exactly this size, so that AddressSanitizer sees a read past its end.
  const auto block = std::make_unique<uint8_t[]>(content.size());
  std::copy(content.begin(), content.end(), block.get());
  LLVMFuzzerTestOneInput(block.get(), content.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    size_t count = 0;
    for (int i = 1; i < argc; ++i) {
      if (std::string_view(argv[i]).substr(0, 1) == "-") continue;
      for (const fs::path& path : InputFiles(argv[i])) {
        if (!Replay(path)) return 1;
        ++count;
      }
    }
    std::printf("%zu inputs\n", count);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
