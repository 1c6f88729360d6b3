/* Stand-in for CUDA's runtime header: the types that parser sources name. Written for dsbench. */
#ifndef DSBENCH_CUDA_RUNTIME_API_H
#define DSBENCH_CUDA_RUNTIME_API_H

#include <stddef.h>

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef enum cudaError { cudaSuccess = 0 } cudaError_t;

#endif
