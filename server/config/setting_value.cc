// How values are read and written, by their kind.
#include <algorithm>
#include <charconv>
#include <cstddef>

#include "resp/split_args.h"
#include "server/config/setting_table.h"

namespace server {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string OutOfRange(int64_t min, int64_t max) {
  return "argument must be between " + std::to_string(min) + " and " + std::to_string(max) +
         " inclusive";
}

std::string Store(std::optional<int64_t> value, std::string_view malformed, int64_t min,
                  int64_t max, int64_t& field) {
  if (!value) return std::string(malformed);
  if (*value < min || *value > max) return OutOfRange(min, max);
  field = *value;
  return {};
}

std::string SetEnum(const EnumKind& kind, const std::string& text, Settings& settings) {
  std::string names;
  for (size_t i = 0; i < kind.names.size(); ++i) {
    if (EqualIgnoringCase(kind.names[i], text)) {
      kind.set(settings, static_cast<int>(i));
      return {};
    }
    names.append(i == 0 ? "" : ", ").append(kind.names[i]);
  }
  return "argument(s) must be one of the following: " + names;
}

std::string SetBool(bool& field, const std::string& text) {
  const bool yes = EqualIgnoringCase(text, "yes");
  if (!yes && !EqualIgnoringCase(text, "no")) return "argument must be 'yes' or 'no'";
  field = yes;
  return {};
}

std::string SetFixed(const FixedKind& kind, const std::string& text) {
  if (EqualIgnoringCase(text, kind.value)) return {};
  return "only '" + std::string(kind.value) + "' is accepted: " + std::string(kind.why);
}

// Redis reads one argument with blanks in it as several, so that both --save 60 1 and --save "60 1"
// do.
std::string SetSpecial(const SpecialKind& kind, Arguments arguments, Settings& settings) {
  if (arguments.size() != 1) return kind.parse(settings, arguments);
  const std::optional<std::vector<std::string>> words = resp::SplitArgs(arguments[0]);
  return words ? kind.parse(settings, *words) : "Unbalanced quotes in configuration line";
}

std::string FormatMemory(int64_t bytes) {
  constexpr int64_t kKb = 1024;
  if (bytes != 0 && bytes % (kKb * kKb * kKb) == 0) {
    return std::to_string(bytes / (kKb * kKb * kKb)) + "gb";
  }
  if (bytes != 0 && bytes % (kKb * kKb) == 0) return std::to_string(bytes / (kKb * kKb)) + "mb";
  if (bytes != 0 && bytes % kKb == 0) return std::to_string(bytes / kKb) + "kb";
  return std::to_string(bytes);
}

}  // namespace

std::optional<int64_t> ParseMemory(std::string_view text) {
  if (text.empty()) return 0;  // As in Redis: CONFIG SET maxmemory "" lifts the limit.
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<int64_t> number = ParseInteger(text.substr(0, digits));
  if (!number) return std::nullopt;

  struct Unit {
    std::string_view name;
    int64_t bytes;
  };
  static constexpr Unit kUnits[] = {{"", 1},           {"b", 1},           {"k", 1000},
                                    {"kb", 1 << 10},   {"m", 1000 * 1000}, {"mb", 1 << 20},
                                    {"g", 1000000000}, {"gb", 1 << 30}};
  for (const Unit& unit : kUnits) {
    if (!EqualIgnoringCase(unit.name, text.substr(digits))) continue;
    int64_t bytes = 0;
    if (__builtin_mul_overflow(*number, unit.bytes, &bytes)) return std::nullopt;
    return bytes;
  }
  return std::nullopt;
}

const Setting* FindSetting(std::string_view name) {
  for (const Setting& setting : AllSettings()) {
    if (EqualIgnoringCase(setting.name, name)) return &setting;
    if (!setting.alias.empty() && EqualIgnoringCase(setting.alias, name)) return &setting;
  }
  return nullptr;
}

std::string SetFromArguments(const Setting& setting, Arguments arguments, Settings& settings) {
  if (const auto* refused = std::get_if<RefusedKind>(&setting.kind)) {
    return "not supported: " + std::string(refused->why);
  }
  if (const auto* special = std::get_if<SpecialKind>(&setting.kind)) {
    Settings changed = settings;  // A parser may find the fault after it has changed something.
    std::string fault =
        arguments.empty() ? "wrong number of arguments" : SetSpecial(*special, arguments, changed);
    if (fault.empty()) settings = std::move(changed);
    return fault;
  }
  if (arguments.size() != 1) return "wrong number of arguments";

  const std::string& text = arguments[0];
  return std::visit(Overloaded{
                        [&](const BoolKind& kind) { return SetBool(settings.*kind.field, text); },
                        [&](const IntegerKind& kind) {
                          return Store(ParseInteger(text),
                                       "argument couldn't be parsed into an integer", kind.min,
                                       kind.max, settings.*kind.field);
                        },
                        [&](const MemoryKind& kind) {
                          return Store(ParseMemory(text), "argument must be a memory value",
                                       kind.min, kind.max, settings.*kind.field);
                        },
                        [&](const TextKind& kind) {
                          settings.*kind.field = text;
                          return std::string();
                        },
                        [&](const EnumKind& kind) { return SetEnum(kind, text, settings); },
                        [&](const FixedKind& kind) { return SetFixed(kind, text); },
                        [](const auto&) { return std::string(); },  // Handled above.
                    },
                    setting.kind);
}

std::string FormatValue(const Setting& setting, const Settings& settings) {
  return std::visit(
      Overloaded{
          [&](const BoolKind& kind) { return std::string(settings.*kind.field ? "yes" : "no"); },
          [&](const IntegerKind& kind) { return std::to_string(settings.*kind.field); },
          [&](const MemoryKind& kind) { return std::to_string(settings.*kind.field); },
          [&](const TextKind& kind) { return settings.*kind.field; },
          [&](const EnumKind& kind) {
            return std::string(kind.names[static_cast<size_t>(kind.get(settings))]);
          },
          [&](const SpecialKind& kind) { return kind.format(settings); },
          [](const FixedKind& kind) { return std::string(kind.value); },
          [](const RefusedKind&) { return std::string(); },
      },
      setting.kind);
}

std::string FormatLine(const Setting& setting, const Settings& settings) {
  std::string value = FormatValue(setting, settings);
  if (const auto* memory = std::get_if<MemoryKind>(&setting.kind)) {
    value = FormatMemory(settings.*memory->field);
  }
  const bool is_plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\';
  });
  std::string line(setting.name);
  line.push_back(' ');
  if (!value.empty() && (is_plain || setting.takes_many())) return line + value;
  resp::AppendQuoted(value, line);
  return line;
}

}  // namespace server
