// The rows of commands that run where the connection lives, one array for each file of handlers.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "server/commands/cluster_commands.h"
#include "server/commands/command.h"
#include "server/commands/session_client.h"
#include "server/commands/session_config.h"
#include "server/commands/session_connection.h"
#include "server/commands/session_replaced.h"
#include "server/commands/session_server.h"
#include "server/commands/session_transaction.h"

namespace server::commands {

template <size_t... kSizes>
constexpr auto JoinRows(const Command (&... families)[kSizes]) {
  std::array<Command, (kSizes + ...)> rows;
  size_t next = 0;
  const auto append = [&](std::span<const Command> family) {
    for (const Command& row : family) rows[next++] = row;
  };
  (append(families), ...);
  return rows;
}

inline constexpr auto kSessionRows =
    JoinRows(kConnectionCommands, kClientCommands, kTransactionCommands, kServerCommands,
             kConfigCommands, kReplacedCommands, kClusterCommands);

inline constexpr std::span<const Command> kSessionCommands = kSessionRows;

}  // namespace server::commands
