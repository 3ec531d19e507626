#include "server/config/glob.h"

#include <algorithm>
#include <cstddef>

namespace server {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Matches one byte against the pattern's element at `at`, and moves behind that element.
class ElementMatcher {
 public:
  ElementMatcher(std::string_view pattern, bool fold) : pattern_(pattern), fold_(fold) {}

  bool Match(size_t& at, char c) const {
    if (pattern_[at] == '?') {
      ++at;
      return true;
    }
    if (pattern_[at] == '[') return MatchClass(at, c);
    if (pattern_[at] == '\\' && at + 1 < pattern_.size()) ++at;
    return Fold(pattern_[at++]) == Fold(c);
  }

 private:
  char Fold(char c) const { return fold_ ? Lower(c) : c; }

  bool MatchClass(size_t& at, char c) const {
    ++at;
    const bool negated = at < pattern_.size() && pattern_[at] == '^';
    if (negated) ++at;

    bool found = false;
    for (; at < pattern_.size() && pattern_[at] != ']'; ++at) {
      const size_t left = pattern_.size() - at;
      if (left >= 2 && pattern_[at] == '\\') {
        ++at;
        found |= pattern_[at] == c;  // Redis folds no escaped byte of a class.
      } else if (left >= 3 && pattern_[at + 1] == '-') {
        // Bounds are put in order before they are folded, as in Redis, where bytes are signed.
        const auto low = std::min<signed char>(Signed(pattern_[at]), Signed(pattern_[at + 2]));
        const auto high = std::max<signed char>(Signed(pattern_[at]), Signed(pattern_[at + 2]));
        const auto folded = Signed(Fold(c));
        found |= folded >= Signed(Fold(static_cast<char>(low))) &&
                 folded <= Signed(Fold(static_cast<char>(high)));
        at += 2;
      } else {
        found |= Fold(pattern_[at]) == Fold(c);
      }
    }
    if (at < pattern_.size()) ++at;  // The closing bracket.
    return found != negated;
  }

  static signed char Signed(char c) { return static_cast<signed char>(c); }

  std::string_view pattern_;
  bool fold_;
};

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, GlobCase glob_case) {
  const ElementMatcher element(pattern, glob_case == GlobCase::kInsensitive);
  size_t p = 0;
  size_t t = 0;
  // Where to go on when the rest does not fit: behind the last star, with one byte more left to it.
  // Earlier stars need no second try, since all they could do is leave less to the last one.
  size_t behind_star = pattern.npos;
  size_t star_end = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      behind_star = ++p;
      star_end = t;
    } else if (p < pattern.size() && element.Match(p, text[t])) {
      ++t;
    } else if (behind_star != pattern.npos) {
      p = behind_star;
      t = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace server
