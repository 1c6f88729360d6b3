// A tensor's buffer that detects every access outside of it: memory next to it is poisoned (AddressSanitizer names the
// source line), memory further away has no access rights.
#pragma once

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

class GuardedBuffer {
 public:
  GuardedBuffer(const void *content, size_t bytes) : bytes_(bytes) {
    open_ = (kPoison + bytes + kPoison + kPage - 1) / kPage * kPage;
    whole_ = kBefore + open_ + kBehind;
    void *all = mmap(nullptr, whole_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) out_of_memory();
    all_ = static_cast<unsigned char *>(all);
    if (mprotect(all_ + kBefore, open_, PROT_READ | PROT_WRITE) != 0) out_of_memory();
    std::memcpy(data(), content, bytes);
    __asan_poison_memory_region(all_ + kBefore, kPoison);
    __asan_poison_memory_region(data() + bytes, open_ - kPoison - bytes);
  }
  GuardedBuffer(const GuardedBuffer &) = delete;
  GuardedBuffer &operator=(const GuardedBuffer &) = delete;
  ~GuardedBuffer() {
    __asan_unpoison_memory_region(all_ + kBefore, open_);
    munmap(all_, whole_);
  }

  unsigned char *data() const { return all_ + kBefore + kPoison; }
  size_t bytes() const { return bytes_; }

 private:
  [[noreturn]] static void out_of_memory() {
    std::fprintf(stderr, "dsbench: no memory for a tensor\n");
    std::exit(2);
  }

  static constexpr size_t kPage = 4096, kPoison = 64 << 10, kBefore = 1 << 20, kBehind = size_t(1) << 30;
  unsigned char *all_;
  size_t bytes_, open_, whole_;
};
