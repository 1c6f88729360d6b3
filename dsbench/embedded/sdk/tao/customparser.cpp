/*
 * What stands in for DeepStream's libnvds_infercustomparser.so where DeepStream is not installed: the detector parsers
 * of NVIDIA's TAO models under their own names, written from their documented behaviour. Object for object the same as
 * the original only as far as that is known; DeepStream itself never uses this library.
 */
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "nvdsinfer_custom_impl.h"

#define DSBENCH_EXPORT extern "C" __attribute__((visibility("default")))
#define DSBENCH_PARSER(name)                                                                                           \
    DSBENCH_EXPORT bool name(Layers const &layers, NvDsInferNetworkInfo const &network,                                \
                             NvDsInferParseDetectionParams const &params, Objects &objects)

namespace {

typedef std::vector<NvDsInferLayerInfo> Layers;
typedef std::vector<NvDsInferObjectDetectionInfo> Objects;

const float kBoxNorm = 35.0f;       // DetectNet_v2's unit
const std::size_t kQueries = 100;   // query-class pairs that RT-DETR's parser considers
const std::size_t kMostBatched = 201;
const int kInt64 = 4;

float clip(float value, float highest)
{
    return std::max(0.0f, std::min(value, highest));
}

NvDsInferLayerInfo const *find(Layers const &layers, char const *part)
{
    for (NvDsInferLayerInfo const &layer : layers)
        if (layer.layerName != nullptr && std::strstr(layer.layerName, part) != nullptr && layer.buffer != nullptr)
            return &layer;
    return nullptr;
}

bool isFloat(NvDsInferLayerInfo const *layer)
{
    return layer != nullptr && layer->dataType == FLOAT && layer->buffer != nullptr;
}

float const *floats(NvDsInferLayerInfo const &layer)
{
    return static_cast<float const *>(layer.buffer);
}

float valueAt(NvDsInferLayerInfo const &layer, std::size_t i)
{
    const int type = static_cast<int>(layer.dataType);
    if (type == FLOAT)
        return floats(layer)[i];
    if (type == INT32)
        return static_cast<float>(static_cast<std::int32_t const *>(layer.buffer)[i]);
    return type == kInt64 ? static_cast<float>(static_cast<std::int64_t const *>(layer.buffer)[i]) : 0.0f;
}

/* Adds a box of corners in pixels, clipped, if its score reaches its class's threshold and anything of it is inside. */
void add(float x1, float y1, float x2, float y2, float label, float score, NvDsInferNetworkInfo const &network,
         std::vector<float> const &thresholds, Objects &objects)
{
    if (!(label >= 0.0f) || label >= static_cast<float>(thresholds.size()) ||
        !(score >= thresholds[static_cast<std::size_t>(label)]))
        return;
    if (!std::isfinite(x1) || !std::isfinite(y1) || !std::isfinite(x2) || !std::isfinite(y2))
        return;
    const float right = static_cast<float>(network.width) - 1.0f, bottom = static_cast<float>(network.height) - 1.0f;
    NvDsInferObjectDetectionInfo object{};
    object.classId = static_cast<unsigned int>(label);
    object.left = clip(x1, right);
    object.top = clip(y1, bottom);
    object.width = clip(x2, right) - object.left;
    object.height = clip(y2, bottom) - object.top;
    object.detectionConfidence = score;
    if (object.width > 0.0f && object.height > 0.0f)
        objects.push_back(object);
}

/* Heads of object queries. ``pairs``: the best kQueries of all query-class pairs; else every class but 0. */
bool queries(Layers const &layers, NvDsInferNetworkInfo const &network, NvDsInferParseDetectionParams const &params,
             bool pairs, Objects &objects)
{
    NvDsInferLayerInfo const *logits = find(layers, "pred_logits"), *boxes = find(layers, "pred_boxes");
    if (!isFloat(logits) || !isFloat(boxes) || logits->inferDims.numDims != 2 || boxes->inferDims.numDims != 2 ||
        boxes->inferDims.d[1] != 4 || logits->inferDims.d[0] != boxes->inferDims.d[0])
        return false;
    const std::size_t classes = logits->inferDims.d[1], count = logits->inferDims.d[0] * classes;
    std::vector<float> scores(count);
    for (std::size_t i = 0; i < count; ++i)
        scores[i] = 1.0f / (1.0f + std::exp(-floats(*logits)[i]));
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t(0));
    if (pairs) {
        std::stable_sort(order.begin(), order.end(), [&scores](std::size_t a, std::size_t b) {
            return scores[a] > scores[b];
        });
        order.resize(std::min(kQueries, count));
    }
    const float width = static_cast<float>(network.width), height = static_cast<float>(network.height);
    for (std::size_t i : order) {
        const std::size_t label = i % classes;
        if (!pairs && label == 0)
            continue;
        float const *box = floats(*boxes) + i / classes * 4;
        add((box[0] - 0.5f * box[2]) * width, (box[1] - 0.5f * box[3]) * height, (box[0] + 0.5f * box[2]) * width,
            (box[1] + 0.5f * box[3]) * height, static_cast<float>(label), scores[i], network,
            params.perClassPreclusterThreshold, objects);
    }
    return true;
}

/* Count, boxes, scores, classes. ``turned``: y1, x1, y2, x2. ``normalised``: fractions of the network input. */
bool fourOutputs(NvDsInferLayerInfo const (&parts)[4], NvDsInferNetworkInfo const &network,
                 NvDsInferParseDetectionParams const &params, bool normalised, bool turned, std::size_t most,
                 Objects &objects)
{
    NvDsInferLayerInfo const &boxes = parts[1], &scores = parts[2], &classes = parts[3];
    const std::size_t rows = scores.inferDims.numElements;
    if (parts[0].buffer == nullptr || !isFloat(&boxes) || !isFloat(&scores) || classes.buffer == nullptr ||
        boxes.inferDims.numElements != 4 * rows || classes.inferDims.numElements != rows)
        return false;
    const float counted = valueAt(parts[0], 0);
    const std::size_t limit = std::min(rows, most);
    const std::size_t used =
        counted >= 0.0f ? static_cast<std::size_t>(std::min(counted, static_cast<float>(limit))) : 0;
    const float scaleX = normalised ? static_cast<float>(network.width) : 1.0f;
    const float scaleY = normalised ? static_cast<float>(network.height) : 1.0f;
    for (std::size_t i = 0; i < used; ++i) {
        float const *box = floats(boxes) + 4 * i;
        const int x = turned ? 1 : 0, y = turned ? 0 : 1;
        add(box[x] * scaleX, box[y] * scaleY, box[x + 2] * scaleX, box[y + 2] * scaleY, valueAt(classes, i),
            floats(scores)[i], network, params.perClassPreclusterThreshold, objects);
    }
    return true;
}

bool byPosition(Layers const &layers, NvDsInferNetworkInfo const &network, NvDsInferParseDetectionParams const &params,
                bool normalised, bool turned, std::size_t most, Objects &objects)
{
    if (layers.size() != 4)
        return false;
    NvDsInferLayerInfo const parts[4] = { layers[0], layers[1], layers[2], layers[3] };
    return fourOutputs(parts, network, params, normalised, turned, most, objects);
}

}  // namespace

DSBENCH_PARSER(NvDsInferParseCustomResnet)
{
    NvDsInferLayerInfo const *bbox = find(layers, "bbox"), *cov = find(layers, "cov");
    if (!isFloat(bbox) || !isFloat(cov) || bbox->inferDims.numDims != 3 || cov->inferDims.numDims != 3)
        return false;
    const unsigned int classes = cov->inferDims.d[0], rows = cov->inferDims.d[1], columns = cov->inferDims.d[2];
    if (bbox->inferDims.d[0] != 4 * classes || bbox->inferDims.d[1] != rows || bbox->inferDims.d[2] != columns)
        return false;
    const unsigned int strideX = (network.width + columns - 1) / columns, strideY = (network.height + rows - 1) / rows;
    const float right = static_cast<float>(network.width) - 1.0f, bottom = static_cast<float>(network.height) - 1.0f;
    std::vector<float> const &thresholds = params.perClassPreclusterThreshold;
    const std::size_t cells = static_cast<std::size_t>(rows) * columns;
    for (unsigned int c = 0; c < classes && c < thresholds.size(); ++c) {
        float const *planes = floats(*bbox) + 4 * c * cells;
        for (std::size_t i = 0; i < cells; ++i) {
            const float score = floats(*cov)[c * cells + i];
            if (!std::isfinite(score) || score < thresholds[c])
                continue;
            const float centreX = (static_cast<float>(i % columns * strideX) + 0.5f) / kBoxNorm;
            const float centreY = (static_cast<float>(i / columns * strideY) + 0.5f) / kBoxNorm;
            const float x1 = (planes[i] - centreX) * -kBoxNorm, y1 = (planes[cells + i] - centreY) * -kBoxNorm;
            const float x2 = (planes[2 * cells + i] + centreX) * kBoxNorm;
            const float y2 = (planes[3 * cells + i] + centreY) * kBoxNorm;
            if (!std::isfinite(x1) || !std::isfinite(y1) || !std::isfinite(x2) || !std::isfinite(y2))
                continue;
            NvDsInferObjectDetectionInfo object{};
            object.classId = c;
            object.left = clip(x1, right);
            object.top = clip(y1, bottom);
            object.width = clip(x2, right) - object.left + 1.0f;
            object.height = clip(y2, bottom) - object.top + 1.0f;
            object.detectionConfidence = score;
            if (object.width > 0.0f && object.height > 0.0f)
                objects.push_back(object);
        }
    }
    return true;
}

DSBENCH_PARSER(NvDsInferParseCustomRTDETRTAO)
{
    return queries(layers, network, params, true, objects);
}

DSBENCH_PARSER(NvDsInferParseCustomDDETRTAO)
{
    return queries(layers, network, params, false, objects);
}

DSBENCH_PARSER(NvDsInferParseCustomBatchedNMSTLT)
{
    return byPosition(layers, network, params, true, false, kMostBatched, objects);
}

DSBENCH_PARSER(NvDsInferParseYoloV5CustomBatchedNMSTLT)
{
    return byPosition(layers, network, params, false, false, kMostBatched, objects);
}

DSBENCH_PARSER(NvDsInferParseCustomEfficientDetTAO)
{
    return byPosition(layers, network, params, false, true, static_cast<std::size_t>(-1), objects);
}
