/* Stand-in for TensorRT's Caffe parser header, which older parser sources include: names only. Written for dsbench. */
#ifndef DSBENCH_NVCAFFEPARSER_H
#define DSBENCH_NVCAFFEPARSER_H

#include "NvInfer.h"

#ifdef __cplusplus
namespace nvcaffeparser1 {
class ICaffeParser;
}  // namespace nvcaffeparser1
#endif

#endif
