// CLIENT: what the node knows of its connections, and what a connection tells of itself.
#pragma once

#include <string_view>

#include "server/commands/command.h"
#include "server/commands/session_call.h"

namespace server::commands {

// Texts that CLIENT LIST prints between spaces: printable, without spaces.
bool IsClientText(std::string_view text);
inline constexpr std::string_view kBadClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";

void ClientGetName(SessionCall& call);
void ClientGetRedir(SessionCall& call);
void ClientHelp(SessionCall& call);
void ClientId(SessionCall& call);
void ClientInfo(SessionCall& call);
void ClientKill(SessionCall& call);
void ClientList(SessionCall& call);
void ClientNoEvict(SessionCall& call);
void ClientNoTouch(SessionCall& call);
void ClientReply(SessionCall& call);
void ClientSetInfo(SessionCall& call);
void ClientSetName(SessionCall& call);
void ClientTrackingInfo(SessionCall& call);

// clang-format off
inline constexpr Command kClientSubcommands[] = {
    {"client|getname", 2, kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientGetName,
     "connection", "2.6.9", "Get the current connection name"},
    {"client|getredir", 2, kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientGetRedir,
     "connection", "6.0.0", "Get tracking notifications redirection client ID if any"},
    {"client|help", 2, kLoading | kStale | kConnection, {}, nullptr, ClientHelp,
     "connection", "5.0.0", "Show helpful text about the different subcommands"},
    {"client|id", 2, kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientId,
     "connection", "5.0.0", "Returns the client ID for the current connection"},
    {"client|info", 2, kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientInfo,
     "connection", "6.2.0", "Returns information about the current client connection."},
    {"client|kill", -3,
     kAdmin | kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientKill,
     "connection", "2.4.0", "Kill the connection of a client"},
    {"client|list", -2,
     kAdmin | kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientList,
     "connection", "2.4.0", "Get the list of client connections"},
    {"client|no-evict", 3,
     kAdmin | kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientNoEvict,
     "connection", "7.0.0", "Set client eviction mode for the current connection"},
    {"client|no-touch", 3, kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientNoTouch,
     "connection", "7.2.0",
     "Controls whether commands sent by the client will alter the LRU/LFU of the keys they "
     "access."},
    {"client|reply", 3, kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientReply,
     "connection", "3.2.0", "Instruct the server whether to reply to commands"},
    {"client|setinfo", 4, kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientSetInfo,
     "connection", "7.2.0", "Set client or connection specific info"},
    {"client|setname", 3, kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientSetName,
     "connection", "2.6.9", "Set the current connection name"},
    {"client|trackinginfo", 2,
     kNoScript | kLoading | kStale | kConnection, {}, nullptr, ClientTrackingInfo,
     "connection", "6.2.0",
     "Return information about server assisted client side caching for the current connection"},
};
// clang-format on

// clang-format off
inline constexpr Command kClientCommands[] = {
    {"client", -2, 0, {}, nullptr, nullptr,
     "connection", "2.4.0", "A container for client connection commands", kClientSubcommands},
};
// clang-format on

}  // namespace server::commands
