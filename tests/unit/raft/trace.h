// Consensus as text, for the traces of scenarios.
#pragma once

#include <string>

#include "raft/core/core.h"

std::string ToText(const raft::Message& message);
std::string ToText(const raft::Configuration& configuration);
std::string ToText(const raft::Entry& entry);
std::string ToText(raft::Position position);
std::string ToText(raft::Role role);
