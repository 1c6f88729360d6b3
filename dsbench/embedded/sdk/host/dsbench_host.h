// The C interface between dsbench (Python, ctypes) and this library. Every function is also declared in
// dsbench/embedded/native.py. Change both together.
#pragma once

#include <cstdint>

#if defined(__x86_64__) && defined(__GLIBC__)
// Hot loops are compiled twice; the loader picks the faster version for this CPU. Results do
// not differ: fused multiply-add is off (-ffp-contract=off) and every operation is IEEE single precision.
#define DSB_HOT __attribute__((target_clones("avx2", "default")))
#else
#define DSB_HOT
#endif

#pragma GCC visibility push(default)
extern "C" {

// Several threads may use a handle of preprocess.cpp or mux.cpp concurrently, but not one of a parser or a mapper.

// Three planes of YUV 4:2:0; strides in bytes.
struct DsbPlanes {
  const uint8_t *y, *u, *v;
  int64_t y_stride, u_stride, v_stride;
};

// --- preprocess.cpp
struct DsbPreprocessPlan {
  int32_t source_w, source_h;      // the part of the surface that is used, even
  int32_t dest_w, dest_h;          // sets the scale
  int32_t write_w, write_h;        // the part of it that is written
  int32_t offset_left, offset_top;
  int32_t net_w, net_h;
  int32_t color_format;            // 0 RGB, 1 BGR, 2 GRAY
  int32_t bilinear;                // 0 nearest
  int32_t channels_last;           // tensor layout HWC instead of CHW
  float scale;
  float mean[4];                   // by channel of the tensor
};
void *dsb_preprocess_new(const DsbPreprocessPlan *plan);
void dsb_preprocess_free(void *handle);
// matrix: 0 BT.601, 1 BT.709. tensor receives float32, bytes (either may be null) the values before normalising.
void dsb_preprocess_run(void *handle, const DsbPlanes *planes, int32_t matrix, int32_t full_range, float *tensor,
                        uint8_t *bytes);

// --- mux.cpp
void *dsb_plane_scaler_new(int32_t source_w, int32_t source_h, int32_t dest_w, int32_t dest_h);
void dsb_plane_scaler_free(void *handle);
void dsb_plane_scaler_run(void *handle, const uint8_t *source, int64_t source_stride, uint8_t *dest,
                          int64_t dest_stride);

// --- parser.cpp
struct DsbLayer {
  const char *name;
  int32_t data_type;  // NvDsInferDataType
  int32_t binding_index;
  int32_t num_dims;
  uint32_t dims[8];
};
enum { DSB_PARSER_OK = 0, DSB_PARSER_FALSE = 1, DSB_PARSER_RAISED = 2, DSB_PARSER_LAYOUT = 3, DSB_PARSER_TOO_MANY = 4 };
enum { DSB_MAX_OBJECTS = 1000000 };  // of one frame, as MAX_OBJECTS in dsbench/jobs/harness.py
// Null if the library cannot be opened or has no such function; error has the reason, and *opened distinguishes the
// two. object_size: 28, 24, or 0 to take 28 unless the library says 24.
void *dsb_parser_open(const char *library, const char *function, int32_t object_size, int32_t *opened, char *error,
                      int32_t error_size);
void dsb_parser_set_layers(void *handle, const DsbLayer *layers, int32_t count);
void dsb_parser_set_network(void *handle, uint32_t width, uint32_t height, uint32_t channels, uint32_t classes,
                            const float *pre, const float *post);
// Calls the parser on one frame. buffers: one pointer per layer. On DSB_PARSER_OK *count objects are stored; on
// DSB_PARSER_LAYOUT *object_size is the detected size (28, 24, or 0: neither). On DSB_PARSER_TOO_MANY *count is more
// than DSB_MAX_OBJECTS.
int32_t dsb_parser_run(void *handle, void *const *buffers, int64_t *count, int32_t *object_size, char *error,
                       int32_t error_size);
// Copies the stored objects: class_id (count), boxes (5, count): left, top, width, height, confidence.
void dsb_parser_take(void *handle, int32_t *class_id, float *boxes);

// --- cluster.cpp
struct DsbClassAttrs {
  float pre_cluster_threshold, post_cluster_threshold, nms_iou_threshold, eps, min_score;
  int32_t topk, min_boxes;
};
// boxes and out_boxes: (5, n) as above, each row contiguous. Returns the number of objects written, at most n.
int64_t dsb_cluster(const DsbClassAttrs *attrs, int32_t classes, int32_t mode, int64_t n, const int32_t *class_id,
                    const float *const *boxes, int32_t *out_class_id, float *const *out_boxes);

// --- mapping.cpp
struct DsbMapperPlan {
  double ratio_x, ratio_y;  // network pixels per streammux pixel
  float surface_w;
  int32_t offset_left, offset_top;
  int32_t crop;  // crop-objects-to-roi-boundary
};
struct DsbClassLimits {
  float min_w, min_h, max_w, max_h, roi_top, roi_bottom;
  int32_t wanted;  // not filtered out
};
void *dsb_mapper_new(const DsbMapperPlan *plan, const DsbClassLimits *limits, int32_t classes);
void dsb_mapper_free(void *handle);
// Maps n objects in place, boxes (5, n); every class id is below classes. Returns the number of objects kept, at the
// front of each row, in their order.
int64_t dsb_mapper_run(void *handle, int64_t n, int32_t *class_id, float *boxes);
// dsb_parser_run, dsb_cluster and dsb_mapper_run of one frame. Results as those of dsb_parser_run, but *count objects in
// streammux pixels are stored in the mapper.
int32_t dsb_detect(void *handle, void *parser, void *const *buffers, const DsbClassAttrs *attrs, int32_t classes,
                   int32_t mode, int64_t *count, int32_t *object_size, char *error, int32_t error_size);
// Copies the stored objects: class_id (count), boxes (5, count).
void dsb_detect_take(void *handle, int32_t *class_id, float *boxes);
}
#pragma GCC visibility pop
