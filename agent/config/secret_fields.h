// Which fields of a configuration hold what nobody must see.
#pragma once

#include <string_view>

namespace sluice::agent {

// Whether all texts under a field of this name are secret, wherever it stands. Headers of requests
// and parameters of token requests are: people put tokens there.
bool IsSecretField(std::string_view name);

// Whether texts under it are URLs, which may hold a user and a password.
bool IsUrlField(std::string_view name);

}  // namespace sluice::agent
