// Finds where replies end, without keeping them: a load generator only counts.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace load {

// The size of the first reply in `bytes` (RESP2, nested arrays included), or nothing when it is not
// complete.
std::optional<size_t> ReplySize(std::string_view bytes);

}  // namespace load
