// Compile-time checks only: the headers for parsers must have DeepStream 9.1's binary layout, else this library does not
// build. A parser compiled against them works with both.
#if defined(__x86_64__) && defined(__GLIBCXX__)

#include <cstddef>

#include "nvdsinfer_context.h"
#include "nvdsinfer_custom_impl.h"

// NvDsInferParseDetectionParams has a reference member; g++ supports offsetof of its other members.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

#define SIZE(type, bytes, align) static_assert(sizeof(type) == bytes && alignof(type) == align, #type)
#define AT(type, member, offset) static_assert(offsetof(type, member) == offset, #type "::" #member)
#define VALUE(name, value) static_assert(static_cast<int>(name) == value, #name)

SIZE(NvDsInferDims, 40, 4);
AT(NvDsInferDims, numDims, 0);
AT(NvDsInferDims, d, 4);
AT(NvDsInferDims, numElements, 36);

SIZE(NvDsInferDimsCHW, 12, 4);
AT(NvDsInferDimsCHW, c, 0);
AT(NvDsInferDimsCHW, h, 4);
AT(NvDsInferDimsCHW, w, 8);

SIZE(NvDsInferLayerInfo, 72, 8);
AT(NvDsInferLayerInfo, dataType, 0);
AT(NvDsInferLayerInfo, inferDims, 4);
AT(NvDsInferLayerInfo, dims, 4);
AT(NvDsInferLayerInfo, bindingIndex, 44);
AT(NvDsInferLayerInfo, layerName, 48);
AT(NvDsInferLayerInfo, buffer, 56);
AT(NvDsInferLayerInfo, isInput, 64);

SIZE(NvDsInferNetworkInfo, 12, 4);
AT(NvDsInferNetworkInfo, width, 0);
AT(NvDsInferNetworkInfo, height, 4);
AT(NvDsInferNetworkInfo, channels, 8);

// the reference perClassThreshold takes the last 8 bytes
SIZE(NvDsInferParseDetectionParams, 64, 8);
AT(NvDsInferParseDetectionParams, numClassesConfigured, 0);
AT(NvDsInferParseDetectionParams, perClassPreclusterThreshold, 8);
AT(NvDsInferParseDetectionParams, perClassPostclusterThreshold, 32);
SIZE(std::vector<float>, 24, 8);
SIZE(std::string, 32, 8);

SIZE(NvDsInferObjectDetectionInfo, 28, 4);
AT(NvDsInferObjectDetectionInfo, classId, 0);
AT(NvDsInferObjectDetectionInfo, left, 4);
AT(NvDsInferObjectDetectionInfo, top, 8);
AT(NvDsInferObjectDetectionInfo, width, 12);
AT(NvDsInferObjectDetectionInfo, height, 16);
AT(NvDsInferObjectDetectionInfo, detectionConfidence, 20);
AT(NvDsInferObjectDetectionInfo, rotation_angle, 24);

SIZE(NvDsInferInstanceMaskInfo, 48, 8);
AT(NvDsInferInstanceMaskInfo, classId, 0);
AT(NvDsInferInstanceMaskInfo, left, 4);
AT(NvDsInferInstanceMaskInfo, top, 8);
AT(NvDsInferInstanceMaskInfo, width, 12);
AT(NvDsInferInstanceMaskInfo, height, 16);
AT(NvDsInferInstanceMaskInfo, detectionConfidence, 20);
AT(NvDsInferInstanceMaskInfo, mask, 24);
AT(NvDsInferInstanceMaskInfo, mask_width, 32);
AT(NvDsInferInstanceMaskInfo, mask_height, 36);
AT(NvDsInferInstanceMaskInfo, mask_size, 40);

SIZE(NvDsInferAttribute, 24, 8);
AT(NvDsInferAttribute, attributeIndex, 0);
AT(NvDsInferAttribute, attributeValue, 4);
AT(NvDsInferAttribute, attributeConfidence, 8);
AT(NvDsInferAttribute, attributeLabel, 16);

SIZE(NvDsInferDetectionParams, 32, 4);
AT(NvDsInferDetectionParams, preClusterThreshold, 0);
AT(NvDsInferDetectionParams, postClusterThreshold, 4);
AT(NvDsInferDetectionParams, eps, 8);
AT(NvDsInferDetectionParams, minBoxes, 12);
AT(NvDsInferDetectionParams, groupThreshold, 16);
AT(NvDsInferDetectionParams, minScore, 20);
AT(NvDsInferDetectionParams, nmsIOUThreshold, 24);
AT(NvDsInferDetectionParams, topK, 28);

SIZE(NvDsInferObject, 64, 8);
AT(NvDsInferObject, left, 0);
AT(NvDsInferObject, top, 4);
AT(NvDsInferObject, width, 8);
AT(NvDsInferObject, height, 12);
AT(NvDsInferObject, classIndex, 16);
AT(NvDsInferObject, label, 24);
AT(NvDsInferObject, confidence, 32);
AT(NvDsInferObject, mask, 40);
AT(NvDsInferObject, rotation_angle, 60);

VALUE(FLOAT, 0);
VALUE(HALF, 1);
VALUE(INT8, 2);
VALUE(INT32, 3);
VALUE(INT64, 4);
VALUE(UINT8, 5);
VALUE(NVDSINFER_CLUSTER_GROUP_RECTANGLES, 0);
VALUE(NVDSINFER_CLUSTER_DBSCAN, 1);
VALUE(NVDSINFER_CLUSTER_NMS, 2);
VALUE(NVDSINFER_CLUSTER_DBSCAN_NMS_HYBRID, 3);
VALUE(NVDSINFER_CLUSTER_NONE, 4);
VALUE(NvDsInferNetworkMode_FP32, 0);
VALUE(NvDsInferNetworkMode_INT8, 1);
VALUE(NvDsInferNetworkMode_FP16, 2);
VALUE(NvDsInferNetworkMode_BEST, 3);
VALUE(NvDsInferNetworkType_Detector, 0);
VALUE(NvDsInferNetworkType_Classifier, 1);
VALUE(NvDsInferNetworkType_Segmentation, 2);
VALUE(NvDsInferNetworkType_InstanceSegmentation, 3);
VALUE(NvDsInferNetworkType_Other, 100);
VALUE(NVDSINFER_SUCCESS, 0);
VALUE(NVDSINFER_CONFIG_FAILED, 1);
VALUE(NVDSINFER_CUSTOM_LIB_FAILED, 2);
VALUE(NVDSINFER_INVALID_PARAMS, 3);
VALUE(NVDSINFER_OUTPUT_PARSING_FAILED, 4);
VALUE(NVDSINFER_CUDA_ERROR, 5);
VALUE(NVDSINFER_TENSORRT_ERROR, 6);
VALUE(NVDSINFER_RESOURCE_ERROR, 7);
VALUE(NVDSINFER_TRITON_ERROR, 8);
VALUE(NVDSINFER_MEM_ERROR, 9);
VALUE(NVDSINFER_UNKNOWN_ERROR, 10);

static_assert(sizeof(NvDsInferDataType) == 4 && sizeof(NvDsInferStatus) == 4, "enums are 4 bytes");
static_assert(sizeof(bool) == 1 && sizeof(void *) == 8, "x86-64");

#endif
