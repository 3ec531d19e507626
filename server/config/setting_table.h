// The settings as data: what each is called, what it may be, what it is unless set, and where in
// Settings it is kept. Names, ranges, defaults and error texts are those of Redis 7.0 where Redis
// has the setting.
//
// No setting is accepted that does nothing: one of Redis's that this server does not have is
// Refused with a reason, and one of which it has but a single choice is Fixed to that.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "server/config/settings.h"

namespace server {

using Arguments = std::span<const std::string>;

struct BoolKind {
  bool Settings::*field;
};
struct IntegerKind {
  int64_t Settings::*field;
  int64_t min;
  int64_t max;
};
struct MemoryKind {  // Bytes, written with or without a unit.
  int64_t Settings::*field;
  int64_t min;
  int64_t max;
};
struct TextKind {
  std::string Settings::*field;
};
struct EnumKind {
  std::span<const std::string_view> names;  // In the order of the enumerators.
  int (*get)(const Settings&);
  void (*set)(Settings&, int);
};
// Values that take several arguments, or have a syntax of their own. `parse` returns what is wrong.
struct SpecialKind {
  std::string (*parse)(Settings&, Arguments);
  std::string (*format)(const Settings&);
  void (*clear)(Settings&);  // Before the first line of a source; null: the lines just replace.
};
struct FixedKind {
  std::string_view value;
  std::string_view why;  // Completes: only '<value>' is accepted: ...
};
struct RefusedKind {
  std::string_view why;
};

using SettingKind = std::variant<BoolKind, IntegerKind, MemoryKind, TextKind, EnumKind, SpecialKind,
                                 FixedKind, RefusedKind>;

enum class When { kAtStart, kAnyTime };  // May CONFIG SET change it?

struct Setting {
  std::string_view name;
  When when;
  std::string_view default_text;
  SettingKind kind;
  std::string_view alias = {};  // An older name of the same setting.

  bool is_refused() const { return std::holds_alternative<RefusedKind>(kind); }
  bool takes_many() const { return std::holds_alternative<SpecialKind>(kind); }
};

std::span<const Setting> AllSettings();

// By name or alias, in any case; null when there is none.
const Setting* FindSetting(std::string_view name);

// Writes the arguments' value into `settings`; returns what is wrong with them, or an empty string
// (then nothing else can be wrong with this one setting). Nothing is changed on error.
std::string SetFromArguments(const Setting& setting, Arguments arguments, Settings& settings);

// As CONFIG GET shows it.
std::string FormatValue(const Setting& setting, const Settings& settings);

// As a line of a configuration file, without the line end.
std::string FormatLine(const Setting& setting, const Settings& settings);

// For values: "100", "1k" (1000), "1kb" (1024), m, mb, g, gb, in any case.
std::optional<int64_t> ParseMemory(std::string_view text);

}  // namespace server
