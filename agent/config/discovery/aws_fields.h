// Who asks AWS: the fields that its discoveries share.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "agent/config/decoder.h"
#include "base/http_client.h"

namespace sluice::agent {

std::span<const std::string_view> AwsFields();

// Never null. Its requests are signed for `service`.
std::shared_ptr<const HttpClient> DecodeAwsClient(const Fields& fields, const std::string& service);

}  // namespace sluice::agent
