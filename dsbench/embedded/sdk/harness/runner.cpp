// Calls a parser that is built with sanitizers on the cases of a job file, each in a process of its own.
//   runner JOB TENSORS OUT
// OUT/status.txt has one line per case: number, end (exit N | signal N | time | memory), seconds.
// OUT/<number>.bin has the results of the calls, OUT/<number>.log the output, including the sanitizers'.
#include <dlfcn.h>
#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cinttypes>
#include <exception>
#include <memory>

#include "../host/object_layout.h"
#include "guarded.h"
#include "job.h"
#include "nvdsinfer_custom_impl.h"

// sanitizer/allocator_interface.h, which g++ does not install
extern "C" size_t __sanitizer_get_current_allocated_bytes();

namespace {

enum Status { kOk = 0, kFalse = 1, kRaised = 2, kTooMany = 3 };
enum Exit { kDone = 0, kBadJob = 2, kNotLoaded = 3, kNoFunction = 4, kTimeIsUp = 5 };

using Objects = std::vector<NvDsInferObjectDetectionInfo>;
using Clock = std::chrono::steady_clock;

Objects *g_objects;  // reachable at the end: not a leak
const unsigned char *g_tensors;

void out_of_time(int) {
  std::fprintf(stderr, "\ndsbench: the time is up\n");
  __sanitizer_print_stack_trace();
  _exit(kTimeIsUp);
}

void limit(int what, rlim_t soft, rlim_t hard) {
  const rlimit values{soft, hard};
  setrlimit(what, &values);
}

// Fills the stack with a pattern where the parser's variables will be.
__attribute__((noinline, no_sanitize("address"))) void fill_stack(unsigned char byte) {
  volatile unsigned char block[256 << 10];
  for (size_t i = 0; i < sizeof block; ++i) block[i] = byte;
}

NvDsInferLayerInfo describe(const JobLayer &layer, void *buffer) {
  NvDsInferLayerInfo info{};
  info.dataType = static_cast<NvDsInferDataType>(layer.data_type);
  info.bindingIndex = layer.binding_index;
  info.layerName = layer.name.c_str();
  info.buffer = buffer;
  info.inferDims.numDims = static_cast<unsigned int>(layer.dims.size());
  info.inferDims.numElements = 1;
  for (size_t d = 0; d < layer.dims.size(); ++d) {
    info.inferDims.d[d] = layer.dims[d];
    info.inferDims.numElements *= layer.dims[d];
  }
  return info;
}

template <typename T>
void put(FILE *out, T value) {
  std::fwrite(&value, sizeof value, 1, out);
}

// One record per call: status, object size, bytes of objects, allocated heap, the objects.
void record(FILE *out, int32_t status, uint64_t most_bytes) {
  const dsb::RawVector found = dsb::raw(*g_objects);
  const uint64_t bytes = status == kOk ? found.bytes() : 0;
  const bool too_many = bytes > most_bytes;
  put<int32_t>(out, too_many ? int32_t{kTooMany} : status);
  put<uint32_t>(out, static_cast<uint32_t>(dsb::object_size(found, sizeof(NvDsInferObjectDetectionInfo))));
  put<uint64_t>(out, bytes);
  put<uint64_t>(out, __sanitizer_get_current_allocated_bytes());
  if (bytes != 0 && !too_many) std::fwrite(found.begin, 1, bytes, out);
  std::fflush(out);
}

int32_t call(NvDsInferParseCustomFunc function, const Job &job, const std::vector<NvDsInferLayerInfo> &layers,
             const NvDsInferNetworkInfo &network, const NvDsInferParseDetectionParams &params) {
  g_objects->clear();
  fill_stack(static_cast<unsigned char>(job.fill));
  try {
    return function(layers, network, params, *g_objects) ? kOk : kFalse;
  } catch (const std::exception &exception) {
    std::fprintf(stderr, "\ndsbench: exception: %s\n", exception.what());
  } catch (...) {
    std::fprintf(stderr, "\ndsbench: exception: not a std::exception\n");
  }
  return kRaised;
}

int run_case(const Job &job, const JobCase &wanted, FILE *out) {
  void *library = dlopen(job.library.c_str(), RTLD_LAZY);
  if (!library) {
    std::fprintf(stderr, "dsbench: %s\n", dlerror());
    return kNotLoaded;
  }
  const auto function = reinterpret_cast<NvDsInferParseCustomFunc>(dlsym(library, job.function.c_str()));
  if (!function) return kNoFunction;
  g_objects = new Objects;
  const NvDsInferNetworkInfo network{wanted.width, wanted.height, wanted.channels};
  NvDsInferParseDetectionParams params{};
  params.numClassesConfigured = wanted.classes;
  params.perClassPreclusterThreshold = wanted.thresholds;
  params.perClassPostclusterThreshold.assign(wanted.thresholds.size(), 0.0f);
  for (size_t number = 0; number < wanted.calls.size(); ++number) {
    std::vector<std::unique_ptr<GuardedBuffer>> buffers;
    std::vector<NvDsInferLayerInfo> layers;
    std::fprintf(stderr, "\ndsbench: call %zu\n", number);
    for (const JobLayer &layer : wanted.calls[number]) {
      buffers.push_back(std::make_unique<GuardedBuffer>(g_tensors + layer.offset, layer.bytes));
      unsigned char *data = buffers.back()->data();
      std::fprintf(stderr, "dsbench: buffer %p %p\n", static_cast<void *>(data),
                   static_cast<void *>(data + layer.bytes));
      layers.push_back(describe(layer, data));
    }
    record(out, call(function, job, layers, network, params), job.most_bytes);
  }
  std::fprintf(stderr, "\ndsbench: done\n");
  if (wanted.leaks) __lsan_do_recoverable_leak_check();
  return kDone;
}

[[noreturn]] void child(const Job &job, size_t number, const std::string &base, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kBadJob);
  const int log = open((base + ".log").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  FILE *out = std::fopen((base + ".bin").c_str(), "wb");
  if (log < 0 || !out) _exit(kBadJob);
  dup2(log, 1);
  dup2(log, 2);
  signal(SIGXCPU, out_of_time);
  limit(RLIMIT_CPU, job.cpu_seconds, job.cpu_seconds + 2);
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_FSIZE, job.most_bytes * 2 + (64u << 20), RLIM_INFINITY);
  const int result = run_case(job, job.cases[number], out);
  std::fflush(nullptr);
  _exit(result);
}

size_t resident_mb(pid_t pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/statm", static_cast<int>(pid));
  FILE *file = std::fopen(path, "r");
  unsigned long total = 0, resident = 0;
  if (file) {
    if (std::fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE)) >> 20;
}

// Waits for one case and returns how it ended.
std::string watch(pid_t pid, const Job &job, Clock::time_point started) {
  const char *stopped = nullptr;
  bool signalled = false;
  for (int status, round = 0;; ++round) {
    const pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid) {
      if (stopped) return stopped;
      if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return "time 0";  // the processor time's hard limit
      if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
      return "exit " + std::to_string(WEXITSTATUS(status));
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
    if (!signalled && seconds > job.wall_seconds) {  // it may still report its position
      kill(pid, SIGXCPU);
      stopped = "time 0", signalled = true;
    }
    if (seconds > job.wall_seconds + 2) kill(pid, SIGKILL);
    if (round % 16 == 15 && resident_mb(pid) > job.memory_mb) {
      kill(pid, SIGKILL);
      stopped = "memory 0";
    }
    usleep(round < 50 ? 500 : 4000);
  }
}

const unsigned char *map_file(const char *path) {
  const int file = open(path, O_RDONLY);
  struct stat facts {};
  if (file < 0 || fstat(file, &facts) != 0) std::exit(kBadJob);
  if (facts.st_size == 0) return nullptr;
  void *all = mmap(nullptr, static_cast<size_t>(facts.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  if (all == MAP_FAILED) std::exit(kBadJob);
  return static_cast<const unsigned char *>(all);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 4) return kBadJob;
  const Job job = JobReader(argv[1]).read();
  g_tensors = map_file(argv[2]);
  const std::string out = argv[3];
  FILE *status = std::fopen((out + "/status.txt").c_str(), "w");
  if (!status) return kBadJob;
  int lost = 0;
  for (size_t number = 0; number < job.cases.size(); ++number) {
    const auto started = Clock::now();
    const pid_t parent = getpid(), pid = fork();
    if (pid == 0) child(job, number, out + "/" + std::to_string(number), parent);
    if (pid < 0) return kBadJob;
    const std::string ended = watch(pid, job, started);
    std::fprintf(status, "%zu %s %.3f\n", number, ended.c_str(),
                 std::chrono::duration<double>(Clock::now() - started).count());
    std::fflush(status);
    // stop early: a parser that hangs or exhausts memory everywhere, or a library that does not load
    if (ended == "exit 3" || ended == "exit 4") break;
    lost += ended == "exit 5" || ended == "time 0" || ended == "memory 0";
    if (lost >= 2) break;
  }
  std::fclose(status);
  _exit(kDone);  // the cases check for leaks
}
