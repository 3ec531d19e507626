// What SCAN, HSCAN, SSCAN and ZSCAN have in common: options, filter, and a reply whose length is
// known only at its end.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/commands/call.h"

namespace server::commands {

struct ScanOptions {
  std::string_view pattern = "*";
  size_t count = 10;
  std::string_view type = {};  // SCAN only; empty: any.

  bool Matches(std::string_view name) const;
};

// Options from args[first] on. Empty after an error reply.
std::optional<ScanOptions> ParseScanOptions(Call& call, size_t first, bool type_allowed);

// Bulk strings gathered first and counted, then sent as one array.
class CountedBulks {
 public:
  explicit CountedBulks(int version) : writer_(text_, version) {}
  void Add(std::string_view bulk) {
    writer_.Bulk(bulk);
    ++count_;
  }
  void SendTo(resp::Writer& reply) const {
    reply.Array(count_);
    reply.Raw(text_);
  }

 private:
  std::string text_;
  resp::Writer writer_;
  size_t count_ = 0;
};

void ReplyScan(Call& call, uint64_t cursor, const CountedBulks& found);

}  // namespace server::commands
