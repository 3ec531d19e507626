#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "server/config/setting_table.h"

namespace {

std::string ConfigurationSection() {
  std::ostringstream text;
  text << std::ifstream(LOOM_README).rdbuf();
  const std::string readme = text.str();
  const size_t begin = readme.find("\n## Configuration\n");
  REQUIRE(begin != std::string::npos);
  return readme.substr(begin, readme.find("\n## ", begin + 1) - begin);
}

}  // namespace

TEST_CASE("readme: every setting is named, and a star tells which are fixed at the start") {
  const std::string section = ConfigurationSection();
  const size_t end_of_table = section.rfind("|\n");
  for (const server::Setting& setting : server::AllSettings()) {
    const std::string name = "`" + std::string(setting.name) + "`";
    CAPTURE(name);
    const size_t place = section.find(name);
    REQUIRE(place != std::string::npos);
    if (place > end_of_table) continue;  // Without effect, or refused.
    const bool starred = section[place + name.size()] == '*';
    CHECK(starred == (setting.when == server::When::kAtStart));
  }
}
