#include "server/config/config_file.h"

#include <glob.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "resp/split_args.h"
#include "server/config/version.h"

namespace server {
namespace {

constexpr int kIncludeDepthMax = 16;  // Deeper is a file that includes itself.

std::string_view Trim(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = line.find_first_not_of(kBlanks);
  if (begin == line.npos) return {};
  return line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Included files, in the order of their names where the path is a pattern.
std::vector<std::string> Expand(const std::string& path) {
  if (path.find_first_of("*?[") == path.npos) return {path};
  std::vector<std::string> paths;
  glob_t found = {};
  if (glob(path.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;  // A pattern that matches nothing includes nothing, as in Redis.
}

class Reader {
 public:
  tl::expected<void, ConfigError> ReadFile(const std::string& path, int depth) {
    std::ifstream stream(path);
    std::string fault = stream ? "" : std::strerror(errno);
    if (fault.empty() && stream.peek() == std::ifstream::traits_type::eof() && !stream.eof()) {
      fault = std::strerror(errno);  // A directory can be opened, but not read.
    }
    if (!fault.empty()) {
      return tl::unexpected(
          ConfigError{"Fatal error, can't open config file '" + path + "': " + fault});
    }
    return ReadStream(stream, path, depth);
  }

  tl::expected<void, ConfigError> ReadStream(std::istream& stream, const std::string& name,
                                             int depth) {
    std::string line;
    for (int number = 1; std::getline(stream, line); ++number) {
      const std::string_view text = Trim(line);
      if (text.empty() || text.front() == '#') continue;

      Directive directive{.where = "Reading the configuration file, at line " +
                                   std::to_string(number) + " of " + name,
                          .text = std::string(text),
                          .args = {}};
      std::optional<std::vector<std::string>> args = resp::SplitArgs(text);
      if (!args) {
        return tl::unexpected(BadDirective(directive, "Unbalanced quotes in configuration line"));
      }
      directive.args = std::move(*args);
      directive.args[0] = Lower(std::move(directive.args[0]));
      if (directive.args[0] != "include") {
        directives_.push_back(std::move(directive));
        continue;
      }
      if (auto included = Include(directive, depth); !included) return included;
    }
    return {};
  }

  std::vector<Directive> Take() { return std::move(directives_); }

 private:
  tl::expected<void, ConfigError> Include(const Directive& directive, int depth) {
    if (directive.args.size() != 2) {
      return tl::unexpected(BadDirective(directive, "wrong number of arguments"));
    }
    if (depth >= kIncludeDepthMax) {
      return tl::unexpected(BadDirective(directive, "includes are nested too deeply"));
    }
    for (const std::string& path : Expand(directive.args[1])) {
      if (auto read = ReadFile(path, depth + 1); !read) return read;
    }
    return {};
  }

  std::vector<Directive> directives_;
};

}  // namespace

ConfigError BadDirective(const Directive& directive, const std::string& why) {
  return {"*** FATAL CONFIG FILE ERROR (LoomCache " + std::string(kVersion) + ") ***\n" +
          directive.where + "\n>>> '" + directive.text + "'\n" + why};
}

Directives ReadConfigFile(const std::string& path) {
  Reader reader;
  if (auto read = reader.ReadFile(path, 0); !read) return tl::unexpected(read.error());
  return reader.Take();
}

Directives ReadConfigStream(std::istream& stream, const std::string& name) {
  Reader reader;
  if (auto read = reader.ReadStream(stream, name, 0); !read) return tl::unexpected(read.error());
  return reader.Take();
}

}  // namespace server
