// Which elements SRANDMEMBER, HRANDFIELD and ZRANDMEMBER pick.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/commands/call.h"

namespace server::commands {

// What "[count [WITHVALUES]]" asks for.
struct SampleRequest {
  bool has_count = false;
  bool with_values = false;
  bool distinct = true;  // A negative count allows the same element more than once.
  size_t count = 1;
};

// Reads args[2] and an optional word at args[3] (`with_values_word`, empty: not allowed). Empty
// after an error reply.
std::optional<SampleRequest> ParseSampleRequest(Call& call, std::string_view with_values_word);

// Indexes below `size` (which is not 0), in rising order. Empty after an error reply.
std::optional<std::vector<size_t>> SampleIndexes(Call& call, const SampleRequest& request,
                                                 size_t size);

}  // namespace server::commands
