/* Stand-in for TensorRT's ONNX parser header: names only. Written for dsbench. */
#ifndef DSBENCH_NVONNXPARSER_H
#define DSBENCH_NVONNXPARSER_H

#include "NvInfer.h"

#ifdef __cplusplus
namespace nvonnxparser {
class IParser;
class IParserError;
}  // namespace nvonnxparser
#endif

#endif
