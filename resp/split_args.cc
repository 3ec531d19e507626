#include "resp/split_args.h"

#include <cstddef>

namespace resp {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Redis skips any white space between arguments, but vertical tab and form feed do not end one.
bool EndsArgument(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads from behind an opening quote to behind the closing one; false when there is none.
bool ReadQuoted(std::string_view line, size_t& at, char quote, std::string& arg) {
  for (; at < line.size(); ++at) {
    const char c = line[at];
    const size_t left = line.size() - at - 1;
    if (c == quote) {
      ++at;
      return at == line.size() || IsSpace(line[at]);
    }
    if (c != '\\' || left == 0) {
      arg.push_back(c);
    } else if (quote == '\'') {
      if (line[at + 1] == '\'') ++at;
      arg.push_back(line[at]);
    } else if (left >= 3 && line[at + 1] == 'x' && HexDigit(line[at + 2]) >= 0 &&
               HexDigit(line[at + 3]) >= 0) {
      arg.push_back(static_cast<char>(HexDigit(line[at + 2]) * 16 + HexDigit(line[at + 3])));
      at += 3;
    } else {
      ++at;
      arg.push_back(Unescape(line[at]));
    }
  }
  return false;
}

}  // namespace

std::optional<std::vector<std::string>> SplitArgs(std::string_view line) {
  std::vector<std::string> args;
  size_t at = 0;
  for (;;) {
    while (at < line.size() && IsSpace(line[at])) ++at;
    if (at == line.size()) return args;

    std::string& arg = args.emplace_back();
    while (at < line.size() && !EndsArgument(line[at])) {
      const char c = line[at++];
      if (c != '"' && c != '\'') {
        arg.push_back(c);
        continue;
      }
      if (!ReadQuoted(line, at, c, arg)) return std::nullopt;
      break;  // A closing quote ends the argument.
    }
  }
}

bool HasQuotes(std::string_view line) { return line.find_first_of("\"'") != line.npos; }

void SplitUnquoted(std::string_view line, std::vector<std::string_view>& args) {
  args.clear();
  size_t at = 0;
  for (;;) {
    while (at < line.size() && IsSpace(line[at])) ++at;
    if (at == line.size()) return;
    const size_t begin = at;
    while (at < line.size() && !EndsArgument(line[at])) ++at;
    args.push_back(line.substr(begin, at - begin));
  }
}

void AppendQuoted(std::string_view bytes, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : bytes) {
    switch (c) {
      case '\\':
      case '"':
        out.push_back('\\');
        out.push_back(c);
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      case '\a':
        out.append("\\a");
        break;
      case '\b':
        out.append("\\b");
        break;
      default:
        if (c >= ' ' && c <= '~') {
          out.push_back(c);
        } else {
          const auto byte = static_cast<unsigned char>(c);
          out.append("\\x");
          out.push_back(kHex[byte >> 4]);
          out.push_back(kHex[byte & 15]);
        }
    }
  }
  out.push_back('"');
}

}  // namespace resp
