/*
 * Stand-in for TensorRT's header, so that parser code compiles where TensorRT is not installed: plain data types as
 * TensorRT 10 has them, and the names of what builds or runs an engine. Code that does either needs the real header.
 * Written for dsbench.
 */
#ifndef DSBENCH_NVINFER_H
#define DSBENCH_NVINFER_H

#include <stddef.h>
#include <stdint.h>

#ifndef NV_TENSORRT_MAJOR
#define NV_TENSORRT_MAJOR 10
#define NV_TENSORRT_MINOR 0
#define NV_TENSORRT_PATCH 0
#endif

#ifdef __cplusplus
namespace nvinfer1 {

typedef char AsciiChar;

enum class DataType : int32_t {
  kFLOAT = 0,
  kHALF = 1,
  kINT8 = 2,
  kINT32 = 3,
  kBOOL = 4,
  kUINT8 = 5,
  kFP8 = 6,
  kBF16 = 7,
  kINT64 = 8,
  kINT4 = 9
};

/* A shape; nbDims is -1 where it is not known. */
class Dims32 {
 public:
  static constexpr int32_t MAX_DIMS = 8;
  int32_t nbDims;
  int32_t d[MAX_DIMS];
};

class Dims64 {
 public:
  static constexpr int32_t MAX_DIMS = 8;
  int32_t nbDims;
  int64_t d[MAX_DIMS];
};

typedef Dims64 Dims;

/* Values of one layer, not owned. */
class Weights {
 public:
  DataType type;
  void const *values;
  int64_t count;
};

/* One tensor of a network under construction; there is none without TensorRT. */
class ITensor {
 public:
  virtual Dims getDimensions() const noexcept = 0;

 protected:
  virtual ~ITensor() noexcept = default;
};

class ILogger {
 public:
  enum class Severity : int32_t { kINTERNAL_ERROR = 0, kERROR = 1, kWARNING = 2, kINFO = 3, kVERBOSE = 4 };
  virtual void log(Severity severity, AsciiChar const *msg) noexcept = 0;
  virtual ~ILogger() = default;
};

class IBuilder;
class IBuilderConfig;
class ICudaEngine;
class IExecutionContext;
class IHostMemory;
class ILayer;
class INetworkDefinition;
class IPluginCreator;
class IPluginV2;
class IRuntime;

}  // namespace nvinfer1
#endif

#endif
