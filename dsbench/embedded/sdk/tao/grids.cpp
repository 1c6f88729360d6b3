/* DetectNet_v2: a grid of scores for each class, and four planes of distances from the cell's centre over 35. */
#include <algorithm>
#include <iostream>

#include "reading.h"

using namespace dsbench;

namespace {

const float kBoxNorm = 35.0f;

NvDsInferLayerInfo const *named(Layers const &layers, char const *name)
{
    for (NvDsInferLayerInfo const &layer : layers)
        if (layer.layerName != nullptr && std::strcmp(layer.layerName, name) == 0)
            return &layer;
    std::cerr << "Could not find bbox layer buffer while parsing" << std::endl;
    return nullptr;
}

float centre(int cell, int stride) { return static_cast<float>(cell * stride + 0.5) / kBoxNorm; }

int stride(unsigned int pixels, unsigned int cells, char const *name)
{
    if (cells == 0)
        throw DeepStreamEnds(std::string("NVIDIA's function divides by a size of output ") + name + ", which is 0");
    return static_cast<int>((pixels + cells - 1) / cells);
}

}  // namespace

DSBENCH_PARSER(NvDsInferParseCustomResnet)
{
    NvDsInferLayerInfo const *boxes = named(layers, "output_bbox/BiasAdd:0");
    NvDsInferLayerInfo const *cover = boxes != nullptr ? named(layers, "output_cov/Sigmoid:0") : nullptr;
    if (cover == nullptr)
        return false;
    NvDsInferDimsCHW grid{}, planes{};
    getDimsCHWFromDims(grid, cover->inferDims);
    getDimsCHWFromDims(planes, boxes->inferDims);
    const Words scores(*cover), distances(*boxes);
    const int strideX = stride(network.width, planes.w, boxes->layerName);
    const int strideY = stride(network.height, planes.h, boxes->layerName);
    const float right = static_cast<float>(network.width - 1), bottom = static_cast<float>(network.height - 1);
    const std::size_t cells = static_cast<std::size_t>(grid.w) * grid.h;
    const std::size_t step = 4 * static_cast<std::size_t>(planes.w) * planes.h;
    for (unsigned int c = 0; c < std::min(grid.c, params.numClassesConfigured); ++c) {
        const float threshold = thresholdOf(params.perClassPreclusterThreshold, c);
        for (std::size_t i = 0; i < cells; ++i) {
            const float score = scores.real(c * cells + i);
            if (!(score >= threshold))
                continue;
            const float x = centre(static_cast<int>(i % grid.w), strideX);
            const float y = centre(static_cast<int>(i / grid.w), strideY);
            const std::size_t at = c * step + i;
            const float left = clip((distances.real(at) - x) * -kBoxNorm, right);
            const float top = clip((distances.real(at + cells) - y) * -kBoxNorm, bottom);
            const float width = clip((distances.real(at + 2 * cells) + x) * kBoxNorm, right) - left + 1.0f;
            const float height = clip((distances.real(at + 3 * cells) + y) * kBoxNorm, bottom) - top + 1.0f;
            objects.push_back(object(c, score, left, top, width, height));
        }
    }
    return true;
}
