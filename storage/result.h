// How storage says that the world misbehaved.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace storage {

enum class Code {
  kNotFound,
  kCorrupt,  // What was read is not what was written.
  kIo,       // The system refused; for a write or a sync: nobody knows what is on disk.
  kNoSpace,  // ENOSPC or EDQUOT.
  kInvalid,  // The caller's input is of no use (a foreign or newer file).
};

struct Error {
  Code code;
  std::string what;  // For a person: the file, the offset, the system's own message.
};

// tl::expected is not [[nodiscard]], and an ignored storage error is a lost write.
template <typename T>
struct [[nodiscard]] Result : tl::expected<T, Error> {
  using tl::expected<T, Error>::expected;
};
using Status = Result<void>;

}  // namespace storage
