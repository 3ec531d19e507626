// What commands of a cluster say on a server that is none.
#pragma once

#include "server/commands/session_call.h"

namespace server::commands {

bool RequireCluster(SessionCall& call);  // False after an error reply.

}  // namespace server::commands
