/*
 * Stand-in for TensorRT's header: names only, so that parser code compiles where TensorRT is not installed.
 * Code that builds or runs an engine needs the real one. Written for dsbench.
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
class IBuilder;
class IBuilderConfig;
class ICudaEngine;
class IExecutionContext;
class IHostMemory;
class ILayer;
class ILogger;
class INetworkDefinition;
class IPluginCreator;
class IPluginV2;
class IRuntime;
class ITensor;
class Dims32;
class Dims64;
}  // namespace nvinfer1
#endif

#endif
