/*
 * The part of nvinfer's configuration and results that parser code refers to; the rest of that interface
 * belongs to applications and is not offered. Written for dsbench.
 */
#ifndef DSBENCH_NVDSINFER_CONTEXT_H
#define DSBENCH_NVDSINFER_CONTEXT_H

#include "nvdsinfer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  NvDsInferNetworkMode_FP32 = 0,
  NvDsInferNetworkMode_INT8 = 1,
  NvDsInferNetworkMode_FP16 = 2,
  NvDsInferNetworkMode_BEST = 3
} NvDsInferNetworkMode;

typedef enum {
  NvDsInferNetworkType_Detector = 0,
  NvDsInferNetworkType_Classifier = 1,
  NvDsInferNetworkType_Segmentation = 2,
  NvDsInferNetworkType_InstanceSegmentation = 3,
  NvDsInferNetworkType_Other = 100
} NvDsInferNetworkType;

typedef enum {
  NvDsInferFormat_RGB = 0,
  NvDsInferFormat_BGR = 1,
  NvDsInferFormat_GRAY = 2,
  NvDsInferFormat_RGBA,
  NvDsInferFormat_BGRx,
  NvDsInferFormat_Tensor,
  NvDsInferFormat_Unknown = 0xFFFFFFFF
} NvDsInferFormat;

typedef enum { NvDsInferTensorOrder_kNCHW = 0, NvDsInferTensorOrder_kNHWC = 1 } NvDsInferTensorOrder;

typedef enum {
  NVDSINFER_CLUSTER_GROUP_RECTANGLES = 0,
  NVDSINFER_CLUSTER_DBSCAN = 1,
  NVDSINFER_CLUSTER_NMS = 2,
  NVDSINFER_CLUSTER_DBSCAN_NMS_HYBRID = 3,
  NVDSINFER_CLUSTER_NONE = 4
} NvDsInferClusterMode;

/* One class's filtering and clustering parameters. */
typedef struct {
  float preClusterThreshold;
  float postClusterThreshold;
  float eps;
  int minBoxes;
  int groupThreshold;
  float minScore;
  float nmsIOUThreshold;
  int topK;
} NvDsInferDetectionParams;

/* One object after clustering. */
typedef struct {
  float left;
  float top;
  float width;
  float height;
  int classIndex;
  char *label;
  float confidence;
  float *mask;
  unsigned int mask_width;
  unsigned int mask_height;
  unsigned int mask_size;
  float rotation_angle;
} NvDsInferObject;

#ifdef __cplusplus
}
#endif

#endif
