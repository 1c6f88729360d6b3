/* Heads of object queries: pred_logits [queries, classes] and pred_boxes [queries, 4], centres and sizes as fractions. */
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <utility>

#include "reading.h"

using namespace dsbench;

namespace {

const int kBestPairs = 100;    // RT-DETR: query-class pairs that are considered
const int kMostQueries = 200;  // DETR: steps through the ordered queries; the first step yields nothing

struct Head {
    NvDsInferLayerInfo const *logits;
    NvDsInferLayerInfo const *boxes;
};

bool found(Head const &head)
{
    if (head.boxes != nullptr && head.logits != nullptr)
        return true;
    std::cerr << "ERROR: some layers missing or unsupported data types in output tensors" << std::endl;
    return false;
}

Head headOf(Layers const &layers) { return { floatLayer(layers, "pred_logits"), floatLayer(layers, "pred_boxes") }; }

/* std::sort as NVIDIA's function calls it, so that equal scores come in its order. The entry in front keeps the sort
 * inside the vector where scores are NaN. */
std::vector<std::pair<float, int>> sorted(std::vector<float> const &scores)
{
    typedef std::pair<float, int> Pair;
    std::vector<Pair> pairs{ Pair(std::numeric_limits<float>::infinity(), -1) };
    for (std::size_t i = 0; i < scores.size(); ++i)
        pairs.emplace_back(scores[i], static_cast<int>(i));
    std::sort(pairs.begin() + 1, pairs.end(), [](Pair const &a, Pair const &b) { return a.first > b.first; });
    pairs.erase(pairs.begin());
    return pairs;
}

/* The best class of the values from ``first`` on: the first of equal ones. */
unsigned int best(Words const &logits, std::size_t first, unsigned int classes)
{
    unsigned int label = 0;
    for (unsigned int c = 1; c < classes; ++c)
        if (logits.real(first + label) < logits.real(first + c))
            label = c;
    return label;
}

NvDsInferObjectDetectionInfo queryBox(Words const &boxes, std::size_t i, unsigned int label, float score,
                                      NvDsInferNetworkInfo const &network)
{
    const float width = static_cast<float>(network.width), height = static_cast<float>(network.height);
    const float right = static_cast<float>(network.width - 1), bottom = static_cast<float>(network.height - 1);
    const float x1 = (boxes.real(i) - boxes.real(i + 2) / 2) * width;
    const float y1 = (boxes.real(i + 1) - boxes.real(i + 3) / 2) * height;
    const float x2 = x1 + boxes.real(i + 2) * width, y2 = y1 + boxes.real(i + 3) * height;
    const float left = clip(x1, right), top = clip(y1, bottom);
    return object(label, score, left, top, clip(x2, right) - left, clip(y2, bottom) - top);
}

}  // namespace

/* The 100 best pairs of query and class. */
DSBENCH_PARSER(NvDsInferParseCustomRTDETRTAO)
{
    const Head head = headOf(layers);
    if (!found(head))
        return false;
    const int queries = static_cast<int>(head.logits->inferDims.d[0]);
    const int classes = static_cast<int>(head.logits->inferDims.d[1]);
    const Words logits(*head.logits), boxes(*head.boxes);
    std::vector<float> scores(static_cast<std::size_t>(queries) * classes);
    for (std::size_t i = 0; i < scores.size(); ++i)
        scores[i] = static_cast<float>(1.0 / (1.0 + std::exp(static_cast<double>(-logits.real(i)))));
    std::vector<std::pair<float, int>> pairs = sorted(scores);
    const float width = static_cast<float>(network.width), height = static_cast<float>(network.height);
    const float right = static_cast<float>(network.width - 1), bottom = static_cast<float>(network.height - 1);
    for (int k = 0; k < std::min(kBestPairs, static_cast<int>(pairs.size())); ++k) {
        const float score = pairs[k].first;
        const unsigned int label = pairs[k].second % classes;
        if (score < thresholdOf(params.perClassPreclusterThreshold, label))
            continue;
        const std::size_t i = static_cast<std::size_t>(pairs[k].second / classes) * 4;
        const float cx = boxes.real(i), cy = boxes.real(i + 1), w = boxes.real(i + 2), h = boxes.real(i + 3);
        const float left = clip((cx - 0.5f * w) * width, right), top = clip((cy - 0.5f * h) * height, bottom);
        const float x2 = clip((cx + 0.5f * w) * width, right), y2 = clip((cy + 0.5f * h) * height, bottom);
        objects.push_back(object(label, score, left, top, x2 - left, y2 - top));
    }
    return true;
}

/* The best class of each query. The logits of query q are read from 4 q on, which is right for 4 classes only. Of
 * queries with equal scores the last remains, and the lowest score of all is not returned. */
DSBENCH_PARSER(NvDsInferParseCustomDDETRTAO)
{
    const Head head = headOf(layers);
    if (!found(head))
        return false;
    const unsigned int queries = head.logits->inferDims.d[0], classes = head.logits->inferDims.d[1];
    const Words logits(*head.logits), boxes(*head.boxes);
    std::map<float, NvDsInferObjectDetectionInfo> ordered;
    for (std::size_t i = 0; i < static_cast<std::size_t>(queries) * 4; i += 4) {
        const unsigned int label = best(logits, i, classes);
        const float score = static_cast<float>(1.0 / (1.0 + std::exp(static_cast<double>(-logits.real(i + label)))));
        if (label == 0 || score < thresholdOf(params.perClassPreclusterThreshold, label))
            continue;
        ordered[score] = queryBox(boxes, i, label, score, network);
    }
    if (ordered.empty())
        return true;
    int steps = 1;
    for (auto entry = std::prev(ordered.end()); entry != ordered.begin() && steps < kMostQueries; --entry, ++steps)
        objects.push_back(entry->second);
    return true;
}
