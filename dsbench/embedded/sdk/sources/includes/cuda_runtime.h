/* Stand-in for CUDA's runtime header. Written for dsbench. */
#ifndef DSBENCH_CUDA_RUNTIME_H
#define DSBENCH_CUDA_RUNTIME_H

#include "cuda_runtime_api.h"

#endif
