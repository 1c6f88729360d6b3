/* Models with suppression in the graph: rows of a count, boxes, scores and classes. */
#include <algorithm>
#include <iostream>

#include "reading.h"

using namespace dsbench;

namespace {

const std::size_t kMostBatched = 200;

bool counted(Layers const &layers, std::size_t expected)
{
    if (layers.size() == expected)
        return true;
    std::cerr << "Mismatch in the number of output buffers. Expected " << expected
              << " output buffers, detected in the network :" << layers.size() << std::endl;
    return false;
}

/* NVIDIA's assert() on a class. */
void requireClass(float label, NvDsInferParseDetectionParams const &params)
{
    if (asUnsigned(label) >= params.numClassesConfigured)
        throw DeepStreamEnds("NVIDIA's function aborts: class " + std::to_string(label) +
                             " is not below num-detected-classes=" + std::to_string(params.numClassesConfigured));
}

/* The BatchedNMS plugin's outputs by position: count, boxes as corners in units of (scaleX, scaleY), scores, classes. */
bool batched(Layers const &layers, NvDsInferNetworkInfo const &network, NvDsInferParseDetectionParams const &params,
             float scaleX, float scaleY, Objects &objects)
{
    if (!counted(layers, 4))
        return false;
    const Words boxes(layers[1]), scores(layers[2]), classes(layers[3]);
    const std::int32_t count = Words(layers[0]).whole(0);
    const float threshold = onlyThreshold(params);
    const float right = static_cast<float>(network.width - 1), bottom = static_cast<float>(network.height - 1);
    for (std::int32_t i = 0; i < count && objects.size() <= kMostBatched; ++i) {
        const float score = scores.real(i);
        if (score < threshold || asUnsigned(classes.real(i)) >= params.numClassesConfigured)
            continue;
        const std::size_t at = 4 * static_cast<std::size_t>(i);
        const float x1 = boxes.real(at), y1 = boxes.real(at + 1), x2 = boxes.real(at + 2), y2 = boxes.real(at + 3);
        if (x2 < x1 || y2 < y1)
            continue;
        const float left = clip(x1 * scaleX, right), top = clip(y1 * scaleY, bottom);
        const float width = clip(x2 * scaleX, right) - left, height = clip(y2 * scaleY, bottom) - top;
        if (!(height < 0.0f || width < 0.0f))
            objects.push_back(
                object(static_cast<unsigned int>(asInt(classes.real(i))), score, left, top, width, height));
    }
    return true;
}

}  // namespace

/* Corners as fractions of the network's size. */
DSBENCH_PARSER(NvDsInferParseCustomBatchedNMSTLT)
{
    return batched(layers, network, params, static_cast<float>(network.width), static_cast<float>(network.height),
                   objects);
}

/* Corners in network pixels. */
DSBENCH_PARSER(NvDsInferParseYoloV5CustomBatchedNMSTLT)
{
    return batched(layers, network, params, 1.0f, 1.0f, objects);
}

/* Count, boxes y1, x1, y2, x2 in network pixels, scores, classes. */
DSBENCH_PARSER(NvDsInferParseCustomEfficientDetTAO)
{
    if (!counted(layers, 4))
        return false;
    const Words boxes(layers[1]), scores(layers[2]), classes(layers[3]);
    const std::int32_t count = Words(layers[0]).whole(0);
    const float threshold = onlyThreshold(params);
    float largest = 0.0f;
    for (unsigned int i = 0; i < layers[1].inferDims.numElements; ++i)
        largest = largest < boxes.real(i) ? boxes.real(i) : largest;
    if (count > 0 && largest < 2.0f)
        throw DeepStreamEnds("NVIDIA's function aborts: it expects boxes in pixels, and no value of output " +
                             std::string(layers[1].layerName) + " reaches 2");
    const float right = static_cast<float>(network.width - 1), bottom = static_cast<float>(network.height - 1);
    for (std::int32_t i = 0; i < count; ++i) {
        const float score = scores.real(i);
        if (score < threshold)
            continue;
        requireClass(classes.real(i), params);
        const std::size_t at = 4 * static_cast<std::size_t>(i);
        const float y1 = boxes.real(at), x1 = boxes.real(at + 1), y2 = boxes.real(at + 2), x2 = boxes.real(at + 3);
        if (y2 < y1 || x2 < x1)
            continue;
        objects.push_back(object(static_cast<unsigned int>(asInt(classes.real(i))), score, clip(x1, right),
                                 clip(y1, bottom), clip(x2 - x1, right), clip(y2 - y1, bottom)));
    }
    return true;
}

/* The NMS plugin: rows of image, class, score, x1, y1, x2, y2 as fractions, and their count. */
DSBENCH_PARSER(NvDsInferParseCustomNMSTLT)
{
    if (!counted(layers, 2))
        return false;
    const Words rows(layers[0]);
    const std::int32_t count = Words(layers[1]).whole(0);
    const float threshold = onlyThreshold(params);
    const float width = static_cast<float>(network.width), height = static_cast<float>(network.height);
    const float right = static_cast<float>(network.width - 1), bottom = static_cast<float>(network.height - 1);
    for (std::int32_t i = 0; i < count; ++i) {
        const std::size_t at = 7 * static_cast<std::size_t>(i);
        const float label = rows.real(at + 1), score = rows.real(at + 2);
        if (score < threshold)
            continue;
        requireClass(label, params);
        const float x1 = rows.real(at + 3), y1 = rows.real(at + 4), x2 = rows.real(at + 5), y2 = rows.real(at + 6);
        objects.push_back(object(static_cast<unsigned int>(asInt(label)), score, clip(x1 * width, right),
                                 clip(y1 * height, bottom), clip((x2 - x1) * width, right),
                                 clip((y2 - y1) * height, bottom)));
    }
    return true;
}

/* TensorFlow's SSD by name; boxes y1, x1, y2, x2 as fractions. Outputs of another type than float are not found; the
 * count may be missing. */
DSBENCH_PARSER(NvDsInferParseCustomTfSSD)
{
    NvDsInferLayerInfo const *number = floatLayer(layers, "num_detections");
    NvDsInferLayerInfo const *score = floatLayer(layers, "detection_scores");
    NvDsInferLayerInfo const *kind = floatLayer(layers, "detection_classes");
    NvDsInferLayerInfo const *box = floatLayer(layers, "detection_boxes");
    if (score == nullptr || kind == nullptr || box == nullptr) {
        std::cerr << "ERROR: some layers missing or unsupported data types in output tensors" << std::endl;
        return false;
    }
    const Words scores(*score), classes(*kind), boxes(*box);
    std::uint32_t count = kind->inferDims.d[0];
    if (number != nullptr && number->buffer != nullptr)
        count = std::min(static_cast<std::uint32_t>(asInt(Words(*number).real(0))), count);
    const float width = static_cast<float>(network.width), height = static_cast<float>(network.height);
    const float right = static_cast<float>(network.width - 1), bottom = static_cast<float>(network.height - 1);
    std::vector<float> const &thresholds = params.perClassPreclusterThreshold;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t label = asUnsigned(classes.real(i));
        if (label >= thresholds.size() || scores.real(i) < thresholds[label])
            continue;
        const std::size_t at = 4 * static_cast<std::size_t>(i);
        const float left = clip(boxes.real(at + 1) * width, right), top = clip(boxes.real(at) * height, bottom);
        const float x2 = clip(boxes.real(at + 3) * width, right), y2 = clip(boxes.real(at + 2) * height, bottom);
        if (x2 > left && y2 > top)
            objects.push_back(object(label, scores.real(i), left, top, x2 - left, y2 - top));
    }
    return true;
}
