// Flags and ACL categories of a row, as COMMAND INFO and COMMAND LIST name them.
#pragma once

#include <string_view>
#include <vector>

#include "server/commands/command.h"

namespace server::commands {

std::vector<std::string_view> FlagNames(const Command& row);  // "write", "denyoom" ...
std::vector<std::string_view> CategoryNames(
    const Command& row);  // "write", "string", "slow" ... without '@'.

}  // namespace server::commands
