// Maps network boxes to streammux pixels and drops those that nvinfer drops. dsb_detect runs all of one frame's
// post-processing in one call: parser, thresholds and clustering, mapping.
#include <vector>

#include "dsbench_host.h"

namespace {

struct Mapper {
  DsbMapperPlan plan;
  std::vector<DsbClassLimits> limits;
  std::vector<int32_t> class_id, kept_id;  // working set of dsb_detect, and its results
  std::vector<float> boxes, kept;          // (5, capacity)
  int64_t waiting = 0, stride = 0;
};

struct Rows {
  float *left, *top, *width, *height, *confidence;
};

Rows rows_of(float *boxes, int64_t stride) {
  return {boxes, boxes + stride, boxes + 2 * stride, boxes + 3 * stride, boxes + 4 * stride};
}

// Mapped in double, stored in float32. A negative corner becomes 0; the size stays.
float moved(float value, int32_t offset, double ratio) {
  const float at = static_cast<float>((static_cast<double>(value) - offset) / ratio);
  return at < 0.0f ? 0.0f : at;
}

float resized(float value, double ratio) { return static_cast<float>(static_cast<double>(value) / ratio); }

// A comparison with NaN is false, so such a box passes.
bool too_small_or_large(const DsbClassLimits &of, float width, float height) {
  return width < of.min_w || height < of.min_h || width > of.max_w || height > of.max_h;
}

int64_t map_rows(const Mapper &mapper, int64_t n, int32_t *class_id, const Rows &rows) {
  const DsbMapperPlan &plan = mapper.plan;
  int64_t kept = 0;
  for (int64_t i = 0; i < n; ++i) {
    const DsbClassLimits &of = mapper.limits[class_id[i]];
    const float left = moved(rows.left[i], plan.offset_left, plan.ratio_x);
    float top = moved(rows.top[i], plan.offset_top, plan.ratio_y);
    float width = resized(rows.width[i], plan.ratio_x), height = resized(rows.height[i], plan.ratio_y);
    if (!of.wanted || too_small_or_large(of, width, height)) continue;
    if (plan.crop) {
      if (top < of.roi_top) top = of.roi_top;
      if (left + width >= plan.surface_w) width = plan.surface_w - left;
      if (top + height > of.roi_bottom) height = of.roi_bottom - top;
    } else if (top < of.roi_top || top + height > of.roi_bottom) {
      continue;
    }
    class_id[kept] = class_id[i];
    rows.left[kept] = left;
    rows.top[kept] = top;
    rows.width[kept] = width;
    rows.height[kept] = height;
    rows.confidence[kept] = rows.confidence[i];
    ++kept;
  }
  return kept;
}

void make_room(Mapper &mapper, int64_t count) {
  if (count <= mapper.stride) return;
  mapper.stride = count;
  mapper.class_id.resize(count);
  mapper.kept_id.resize(count);
  mapper.boxes.resize(5 * count);
  mapper.kept.resize(5 * count);
}

}  // namespace

extern "C" void *dsb_mapper_new(const DsbMapperPlan *plan, const DsbClassLimits *limits, int32_t classes) {
  auto *mapper = new Mapper{};
  mapper->plan = *plan;
  mapper->limits.assign(limits, limits + classes);
  return mapper;
}

extern "C" void dsb_mapper_free(void *handle) { delete static_cast<Mapper *>(handle); }

extern "C" int64_t dsb_mapper_run(void *handle, int64_t n, int32_t *class_id, float *boxes) {
  return map_rows(*static_cast<Mapper *>(handle), n, class_id, rows_of(boxes, n));
}

extern "C" int32_t dsb_detect(void *handle, void *parser, void *const *buffers, const DsbClassAttrs *attrs,
                              int32_t classes, int32_t mode, int64_t *count, int32_t *object_size, char *error,
                              int32_t error_size) {
  Mapper &mapper = *static_cast<Mapper *>(handle);
  mapper.waiting = *count = 0;
  int64_t parsed = 0;
  const int32_t status = dsb_parser_run(parser, buffers, &parsed, object_size, error, error_size);
  if (status != DSB_PARSER_OK || parsed == 0) return status;
  make_room(mapper, parsed);
  dsb_parser_take(parser, mapper.class_id.data(), mapper.boxes.data());
  const Rows in = rows_of(mapper.boxes.data(), parsed), out = rows_of(mapper.kept.data(), mapper.stride);
  const float *const given[5] = {in.left, in.top, in.width, in.height, in.confidence};
  float *const taken[5] = {out.left, out.top, out.width, out.height, out.confidence};
  const int64_t clustered =
      dsb_cluster(attrs, classes, mode, parsed, mapper.class_id.data(), given, mapper.kept_id.data(), taken);
  *count = mapper.waiting = map_rows(mapper, clustered, mapper.kept_id.data(), out);
  return status;
}

extern "C" void dsb_detect_take(void *handle, int32_t *class_id, float *boxes) {
  const Mapper &mapper = *static_cast<Mapper *>(handle);
  for (int64_t i = 0; i < mapper.waiting; ++i) {
    class_id[i] = mapper.kept_id[i];
    for (int row = 0; row < 5; ++row) boxes[row * mapper.waiting + i] = mapper.kept[row * mapper.stride + i];
  }
}
