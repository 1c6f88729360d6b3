// Loads a parser library and calls its function as nvinfer does.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "dsbench_host.h"
#include "nvdsinfer_context.h"
#include "nvdsinfer_custom_impl.h"
#include "object_layout.h"

static_assert(sizeof(NvDsInferObjectDetectionInfo) == 28, "the host is built for the present object layout");

namespace {

// The object of older releases: no rotation angle.
struct OldObject {
  unsigned int classId;
  float left, top, width, height, detectionConfidence;
};
static_assert(sizeof(OldObject) == 24, "old object layout");

template <typename Object>
using ParseFunction = bool (*)(std::vector<NvDsInferLayerInfo> const &, NvDsInferNetworkInfo const &,
                               NvDsInferParseDetectionParams const &, std::vector<Object> &);

struct Parser {
  void *function = nullptr;
  bool old_objects = false;
  std::vector<std::string> names;
  std::vector<NvDsInferLayerInfo> layers;
  NvDsInferNetworkInfo network{};
  NvDsInferParseDetectionParams params{};
  std::vector<NvDsInferObjectDetectionInfo> objects;
  std::vector<OldObject> objects24;
};

template <typename Object>
bool call(Parser &p, std::vector<Object> &objects) {
  objects.clear();
  return reinterpret_cast<ParseFunction<Object>>(p.function)(p.layers, p.network, p.params, objects);
}

// Number of objects of the last call; -1 and the layout that was found if it is not the expected one.
template <typename Object>
int64_t counted(const std::vector<Object> &objects, int32_t *object_size) {
  const size_t found = dsb::object_size(dsb::raw(objects), sizeof(Object));
  *object_size = static_cast<int32_t>(found);
  return found == sizeof(Object) ? static_cast<int64_t>(objects.size()) : -1;
}

template <typename Object>
void take(const std::vector<Object> &objects, int32_t *class_id, float *boxes) {
  const size_t n = objects.size();
  for (size_t i = 0; i < n; ++i) {
    class_id[i] = static_cast<int32_t>(objects[i].classId);
    boxes[i] = objects[i].left;
    boxes[n + i] = objects[i].top;
    boxes[2 * n + i] = objects[i].width;
    boxes[3 * n + i] = objects[i].height;
    boxes[4 * n + i] = objects[i].detectionConfidence;
  }
}

void report(char *error, int32_t size, const char *text) { std::snprintf(error, size, "%s", text ? text : ""); }

}  // namespace

extern "C" void *dsb_parser_open(const char *library, const char *function, int32_t object_size, int32_t *opened,
                                 char *error, int32_t error_size) {
  // Never closed: parsers keep state in static variables, and nvinfer keeps the library loaded as well.
  void *handle = dlopen(library, RTLD_LAZY);
  *opened = handle != nullptr;
  if (!handle) {
    report(error, error_size, dlerror());
    return nullptr;
  }
  void *symbol = dlsym(handle, function);
  if (!symbol) {
    report(error, error_size, dlerror());
    return nullptr;
  }
  auto *p = new Parser{};
  p->function = symbol;
  // a library built on dsbench's headers for old objects exports this symbol
  const auto says = reinterpret_cast<int (*)()>(dlsym(handle, "dsbench_object_size"));
  p->old_objects = object_size == 24 || (object_size == 0 && says && says() == 24);
  return p;
}

extern "C" void dsb_parser_set_layers(void *handle, const DsbLayer *layers, int32_t count) {
  Parser &p = *static_cast<Parser *>(handle);
  p.names.clear();
  p.layers.assign(count, NvDsInferLayerInfo{});
  for (int i = 0; i < count; ++i) p.names.emplace_back(layers[i].name);
  for (int i = 0; i < count; ++i) {
    NvDsInferLayerInfo &info = p.layers[i];
    info.dataType = static_cast<NvDsInferDataType>(layers[i].data_type);
    info.bindingIndex = layers[i].binding_index;
    info.layerName = p.names[i].c_str();
    info.inferDims.numDims = layers[i].num_dims;
    info.inferDims.numElements = 1;
    for (int d = 0; d < layers[i].num_dims; ++d) {
      info.inferDims.d[d] = layers[i].dims[d];
      info.inferDims.numElements *= layers[i].dims[d];
    }
  }
}

extern "C" void dsb_parser_set_network(void *handle, uint32_t width, uint32_t height, uint32_t channels,
                                       uint32_t classes, const float *pre, const float *post) {
  Parser &p = *static_cast<Parser *>(handle);
  p.network = {width, height, channels};
  p.params.numClassesConfigured = classes;
  p.params.perClassPreclusterThreshold.assign(pre, pre + classes);
  p.params.perClassPostclusterThreshold.assign(post, post + classes);
}

extern "C" int32_t dsb_parser_run(void *handle, void *const *buffers, int64_t *count, int32_t *object_size,
                                  char *error, int32_t error_size) {
  Parser &p = *static_cast<Parser *>(handle);
  for (size_t i = 0; i < p.layers.size(); ++i) p.layers[i].buffer = buffers[i];
  *count = 0;
  try {
    const bool understood = p.old_objects ? call(p, p.objects24) : call(p, p.objects);
    if (!understood) return DSB_PARSER_FALSE;
  } catch (const std::exception &exception) {
    report(error, error_size, exception.what());
    return DSB_PARSER_RAISED;
  } catch (...) {
    report(error, error_size, "an exception that is not a std::exception");
    return DSB_PARSER_RAISED;
  }
  *count = p.old_objects ? counted(p.objects24, object_size) : counted(p.objects, object_size);
  if (*count > DSB_MAX_OBJECTS) return DSB_PARSER_TOO_MANY;
  return *count < 0 ? DSB_PARSER_LAYOUT : DSB_PARSER_OK;
}

extern "C" void dsb_parser_take(void *handle, int32_t *class_id, float *boxes) {
  Parser &p = *static_cast<Parser *>(handle);
  if (p.old_objects)
    take(p.objects24, class_id, boxes);
  else
    take(p.objects, class_id, boxes);
}
