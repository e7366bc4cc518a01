// What the credentials of cloud providers may say.
#pragma once

#include "agent/config/spec.h"

namespace sluice::agent {

extern const SectionSpec kAzureAdSpec;
extern const SectionSpec kGoogleIamSpec;
extern const SectionSpec kSigV4Spec;

}  // namespace sluice::agent
