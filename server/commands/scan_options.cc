#include "server/commands/scan_options.h"

#include "server/commands/errors.h"
#include "server/commands/numbers.h"
#include "server/config/glob.h"

namespace server::commands {

bool ScanOptions::Matches(std::string_view name) const {
  return pattern == "*" || GlobMatch(pattern, name);
}

std::optional<ScanOptions> ParseScanOptions(Call& call, size_t first, bool type_allowed) {
  ScanOptions options;
  for (size_t i = first; i < call.args.size(); i += 2) {
    const std::string_view name = call.args[i];
    const bool has_value = i + 1 < call.args.size();
    if (has_value && EqualsIgnoreCase(name, "count")) {
      const std::optional<int64_t> count = ParseInteger(call.args[i + 1]);
      if (!count || *count < 1) {
        call.reply.Error(count ? kSyntaxError : kNotAnInteger);
        return std::nullopt;
      }
      options.count = static_cast<size_t>(*count);
    } else if (has_value && EqualsIgnoreCase(name, "match")) {
      options.pattern = call.args[i + 1];
    } else if (has_value && type_allowed && EqualsIgnoreCase(name, "type")) {
      options.type = call.args[i + 1];
    } else {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
  }
  return options;
}

void ReplyScan(Call& call, uint64_t cursor, const CountedBulks& found) {
  call.reply.Array(2);
  call.reply.Bulk(std::to_string(cursor));
  found.SendTo(call.reply);
}

}  // namespace server::commands
