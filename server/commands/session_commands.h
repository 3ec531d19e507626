// The rows of commands that run where the connection lives, one array for each file of handlers.
#pragma once

#include <span>

#include "server/commands/command.h"

namespace server::commands {

inline constexpr std::span<const Command> kSessionCommands = {};

}  // namespace server::commands
