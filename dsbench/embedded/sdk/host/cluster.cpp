// nvinfer's filter, clustering and topk of one frame's objects, in float32 as it computes them.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "dsbench_host.h"

namespace {

struct Box {
  float left, top, width, height, confidence;
};

using Boxes = std::vector<Box>;

enum Mode { GROUP_RECTANGLES = 0, DBSCAN = 1, NMS = 2, HYBRID = 3, NONE = 4 };

// Length shared by [min1, max1] and [min2, max2]; the one that starts first is the first operand.
float overlap(float min1, float max1, float min2, float max2) {
  if (min1 > min2) {
    std::swap(min1, min2);
    std::swap(max1, max2);
  }
  return max1 < min2 ? 0.0f : std::min(max1, max2) - min2;
}

float iou(const Box &a, const Box &b) {
  const float x = overlap(a.left, a.left + a.width, b.left, b.left + b.width);
  const float y = overlap(a.top, a.top + a.height, b.top, b.top + b.height);
  const float inter = x * y;
  const float joint = a.width * a.height + b.width * b.height - inter;
  return joint == 0.0f ? 0.0f : inter / joint;
}

void sort_by_confidence(Boxes &boxes) {
  std::stable_sort(boxes.begin(), boxes.end(),
                   [](const Box &a, const Box &b) { return a.confidence > b.confidence; });
}

void suppress(Boxes &boxes, float threshold) {
  sort_by_confidence(boxes);
  Boxes kept;
  for (const Box &box : boxes) {
    const bool keep = std::all_of(kept.begin(), kept.end(),
                                  [&](const Box &other) { return iou(other, box) <= threshold; });
    if (keep) kept.push_back(box);
  }
  boxes.swap(kept);
}

void keep_top(Boxes &boxes, int topk) {
  if (topk < 0) return;
  sort_by_confidence(boxes);
  if (boxes.size() > static_cast<size_t>(topk)) boxes.resize(topk);
}

// Stand-in for DeepStream's closed DBSCAN: boxes are neighbours if 1 - IoU <= eps. A box with enough neighbours
// (including itself) of enough total weight is a core. Cores and their neighbours form clusters.
std::vector<std::vector<size_t>> dense_clusters(const Boxes &boxes, const DsbClassAttrs &attrs) {
  const size_t n = boxes.size();
  std::vector<std::vector<size_t>> near(n), clusters;
  std::vector<bool> core(n), taken(n);
  for (size_t i = 0; i < n; ++i) {
    float score = 0.0f;
    for (size_t j = 0; j < n; ++j) {
      if (i != j && !(1.0f - iou(boxes[i], boxes[j]) <= attrs.eps)) continue;
      near[i].push_back(j);
      score += boxes[j].confidence;
    }
    core[i] = near[i].size() >= static_cast<size_t>(attrs.min_boxes) && score >= attrs.min_score;
  }
  for (size_t i = 0; i < n; ++i) {
    if (!core[i] || taken[i]) continue;
    std::vector<size_t> members{i};
    taken[i] = true;
    for (size_t at = 0; at < members.size(); ++at) {
      if (!core[members[at]]) continue;
      for (size_t j : near[members[at]])
        if (!taken[j]) {
          taken[j] = true;
          members.push_back(j);
        }
    }
    clusters.push_back(std::move(members));
  }
  return clusters;
}

// Mean box weighted by confidence, with the best member's confidence.
Box mean_box(const Boxes &boxes, const std::vector<size_t> &members) {
  double sum[4] = {}, weight = 0.0;
  float best = boxes[members[0]].confidence;
  for (size_t i : members) {
    const Box &b = boxes[i];
    const double w = std::max(b.confidence, 1e-6f);
    sum[0] += w * b.left;
    sum[1] += w * b.top;
    sum[2] += w * b.width;
    sum[3] += w * b.height;
    weight += w;
    best = std::max(best, b.confidence);
  }
  return {static_cast<float>(sum[0] / weight), static_cast<float>(sum[1] / weight),
          static_cast<float>(sum[2] / weight), static_cast<float>(sum[3] / weight), best};
}

void dbscan_stand_in(Boxes &boxes, const DsbClassAttrs &attrs) {
  constexpr float area_to_hit = 60.0f;
  Boxes merged;
  for (const auto &members : dense_clusters(boxes, attrs)) {
    const Box box = mean_box(boxes, members);
    const float area = std::max(box.width * box.height, 0.0f);
    if (std::sqrt(area) / static_cast<float>(members.size()) <= area_to_hit) merged.push_back(box);
  }
  boxes.swap(merged);
}

// The first step of hybrid mode does not average: it only drops boxes outside all clusters.
void hybrid_stand_in(Boxes &boxes, const DsbClassAttrs &attrs) {
  std::vector<size_t> members;
  for (const auto &cluster : dense_clusters(boxes, attrs)) members.insert(members.end(), cluster.begin(), cluster.end());
  std::sort(members.begin(), members.end());
  Boxes kept;
  for (size_t i : members) kept.push_back(boxes[i]);
  boxes.swap(kept);
}

template <typename Keep>
void keep_if(Boxes &boxes, Keep keep) {
  boxes.erase(std::remove_if(boxes.begin(), boxes.end(), [&](const Box &b) { return !keep(b.confidence); }),
              boxes.end());
}

void cluster_class(Boxes &boxes, const DsbClassAttrs &attrs, int mode) {
  float nms = attrs.nms_iou_threshold;
  int topk = attrs.topk;
  if (mode == GROUP_RECTANGLES) {  // the shipped build has no OpenCV and uses this instead
    mode = NMS;
    nms = 0.5f;
    topk = 20;
  }
  const float post = attrs.post_cluster_threshold;
  if (mode == DBSCAN) {
    if (attrs.min_boxes > 0) dbscan_stand_in(boxes, attrs);
    keep_if(boxes, [post](float confidence) { return !(confidence < post); });
  } else if (mode == NMS || mode == HYBRID) {
    if (mode == HYBRID && attrs.min_boxes > 0) hybrid_stand_in(boxes, attrs);
    suppress(boxes, nms);
    keep_if(boxes, [post](float confidence) { return confidence > post; });
  }
  keep_top(boxes, topk);
}

}  // namespace

extern "C" int64_t dsb_cluster(const DsbClassAttrs *attrs, int32_t classes, int32_t mode, int64_t n,
                               const int32_t *class_id, const float *const *in, int32_t *out_class_id,
                               float *const *out) {
  std::vector<std::pair<int32_t, int64_t>> order;  // class, index: stable grouping without a list per class
  for (int64_t i = 0; i < n; ++i) {
    const int32_t id = class_id[i];
    if (id < 0 || id >= classes || in[4][i] < attrs[id].pre_cluster_threshold) continue;
    order.emplace_back(id, i);
  }
  std::sort(order.begin(), order.end());
  int64_t written = 0;
  Boxes boxes;
  for (size_t from = 0; from < order.size();) {
    const int32_t id = order[from].first;
    boxes.clear();
    for (; from < order.size() && order[from].first == id; ++from) {
      const int64_t i = order[from].second;
      boxes.push_back({in[0][i], in[1][i], in[2][i], in[3][i], in[4][i]});
    }
    cluster_class(boxes, attrs[id], mode);
    for (const Box &box : boxes) {
      const float values[5] = {box.left, box.top, box.width, box.height, box.confidence};
      out_class_id[written] = id;
      for (int row = 0; row < 5; ++row) out[row][written] = values[row];
      ++written;
    }
  }
  return written;
}
