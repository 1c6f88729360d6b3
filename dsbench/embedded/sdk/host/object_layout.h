// Detects the object layout that a parser was built with, from the contents of its vector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace dsb {

constexpr size_t kPresent = 28;  // DeepStream 9: with rotation_angle
constexpr size_t kOld = 24;      // 6.2 and before

// The members of a std::vector of libstdc++; size() is wrong if the library's objects have another size.
struct RawVector {
  const unsigned char *begin, *end, *capacity;

  size_t bytes() const { return static_cast<size_t>(end - begin); }
  size_t reserved() const { return static_cast<size_t>(capacity - begin); }
};

template <typename Object>
RawVector raw(const std::vector<Object> &objects) {
  static_assert(sizeof(objects) == sizeof(RawVector), "libstdc++'s vector");
  RawVector result;
  std::memcpy(&result, &objects, sizeof result);
  return result;
}

// Whether the first member of each object can be a class id; the bits of an ordinary float cannot.
inline bool plausible(const RawVector &objects, size_t size) {
  for (const unsigned char *object = objects.begin; object + size <= objects.end; object += size) {
    uint32_t class_id;
    std::memcpy(&class_id, object, sizeof class_id);
    if (class_id >= 1u << 20) return false;
  }
  return true;
}

// 28, 24, or 0 when the bytes are a whole number of neither. Seven objects of 24 bytes are as long as six of 28:
// then the reserved bytes decide (a vector that grows by doubling never reserves a multiple of seven objects), then
// the class ids, and `expected` if those fit both.
inline size_t object_size(const RawVector &objects, size_t expected) {
  const size_t other = expected == kPresent ? kOld : kPresent;
  const size_t bytes = objects.bytes();
  if (bytes % expected != 0) return bytes % other == 0 ? other : 0;
  if (bytes == 0 || bytes % other != 0) return expected;
  const bool expected_room = objects.reserved() % expected == 0, other_room = objects.reserved() % other == 0;
  if (expected_room != other_room) return expected_room ? expected : other;
  return !plausible(objects, expected) && plausible(objects, other) ? other : expected;
}

}  // namespace dsb
