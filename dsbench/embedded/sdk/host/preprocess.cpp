// YUV 4:2:0 to the network's input in one pass: scale each plane, convert to RGB, normalise. It follows
// DeepStream's own converter, as measured on recordings of it:
//  - planes are scaled one by one; a chroma sample serves the 2x2 destination pixels that share it;
//  - nearest takes index floor(i * s), s = source/destination, in float32;
//  - bilinear samples as a GPU's texture unit does at i * s: taps at floor(x - 0.5) and the next, the fraction rounded
//    to 8 bits, the product of the two fractions rounded to 8 bits again, the sum truncated;
//  - RGB is computed in float32, clamped and truncated.
#include <algorithm>
#include <cmath>
#include <vector>

#include "dsbench_host.h"

namespace {

struct Axis {
  std::vector<int32_t> lo, hi;   // source indices
  std::vector<int32_t> weight;   // of hi, in 1/256; nearest: 0
};

Axis make_axis(int count, int source, float step, bool bilinear, int halve) {
  Axis axis;
  for (int i = 0; i < count; ++i) {
    const float at = static_cast<float>(halve ? i / 2 : i) * step;
    if (!bilinear) {
      const int index = std::min(static_cast<int>(std::floor(at)), source - 1);
      axis.lo.push_back(index);
      axis.hi.push_back(index);
      axis.weight.push_back(0);
      continue;
    }
    const float x = at - 0.5f;
    const float base = std::floor(x);
    const int index = static_cast<int>(base);
    axis.lo.push_back(std::clamp(index, 0, source - 1));
    axis.hi.push_back(std::clamp(index + 1, 0, source - 1));
    axis.weight.push_back(static_cast<int>(std::floor((x - base) * 256.0f + 0.5f)));
  }
  return axis;
}

// Luma = (y - black) * gain; red = luma + rv*v; green = luma - gu*u - gv*v; blue = luma + bu*u, u and v centred.
struct Matrix {
  float black, gain, rv, gu, gv, bu;
};

// What full-range values are multiplied by: 255 becomes 255.984375, the last 1/64 before 256. The recordings allow
// 1.0038578 to 1.0038615.
const double kFullRange = 255.984375 / 255.0;

Matrix make_matrix(int matrix, bool full_range) {
  const double red = matrix == 1 ? 0.2126 : 0.299;
  const double blue = matrix == 1 ? 0.0722 : 0.114;
  const double green = 1.0 - red - blue;
  const double luma = full_range ? kFullRange : 255.0 / 219.0;
  const double chroma = full_range ? kFullRange : 255.0 / 224.0;
  const double v = chroma * 2.0 * (1.0 - red), u = chroma * 2.0 * (1.0 - blue);
  return {full_range ? 0.0f : 16.0f,
          static_cast<float>(luma),
          static_cast<float>(v),
          static_cast<float>(u * blue / green),
          static_cast<float>(v * red / green),
          static_cast<float>(u)};
}

struct Preprocess {
  DsbPreprocessPlan plan;
  int channels;
  Axis luma_x, luma_y, chroma_x, chroma_y;
};

// The buffers of one destination row; they stay in the first-level cache.
struct Row {
  explicit Row(size_t width)
      : luma(width), half(width / 2), cb(width / 2), cr(width / 2), rv(width), gu(width), gv(width), bu(width), red(width), green(width),
        blue(width) {}
  std::vector<uint8_t> luma, half;      // scaled; half: chroma before it is doubled into cb or cr
  std::vector<uint16_t> cb, cr;         // scaled, each sample twice: full width
  std::vector<float> rv, gu, gv, bu;    // contribution of chroma
  std::vector<float> red, green, blue;  // before normalising, whole numbers 0..255
};

// Separate from the vectors that own the memory: a byte stored through `out` could otherwise alias their members.
void nearest_row(const uint8_t *__restrict in, const int32_t *__restrict at, size_t count, uint8_t *__restrict out) {
  for (size_t i = 0; i < count; ++i) out[i] = in[at[i]];
}

void bilinear_row(const uint8_t *__restrict top, const uint8_t *__restrict bottom, const int32_t *__restrict lo,
                  const int32_t *__restrict hi, const int32_t *__restrict weight, int b, size_t count,
                  uint8_t *__restrict out) {
  for (size_t i = 0; i < count; ++i) {
    const int a = weight[i];
    const int both = (a * b + 128) >> 8;
    const int sum = top[lo[i]] * (256 - a - b + both) + top[hi[i]] * (a - both) + bottom[lo[i]] * (b - both) +
                    bottom[hi[i]] * both;
    out[i] = static_cast<uint8_t>(sum >> 8);
  }
}

void scale_row(const uint8_t *plane, int64_t stride, const Axis &x, const Axis &y, int row, bool bilinear,
               uint8_t *out) {
  const uint8_t *top = plane + stride * y.lo[row];
  if (bilinear)
    bilinear_row(top, plane + stride * y.hi[row], x.lo.data(), x.hi.data(), x.weight.data(), y.weight[row], x.lo.size(),
                 out);
  else
    nearest_row(top, x.lo.data(), x.lo.size(), out);
}

// A chroma sample serves two neighbouring pixels.
DSB_HOT void double_row(const uint8_t *__restrict in, size_t count, uint16_t *__restrict out) {
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<uint16_t>(in[i] * 0x101);
}

DSB_HOT void chroma_shares(const uint8_t *__restrict cb, const uint8_t *__restrict cr, int count, const Matrix m,
                           float *__restrict rv, float *__restrict gu, float *__restrict gv,
                           float *__restrict bu) {
  for (int i = 0; i < count; ++i) {
    const float u = static_cast<float>(cb[i]) - 128.0f, v = static_cast<float>(cr[i]) - 128.0f;
    rv[i] = m.rv * v;
    gu[i] = m.gu * u;
    gv[i] = m.gv * v;
    bu[i] = m.bu * u;
  }
}

// Truncated before clamping: the value is the same, and integers are clamped without a branch.
inline float to_byte(float value) {
  const int whole = static_cast<int>(value);
  const int low = whole < 0 ? 0 : whole;
  return static_cast<float>(low > 255 ? 255 : low);
}

DSB_HOT void color_row(const uint8_t *__restrict luma, const float *__restrict rv, const float *__restrict gu,
                       const float *__restrict gv, const float *__restrict bu, int count, const Matrix m,
                       float *__restrict red, float *__restrict green, float *__restrict blue) {
  for (int i = 0; i < count; ++i) {
    const float y = (static_cast<float>(luma[i]) - m.black) * m.gain;
    red[i] = to_byte(y + rv[i]);
    green[i] = to_byte((y - gu[i]) - gv[i]);
    blue[i] = to_byte(y + bu[i]);
  }
}

DSB_HOT void gray_row(const uint8_t *__restrict luma, int count, float *__restrict out) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<float>(luma[i]);
}

// value = scale * (byte - mean): the same float32 result as a table of 256 entries, without the look-ups.
DSB_HOT void store_planar(const float *__restrict in, int count, float scale, float mean, float *__restrict out) {
  for (int i = 0; i < count; ++i) out[i] = scale * (in[i] - mean);
}

DSB_HOT void store_packed(const float *__restrict a, const float *__restrict b, const float *__restrict c, int count,
                          float scale, const float *__restrict mean, float *__restrict out) {
  const float m0 = mean[0], m1 = mean[1], m2 = mean[2];
  for (int i = 0; i < count; ++i) {
    out[3 * i] = scale * (a[i] - m0);
    out[3 * i + 1] = scale * (b[i] - m1);
    out[3 * i + 2] = scale * (c[i] - m2);
  }
}

DSB_HOT void store_bytes(const float *__restrict in, int count, uint8_t *__restrict out) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<uint8_t>(static_cast<int>(in[i]));
}

// Padding of one channel: 0 before normalising, so scale * (0 - mean) in the tensor.
void pad_rows(const Preprocess &p, int from, int to, float *tensor) {
  const int w = p.plan.net_w;
  const int64_t plane = static_cast<int64_t>(w) * p.plan.net_h;
  for (int c = 0; c < p.channels; ++c) {
    const float value = p.plan.scale * (0.0f - p.plan.mean[c]);
    if (p.plan.channels_last && p.channels > 1) {
      for (int64_t i = static_cast<int64_t>(from) * w; i < static_cast<int64_t>(to) * w; ++i)
        tensor[i * p.channels + c] = value;
    } else {
      std::fill(tensor + c * plane + static_cast<int64_t>(from) * w, tensor + c * plane + static_cast<int64_t>(to) * w,
                value);
    }
  }
}

void pad_columns(const Preprocess &p, int row, float *tensor) {
  const DsbPreprocessPlan &plan = p.plan;
  const int64_t plane = static_cast<int64_t>(plan.net_w) * plan.net_h;
  const int right = plan.offset_left + plan.write_w;
  for (int c = 0; c < p.channels; ++c) {
    const float value = plan.scale * (0.0f - plan.mean[c]);
    const bool packed = plan.channels_last && p.channels > 1;
    float *line = packed ? tensor + static_cast<int64_t>(row) * plan.net_w * p.channels + c
                         : tensor + c * plane + static_cast<int64_t>(row) * plan.net_w;
    const int step = packed ? p.channels : 1;
    for (int x = 0; x < plan.offset_left; ++x) line[x * step] = value;
    for (int x = right; x < plan.net_w; ++x) line[x * step] = value;
  }
}

void store_row(const Preprocess &p, const Row &line, int row, float *tensor, uint8_t *bytes) {
  const DsbPreprocessPlan &plan = p.plan;
  const float *order[3] = {line.red.data(), line.green.data(), line.blue.data()};
  if (plan.color_format == 1) std::swap(order[0], order[2]);
  const int64_t plane = static_cast<int64_t>(plan.net_w) * plan.net_h;
  const int64_t at = static_cast<int64_t>(row) * plan.net_w + plan.offset_left;
  if (bytes)
    for (int c = 0; c < p.channels; ++c) store_bytes(order[c], plan.write_w, bytes + c * plane + at);
  if (!tensor) return;
  if (plan.channels_last && p.channels == 3) {
    store_packed(order[0], order[1], order[2], plan.write_w, plan.scale, plan.mean, tensor + at * 3);
  } else {
    for (int c = 0; c < p.channels; ++c)
      store_planar(order[c], plan.write_w, plan.scale, plan.mean[c], tensor + c * plane + at);
  }
}

void color_rows(const Preprocess &p, const DsbPlanes &in, const Matrix &m, int row, Row &line) {
  const int width = p.plan.write_w;
  const bool bilinear = p.plan.bilinear != 0;
  if (row % 2 == 0) {  // the next row shares this one's chroma
    scale_row(in.u, in.u_stride, p.chroma_x, p.chroma_y, row, bilinear, line.half.data());
    double_row(line.half.data(), line.half.size(), line.cb.data());
    scale_row(in.v, in.v_stride, p.chroma_x, p.chroma_y, row, bilinear, line.half.data());
    double_row(line.half.data(), line.half.size(), line.cr.data());
    chroma_shares(reinterpret_cast<const uint8_t *>(line.cb.data()), reinterpret_cast<const uint8_t *>(line.cr.data()),
                  width, m, line.rv.data(), line.gu.data(), line.gv.data(), line.bu.data());
  }
  color_row(line.luma.data(), line.rv.data(), line.gu.data(), line.gv.data(), line.bu.data(), width, m,
            line.red.data(), line.green.data(), line.blue.data());
}

void picture_rows(const Preprocess &p, const DsbPlanes &in, const Matrix &m, float *tensor, uint8_t *bytes) {
  const DsbPreprocessPlan &plan = p.plan;
  Row line(plan.write_w);
  for (int i = 0; i < plan.write_h; ++i) {
    scale_row(in.y, in.y_stride, p.luma_x, p.luma_y, i, plan.bilinear != 0, line.luma.data());
    if (p.channels == 1)
      gray_row(line.luma.data(), plan.write_w, line.red.data());
    else
      color_rows(p, in, m, i, line);
    store_row(p, line, plan.offset_top + i, tensor, bytes);
    if (tensor && plan.write_w < plan.net_w) pad_columns(p, plan.offset_top + i, tensor);
  }
}

}  // namespace

extern "C" void *dsb_preprocess_new(const DsbPreprocessPlan *plan) {
  auto *p = new Preprocess{};
  p->plan = *plan;
  p->channels = plan->color_format == 2 ? 1 : 3;
  const bool bilinear = plan->bilinear != 0;
  const float step_x = static_cast<float>(plan->source_w) / static_cast<float>(plan->dest_w);
  const float step_y = static_cast<float>(plan->source_h) / static_cast<float>(plan->dest_h);
  p->luma_x = make_axis(plan->write_w, plan->source_w, step_x, bilinear, 0);
  p->luma_y = make_axis(plan->write_h, plan->source_h, step_y, bilinear, 0);
  p->chroma_x = make_axis(plan->write_w / 2, plan->source_w / 2, step_x, bilinear, 0);
  p->chroma_y = make_axis(plan->write_h, plan->source_h / 2, step_y, bilinear, 1);
  return p;
}

extern "C" void dsb_preprocess_free(void *handle) { delete static_cast<Preprocess *>(handle); }

extern "C" void dsb_preprocess_run(void *handle, const DsbPlanes *planes, int32_t matrix, int32_t full_range,
                                   float *tensor, uint8_t *bytes) {
  const Preprocess &p = *static_cast<const Preprocess *>(handle);
  const DsbPreprocessPlan &plan = p.plan;
  if (bytes) std::fill(bytes, bytes + static_cast<int64_t>(p.channels) * plan.net_w * plan.net_h, uint8_t{0});
  if (tensor) {
    pad_rows(p, 0, plan.offset_top, tensor);
    pad_rows(p, plan.offset_top + plan.write_h, plan.net_h, tensor);
  }
  picture_rows(p, *planes, make_matrix(matrix, full_range != 0), tensor, bytes);
}
