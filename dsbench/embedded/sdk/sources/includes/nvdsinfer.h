/*
 * Types that a DeepStream inference result is made of, laid out as DeepStream 9.1 lays them out on x86-64.
 * Written for dsbench, so that a parser can be built where DeepStream is not installed.
 */
#ifndef DSBENCH_NVDSINFER_H
#define DSBENCH_NVDSINFER_H

#include <stdint.h>

#define NVDSINFER_MAX_DIMS 8

/* Bytes of one NvDsInferObjectDetectionInfo: 28, or 24 as in older releases (6.2 and before: no rotation_angle). */
#ifndef DSBENCH_OBJECT_SIZE
#define DSBENCH_OBJECT_SIZE 28
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Shape of one layer for one frame: the batch dimension is not part of it. */
typedef struct {
  unsigned int numDims;
  unsigned int d[NVDSINFER_MAX_DIMS];
  unsigned int numElements;
} NvDsInferDims;

typedef struct {
  unsigned int c;
  unsigned int h;
  unsigned int w;
} NvDsInferDimsCHW;

typedef enum { FLOAT = 0, HALF = 1, INT8 = 2, INT32 = 3, INT64 = 4, UINT8 = 5 } NvDsInferDataType;

typedef struct {
  NvDsInferDataType dataType;
  union {
    NvDsInferDims inferDims;
    NvDsInferDims dims; /* old name of inferDims */
  };
  int bindingIndex; /* among all inputs and outputs of the network */
  const char *layerName;
  void *buffer; /* this frame's slice, in host memory */
  int isInput;
} NvDsInferLayerInfo;

typedef struct {
  unsigned int width;
  unsigned int height;
  unsigned int channels;
} NvDsInferNetworkInfo;

/* One detected object, in network pixels. */
typedef struct {
  unsigned int classId;
  float left;
  float top;
  float width;
  float height;
  float detectionConfidence;
#if DSBENCH_OBJECT_SIZE == 28
  float rotation_angle;
#endif
} NvDsInferObjectDetectionInfo;

typedef NvDsInferObjectDetectionInfo NvDsInferParseObjectInfo;

/* One detected object with its mask; mask_size counts bytes. */
typedef struct {
  unsigned int classId;
  float left;
  float top;
  float width;
  float height;
  float detectionConfidence;
  float *mask;
  unsigned int mask_width;
  unsigned int mask_height;
  unsigned int mask_size;
} NvDsInferInstanceMaskInfo;

typedef struct {
  unsigned int attributeIndex;
  unsigned int attributeValue;
  float attributeConfidence;
  char *attributeLabel;
} NvDsInferAttribute;

typedef enum {
  NVDSINFER_SUCCESS = 0,
  NVDSINFER_CONFIG_FAILED,
  NVDSINFER_CUSTOM_LIB_FAILED,
  NVDSINFER_INVALID_PARAMS,
  NVDSINFER_OUTPUT_PARSING_FAILED,
  NVDSINFER_CUDA_ERROR,
  NVDSINFER_TENSORRT_ERROR,
  NVDSINFER_RESOURCE_ERROR,
  NVDSINFER_TRITON_ERROR,
  NVDSINFER_MEM_ERROR,
  NVDSINFER_UNKNOWN_ERROR
} NvDsInferStatus;

typedef enum {
  NVDSINFER_LOG_ERROR = 0,
  NVDSINFER_LOG_WARNING,
  NVDSINFER_LOG_INFO,
  NVDSINFER_LOG_DEBUG
} NvDsInferLogLevel;

#ifdef __cplusplus
}

/* Reads three dimensions in the order channels, height, width. */
inline void getDimsCHWFromDims(NvDsInferDimsCHW &out, const NvDsInferDims &in) {
  out.c = in.d[0];
  out.h = in.d[1];
  out.w = in.d[2];
}

/* Reads three dimensions in the order height, width, channels. */
inline void getDimsHWCFromDims(NvDsInferDimsCHW &out, const NvDsInferDims &in) {
  out.h = in.d[0];
  out.w = in.d[1];
  out.c = in.d[2];
}
#endif

#endif
