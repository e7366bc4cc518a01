// The names of the destinations of one configuration. The progress of a destination belongs to its
// name, so that one without must be given the same at every start.
#pragma once

#include <map>
#include <string>

#include "agent/config/decoder.h"
#include "remotewrite/destination_config.h"

namespace sluice::agent {

// Thread-compatible.
class DestinationNames {
 public:
  // Gives a destination without a name one that is derived from its URL and from the headers that
  // name a tenant: neither its place in the file nor a secret that rotates is part of it. Fails
  // `item`, which it was read from and whose canonical text is `text`, when a destination before it
  // has the same name.
  void Name(const Value& item, const std::string& text,
            remotewrite::DestinationConfig& destination);

 private:
  struct Owner {
    bool is_written = false;  // the name stands in the file
    std::string text;
  };

  std::map<std::string, Owner> owners_;
};

}  // namespace sluice::agent
