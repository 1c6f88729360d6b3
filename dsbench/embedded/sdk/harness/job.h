// The runner's job: a flat little-endian file, written by dsbench/jobs/harness.py. Change both together.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

struct JobLayer {
  std::string name;
  int32_t data_type, binding_index;
  std::vector<uint32_t> dims;
  uint64_t offset, bytes;  // in the tensors' file
};

struct JobCase {
  uint32_t width, height, channels, classes;
  std::vector<float> thresholds;
  bool leaks;  // look for leaks at its end
  std::vector<std::vector<JobLayer>> calls;
};

struct Job {
  std::string library, function;
  uint32_t fill;                                  // byte that the stack is filled with before each call
  uint32_t cpu_seconds, wall_seconds, memory_mb;  // of one case
  uint64_t most_bytes;                            // of one call's objects
  std::vector<JobCase> cases;
};

class JobReader {
 public:
  explicit JobReader(const char *path) {
    FILE *file = std::fopen(path, "rb");
    if (!file) fail("cannot be opened");
    char block[1 << 16];
    for (size_t n; (n = std::fread(block, 1, sizeof block, file)) > 0;) data_.append(block, n);
    std::fclose(file);
  }

  Job read() {
    if (number<uint32_t>() != 0x31425344) fail("is no job");
    Job job;
    job.library = text();
    job.function = text();
    job.fill = number<uint32_t>();
    job.cpu_seconds = number<uint32_t>();
    job.wall_seconds = number<uint32_t>();
    job.memory_mb = number<uint32_t>();
    job.most_bytes = number<uint64_t>();
    for (uint32_t n = number<uint32_t>(); n > 0; --n) job.cases.push_back(one_case());
    return job;
  }

 private:
  JobCase one_case() {
    JobCase result;
    result.width = number<uint32_t>();
    result.height = number<uint32_t>();
    result.channels = number<uint32_t>();
    result.classes = number<uint32_t>();
    for (uint32_t n = number<uint32_t>(); n > 0; --n) result.thresholds.push_back(number<float>());
    result.leaks = number<uint32_t>() != 0;
    for (uint32_t n = number<uint32_t>(); n > 0; --n) {
      result.calls.emplace_back();
      for (uint32_t layers = number<uint32_t>(); layers > 0; --layers) result.calls.back().push_back(layer());
    }
    return result;
  }

  JobLayer layer() {
    JobLayer result;
    result.name = text();
    result.data_type = number<int32_t>();
    result.binding_index = number<int32_t>();
    for (uint32_t n = number<uint32_t>(); n > 0; --n) result.dims.push_back(number<uint32_t>());
    result.offset = number<uint64_t>();
    result.bytes = number<uint64_t>();
    return result;
  }

  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }

  std::string text() {
    const uint32_t size = number<uint32_t>();
    return std::string(take(size), size);
  }

  const char *take(size_t size) {
    if (data_.size() - at_ < size) fail("is cut off");
    at_ += size;
    return data_.data() + (at_ - size);
  }

  [[noreturn]] static void fail(const char *why) {
    std::fprintf(stderr, "dsbench: the job file %s\n", why);
    std::exit(2);
  }

  std::string data_;
  size_t at_ = 0;
};
