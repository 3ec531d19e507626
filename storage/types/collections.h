// The collection types: what commands may ask of them. Each file below holds one class with a
// compact encoding for small values (a packed byte string) and a full one; limits are in
// Thresholds.
#pragma once

#include "storage/types/hash.h"
#include "storage/types/list.h"
#include "storage/types/set.h"
#include "storage/types/sorted_set.h"
