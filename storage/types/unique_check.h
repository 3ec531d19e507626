// Whether a packed collection from outside names no member twice.
#pragma once

#include "storage/types/packed.h"

namespace storage {

// Looks at the elements 0, stride, 2 * stride, ...
bool EveryNthIsUnique(const Packed& packed, size_t stride);

}  // namespace storage
