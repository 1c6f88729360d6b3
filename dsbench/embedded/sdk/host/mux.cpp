// Bilinear scaling of one 8-bit plane for the muxer: half-pixel centres, repeated edges.
#include <algorithm>
#include <cmath>
#include <vector>

#include "dsbench_host.h"

namespace {

struct Tap {
  int32_t lo, hi;
  uint16_t weight;  // of hi, in 1/256
};

std::vector<Tap> make_taps(int source, int dest) {
  std::vector<Tap> taps(dest);
  const double step = static_cast<double>(source) / dest;
  for (int i = 0; i < dest; ++i) {
    const double x = std::clamp((i + 0.5) * step - 0.5, 0.0, static_cast<double>(source - 1));
    const int lo = static_cast<int>(x);
    taps[i] = {lo, std::min(lo + 1, source - 1), static_cast<uint16_t>(std::lround((x - lo) * 256.0))};
  }
  return taps;
}

struct PlaneScaler {
  int source_w;
  bool reduces;
  std::vector<Tap> x, y;
};

// Two source rows stretched to the destination's width, in 1/256, and their numbers. An enlarged picture uses each
// source row several times.
struct Stretched {
  std::vector<uint16_t> rows[2];
  int held[2] = {-1, -1};
};

void stretch_row(const uint8_t *__restrict in, const std::vector<Tap> &taps, uint16_t *__restrict out) {
  const Tap *tap = taps.data();
  const size_t count = taps.size();
  for (size_t i = 0; i < count; ++i) {
    const int lo = in[tap[i].lo], hi = in[tap[i].hi];
    out[i] = static_cast<uint16_t>(lo * 256 + (hi - lo) * tap[i].weight);
  }
}

DSB_HOT void blend_rows(const uint16_t *__restrict top, const uint16_t *__restrict bottom, int count, uint32_t weight,
                        uint8_t *__restrict out) {
  const uint32_t rest = 256 - weight;
  for (int i = 0; i < count; ++i)
    out[i] = static_cast<uint8_t>((top[i] * rest + bottom[i] * weight + 32768) >> 16);
}

// The slot of a stretched source row, filled if necessary; the other row in use stays.
int hold(Stretched &pair, const PlaneScaler &s, const uint8_t *source, int64_t stride, int row, int keep) {
  for (int slot = 0; slot < 2; ++slot)
    if (pair.held[slot] == row) return slot;
  const int slot = pair.held[0] == keep ? 1 : 0;
  stretch_row(source + stride * row, s.x, pair.rows[slot].data());
  pair.held[slot] = row;
  return slot;
}

// Enlarging: rows are stretched first, so that each is stretched once.
void stretch_then_blend(const PlaneScaler &s, const uint8_t *source, int64_t stride, uint8_t *dest, int64_t dest_stride) {
  Stretched pair;
  for (auto &row : pair.rows) row.resize(s.x.size());
  for (const Tap &tap : s.y) {
    const int top = hold(pair, s, source, stride, tap.lo, tap.hi);
    const int bottom = hold(pair, s, source, stride, tap.hi, tap.lo);
    blend_rows(pair.rows[top].data(), pair.rows[bottom].data(), static_cast<int>(s.x.size()), tap.weight, dest);
    dest += dest_stride;
  }
}

DSB_HOT void mix_rows(const uint8_t *__restrict top, const uint8_t *__restrict bottom, int count, int weight,
                      uint16_t *__restrict out) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<uint16_t>(top[i] * (256 - weight) + bottom[i] * weight);
}

// Reducing: rows are blended first, so that there are fewer to stretch. Both orders give the same bytes,
// since rounding is the last step.
void blend_then_stretch(const PlaneScaler &s, const uint8_t *source, int64_t stride, uint8_t *dest, int64_t dest_stride) {
  std::vector<uint16_t> row(s.source_w);
  for (const Tap &y : s.y) {
    mix_rows(source + stride * y.lo, source + stride * y.hi, s.source_w, y.weight, row.data());
    for (size_t i = 0; i < s.x.size(); ++i) {
      const Tap &x = s.x[i];
      const uint32_t lo = row[x.lo], hi = row[x.hi], weight = x.weight;
      dest[i] = static_cast<uint8_t>((lo * (256 - weight) + hi * weight + 32768) >> 16);
    }
    dest += dest_stride;
  }
}

}  // namespace

extern "C" void *dsb_plane_scaler_new(int32_t source_w, int32_t source_h, int32_t dest_w, int32_t dest_h) {
  auto *s = new PlaneScaler{};
  s->source_w = source_w;
  s->reduces = dest_h < source_h;
  s->x = make_taps(source_w, dest_w);
  s->y = make_taps(source_h, dest_h);
  return s;
}

extern "C" void dsb_plane_scaler_free(void *handle) { delete static_cast<PlaneScaler *>(handle); }

extern "C" void dsb_plane_scaler_run(void *handle, const uint8_t *source, int64_t source_stride, uint8_t *dest,
                                     int64_t dest_stride) {
  const PlaneScaler &s = *static_cast<const PlaneScaler *>(handle);
  (s.reduces ? blend_then_stretch : stretch_then_blend)(s, source, source_stride, dest, dest_stride);
}
