#include <utility>

#include "scrape/discovery/discovery.h"
#include "scrape/discovery/file/file_discovery.h"

namespace sluice::scrape {
namespace {

// One overload for each mechanism.
class Maker {
 public:
  Maker(DiscoverySink sink, DiscoveryDeps deps) : sink_(std::move(sink)), deps_(std::move(deps)) {}

  std::unique_ptr<Discovery> operator()(const FileSdConfig& config) {
    return std::make_unique<FileDiscovery>(config, std::move(sink_), std::move(deps_));
  }

 private:
  DiscoverySink sink_;
  DiscoveryDeps deps_;
};

}  // namespace

std::unique_ptr<Discovery> MakeDiscovery(const DiscoveryConfig& config, DiscoverySink sink,
                                         DiscoveryDeps deps) {
  return std::visit(Maker(std::move(sink), std::move(deps)), config.mechanism);
}

}  // namespace sluice::scrape
