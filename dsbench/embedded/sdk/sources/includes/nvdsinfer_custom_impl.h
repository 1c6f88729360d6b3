/*
 * What a custom library may export to nvinfer, and the arguments it is called with.
 * Written for dsbench; the binary layout is DeepStream 9.1's on x86-64 with libstdc++.
 */
#ifndef DSBENCH_NVDSINFER_CUSTOM_IMPL_H
#define DSBENCH_NVDSINFER_CUSTOM_IMPL_H

#include <string>
#include <type_traits>
#include <vector>

#include "NvInfer.h"
#include "NvOnnxParser.h"
#include "nvdsinfer.h"

#define NVDSINFER_CUSTOM_IMPL_VERSION 1

/* Thresholds hold one value per configured class; reading past their end is undefined. */
struct NvDsInferParseDetectionParams {
  unsigned int numClassesConfigured;
  std::vector<float> perClassPreclusterThreshold;
  std::vector<float> perClassPostclusterThreshold;
  /* old name of the first vector: a reference into the same object */
  std::vector<float> &perClassThreshold = perClassPreclusterThreshold;
};

/* Bounding boxes: appends to objectList; false means that the output could not be understood. */
typedef bool (*NvDsInferParseCustomFunc)(std::vector<NvDsInferLayerInfo> const &outputLayersInfo,
                                         NvDsInferNetworkInfo const &networkInfo,
                                         NvDsInferParseDetectionParams const &detectionParams,
                                         std::vector<NvDsInferObjectDetectionInfo> &objectList);

#define CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(customParseFunc)                                                   \
  extern "C" bool customParseFunc(std::vector<NvDsInferLayerInfo> const &outputLayersInfo,                   \
                                  NvDsInferNetworkInfo const &networkInfo,                                   \
                                  NvDsInferParseDetectionParams const &detectionParams,                      \
                                  std::vector<NvDsInferObjectDetectionInfo> &objectList);                    \
  static_assert(std::is_same<decltype(&customParseFunc), NvDsInferParseCustomFunc>::value,                   \
                "not the signature of a bounding box parser: " #customParseFunc)

/* Boxes with masks. */
typedef bool (*NvDsInferInstanceMaskParseCustomFunc)(std::vector<NvDsInferLayerInfo> const &outputLayersInfo,
                                                     NvDsInferNetworkInfo const &networkInfo,
                                                     NvDsInferParseDetectionParams const &detectionParams,
                                                     std::vector<NvDsInferInstanceMaskInfo> &objectList);

#define CHECK_CUSTOM_INSTANCE_MASK_PARSE_FUNC_PROTOTYPE(customParseFunc)                                     \
  extern "C" bool customParseFunc(std::vector<NvDsInferLayerInfo> const &outputLayersInfo,                   \
                                  NvDsInferNetworkInfo const &networkInfo,                                   \
                                  NvDsInferParseDetectionParams const &detectionParams,                      \
                                  std::vector<NvDsInferInstanceMaskInfo> &objectList);                       \
  static_assert(std::is_same<decltype(&customParseFunc), NvDsInferInstanceMaskParseCustomFunc>::value,       \
                "not the signature of an instance mask parser: " #customParseFunc)

/* Attributes of a whole picture or object, and one text that describes them. */
typedef bool (*NvDsInferClassiferParseCustomFunc)(std::vector<NvDsInferLayerInfo> const &outputLayersInfo,
                                                  NvDsInferNetworkInfo const &networkInfo,
                                                  float classifierThreshold,
                                                  std::vector<NvDsInferAttribute> &attrList,
                                                  std::string &descString);

#define CHECK_CUSTOM_CLASSIFIER_PARSE_FUNC_PROTOTYPE(customParseFunc)                                        \
  extern "C" bool customParseFunc(std::vector<NvDsInferLayerInfo> const &outputLayersInfo,                   \
                                  NvDsInferNetworkInfo const &networkInfo, float classifierThreshold,        \
                                  std::vector<NvDsInferAttribute> &attrList, std::string &descString);       \
  static_assert(std::is_same<decltype(&customParseFunc), NvDsInferClassiferParseCustomFunc>::value,          \
                "not the signature of a classifier parser: " #customParseFunc)

/* One class per pixel, and its probabilities. */
typedef bool (*NvDsInferSemSegmentationParseCustomFunc)(
    std::vector<NvDsInferLayerInfo> const &outputLayersInfo, NvDsInferNetworkInfo const &networkInfo,
    float segmentationThreshold, unsigned int numClasses, int *classificationMap,
    float *&classProbabilityMap);

#define CHECK_CUSTOM_SEM_SEGMENTATION_PARSE_FUNC_PROTOTYPE(customParseFunc)                                  \
  extern "C" bool customParseFunc(std::vector<NvDsInferLayerInfo> const &outputLayersInfo,                   \
                                  NvDsInferNetworkInfo const &networkInfo, float segmentationThreshold,      \
                                  unsigned int numClasses, int *classificationMap,                           \
                                  float *&classProbabilityMap);                                              \
  static_assert(std::is_same<decltype(&customParseFunc), NvDsInferSemSegmentationParseCustomFunc>::value,    \
                "not the signature of a segmentation parser: " #customParseFunc)

/* Input layers other than the image: called once, with buffers to fill for maxBatchSize frames. */
extern "C" bool NvDsInferInitializeInputLayers(std::vector<NvDsInferLayerInfo> const &inputLayersInfo,
                                    NvDsInferNetworkInfo const &networkInfo, unsigned int maxBatchSize);

#if DSBENCH_OBJECT_SIZE == 24
/* Tells dsbench that the old layout was chosen, rather than inherited from old headers. */
extern "C" __attribute__((weak, visibility("default"))) int dsbench_object_size() { return 24; }
#endif

#if defined(__x86_64__) && defined(__GLIBCXX__)
static_assert(sizeof(NvDsInferDims) == 40, "NvDsInferDims");
static_assert(sizeof(NvDsInferLayerInfo) == 72, "NvDsInferLayerInfo");
static_assert(sizeof(NvDsInferParseDetectionParams) == 64, "NvDsInferParseDetectionParams");
static_assert(sizeof(NvDsInferObjectDetectionInfo) == DSBENCH_OBJECT_SIZE, "NvDsInferObjectDetectionInfo");
#endif

#endif
