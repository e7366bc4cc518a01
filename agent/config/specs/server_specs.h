// What the sections of a Prometheus server may say, which an agent ignores.
#pragma once

#include "agent/config/spec.h"
#include "relabel/rule.h"

namespace sluice::agent {

extern const SectionSpec kAlertingSpec;
extern const SectionSpec kOtlpSpec;
extern const SectionSpec kRemoteReadSpec;  // an entry of the list
extern const SectionSpec kRuntimeSpec;
extern const SectionSpec kStorageSpec;
extern const SectionSpec kTracingSpec;

// What kOtlpSpec cannot know: that its names are of the scheme.
void CheckOtlpNames(const Value& otlp, relabel::NameScheme scheme);

// That no name comes twice.
void CheckRemoteReadNames(const Value& list);

}  // namespace sluice::agent
