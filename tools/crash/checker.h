// Compares what clients were told with what the servers hold afterwards. Pure: it is handed both.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crash {

// What a client knows of a write once its attempt is over.
enum class Fate {
  kAcknowledged,  // Must be there, once.
  kUnknown,       // May be there, at most once: -UNCERTAIN, a timeout, a closed connection.
  kRefused,       // Must not be there: the server said that it was certainly not executed.
};

// What a check found wrong. All zero is a pass.
struct Verdict {
  uint64_t lost = 0;           // Acknowledged and missing.
  uint64_t applied_twice = 0;  // There more than once, or a value handed out to two clients.
  uint64_t refused_yet_applied = 0;
  uint64_t torn = 0;                 // A transaction of which a part is missing.
  std::vector<std::string> samples;  // The first few, for a person.

  bool passed() const { return lost + applied_twice + refused_yet_applied + torn == 0; }
  void Add(const Verdict& other);
  void Note(std::string sample);
};

// A key that one client wrote once.
Verdict CheckRegister(std::string_view key, std::string_view written, Fate fate,
                      const std::optional<std::string>& stored);

// A counter that many clients incremented by one. `returned` are the acknowledged answers.
struct CounterHistory {
  std::vector<int64_t> returned;
  uint64_t unknown = 0;
};
Verdict CheckCounter(std::string_view key, const CounterHistory& history, int64_t stored);

// A list to which each id was pushed once.
using ListHistory = std::map<std::string, Fate>;
Verdict CheckList(std::string_view key, const ListHistory& history,
                  const std::vector<std::string>& stored);

// Two accounts and a journal, written by transactions that take from one what they give to the
// other. The journal's ids end in ":<amount>".
Verdict CheckTransfers(std::string_view key, const ListHistory& history, int64_t from, int64_t to,
                       const std::vector<std::string>& journal);

}  // namespace crash
