// Commands on the connection itself: who it is, what it speaks, which database it has selected.
#pragma once

#include "server/commands/command.h"
#include "server/commands/session_call.h"

namespace server::commands {

void Asking(SessionCall& call);
void Auth(SessionCall& call);
void Echo(SessionCall& call);
void Hello(SessionCall& call);
void Ping(SessionCall& call);
void Quit(SessionCall& call);
void ReadOnly(SessionCall& call);
void ReadWrite(SessionCall& call);
void Reset(SessionCall& call);
void Select(SessionCall& call);

// clang-format off
inline constexpr Command kConnectionCommands[] = {
    {"ping", -1, kFast | kConnection, {}, nullptr, Ping,
     "connection", "1.0.0", "Ping the server"},
    {"echo", 2, kLoading | kStale | kFast | kConnection, {}, nullptr, Echo,
     "connection", "1.0.0", "Echo the given string"},
    {"select", 2, kLoading | kStale | kFast | kConnection, {}, nullptr, Select,
     "connection", "1.0.0", "Change the selected database for the current connection"},
    {"quit", -1,
     kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kConnection, {}, nullptr, Quit,
     "connection", "1.0.0", "Close the connection"},
    {"auth", -2,
     kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kConnection, {}, nullptr, Auth,
     "connection", "1.0.0", "Authenticate to the server"},
    {"hello", -1,
     kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kConnection, {}, nullptr, Hello,
     "connection", "6.0.0", "Handshake with Redis"},
    {"reset", 1,
     kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy | kConnection, {}, nullptr, Reset,
     "connection", "6.2.0", "Reset the connection"},
    {"asking", 1, kFast | kConnection, {}, nullptr, Asking,
     "cluster", "3.0.0", "Sent by cluster clients after an -ASK redirect"},
    {"readonly", 1, kLoading | kStale | kFast | kConnection, {}, nullptr, ReadOnly,
     "cluster", "3.0.0", "Enables read queries for a connection to a cluster replica node"},
    {"readwrite", 1, kLoading | kStale | kFast | kConnection, {}, nullptr, ReadWrite,
     "cluster", "3.0.0", "Disables read queries for a connection to a cluster replica node"},
};
// clang-format on

}  // namespace server::commands
