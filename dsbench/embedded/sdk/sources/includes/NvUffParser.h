/* Stand-in for TensorRT's UFF parser header, which older parser sources include: names only. Written for dsbench. */
#ifndef DSBENCH_NVUFFPARSER_H
#define DSBENCH_NVUFFPARSER_H

#include "NvInfer.h"

#ifdef __cplusplus
namespace nvuffparser {
class IUffParser;
}  // namespace nvuffparser
#endif

#endif
