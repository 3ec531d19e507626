// Peer messages as bytes. The format is drawn in codec.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "raft/core/message.h"

namespace raft {

// Appends the message to `out`.
void Encode(const Message& message, std::string& out);

// Exactly one message, or nullopt: every byte is accounted for, and no count or length is believed
// before the bytes are there.
std::optional<Message> Decode(std::string_view bytes);

}  // namespace raft
