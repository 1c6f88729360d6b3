/* Stand-in for TensorRT's plugin header: names only. Written for dsbench. */
#ifndef DSBENCH_NVINFERPLUGIN_H
#define DSBENCH_NVINFERPLUGIN_H

#include "NvInfer.h"

#endif
