// Parsers with one fault each, and one without. One output [rows, 6]: x1, y1, x2, y2, score, class.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "nvdsinfer_custom_impl.h"

#define PARSER(name)                                                                                         \
  extern "C" bool name(std::vector<NvDsInferLayerInfo> const &layers, NvDsInferNetworkInfo const &network,   \
                       NvDsInferParseDetectionParams const &params,                                          \
                       std::vector<NvDsInferObjectDetectionInfo> &objects)

namespace {

NvDsInferObjectDetectionInfo box(float const *row, unsigned classId) {
  NvDsInferObjectDetectionInfo object{};
  object.classId = classId;
  object.left = row[0];
  object.top = row[1];
  object.width = row[2] - row[0];
  object.height = row[3] - row[1];
  object.detectionConfidence = row[4];
  return object;
}

bool fits(std::vector<NvDsInferLayerInfo> const &layers) {
  return layers.size() == 1 && layers[0].dataType == FLOAT && layers[0].inferDims.numDims == 2 &&
         layers[0].inferDims.d[1] == 6;
}

bool usable(float const *row, std::vector<float> const &thresholds) {
  for (int i = 0; i < 6; ++i)
    if (!std::isfinite(row[i]) || std::fabs(row[i]) > 1e6f) return false;
  return row[5] >= 0 && row[5] < static_cast<float>(thresholds.size()) &&
         row[4] >= thresholds[static_cast<unsigned>(row[5])];
}

// What every parser below does where it has no fault.
void decode(std::vector<NvDsInferLayerInfo> const &layers, NvDsInferParseDetectionParams const &params,
            std::vector<NvDsInferObjectDetectionInfo> &objects) {
  float const *row = static_cast<float const *>(layers[0].buffer);
  for (unsigned i = 0; i < layers[0].inferDims.d[0]; ++i, row += 6)
    if (usable(row, params.perClassPreclusterThreshold)) objects.push_back(box(row, static_cast<unsigned>(row[5])));
}

}  // namespace

PARSER(Clean) {
  (void)network;
  if (!fits(layers)) return false;
  decode(layers, params, objects);
  return true;
}

PARSER(FixedRows) {  // counts the rows of the model that it was written for
  (void)network;
  float const *row = static_cast<float const *>(layers.at(0).buffer);
  for (unsigned i = 0; i < 40; ++i, row += 6)
    if (usable(row, params.perClassPreclusterThreshold)) objects.push_back(box(row, static_cast<unsigned>(row[5])));
  return true;
}

PARSER(Overrun) {  // one row too many, always
  (void)network;
  if (!fits(layers)) return false;
  decode(layers, params, objects);
  float const *past = static_cast<float const *>(layers[0].buffer) + layers[0].inferDims.numElements;
  objects.back().detectionConfidence += *past * 0.0f;
  return true;
}

PARSER(ClassId) {  // trusts the class column
  (void)network;
  if (!fits(layers)) return false;
  float const *row = static_cast<float const *>(layers[0].buffer);
  for (unsigned i = 0; i < layers[0].inferDims.d[0]; ++i, row += 6) {
    if (!(row[5] >= 0 && row[5] < 1000 && std::isfinite(row[0] + row[1] + row[2] + row[3]))) continue;
    const unsigned classId = static_cast<unsigned>(row[5]);
    if (row[4] >= params.perClassPreclusterThreshold[classId]) objects.push_back(box(row, classId));
  }
  return true;
}

PARSER(Angle) {  // leaves rotation_angle as it was on the stack
  (void)network;
  if (!fits(layers)) return false;
  float const *row = static_cast<float const *>(layers[0].buffer);
  for (unsigned i = 0; i < layers[0].inferDims.d[0]; ++i, row += 6) {
    if (!usable(row, params.perClassPreclusterThreshold)) continue;
    NvDsInferObjectDetectionInfo object;
    object.classId = static_cast<unsigned>(row[5]);
    object.left = row[0];
    object.top = row[1];
    object.width = row[2] - row[0];
    object.height = row[3] - row[1];
    object.detectionConfidence = row[4];
    objects.push_back(object);
  }
  return true;
}

PARSER(HeapAngle) {  // the same from the heap, the height too
  (void)network;
  if (!fits(layers)) return false;
  decode(layers, params, objects);
  float *block = static_cast<float *>(std::malloc(objects.size() * sizeof(float) + 4));
  for (unsigned i = 0; i < objects.size(); ++i) objects[i].height = block[i] * 2.0f;
  std::free(block);
  return true;
}

PARSER(State) {  // smooths with the frame before
  (void)network;
  static float before = 0;
  if (!fits(layers)) return false;
  decode(layers, params, objects);
  for (auto &object : objects) object.left += before * 0.01f;
  if (!objects.empty()) before = objects[0].top;
  return true;
}

PARSER(Forever) {
  (void)network, (void)params, (void)objects;
  volatile unsigned left = layers[0].inferDims.d[0];
  while (left > 0) {
  }
  return true;
}

PARSER(Overflow) {  // a product that does not fit
  (void)network;
  if (!fits(layers)) return false;
  int stride = 1 << 20;
  stride *= static_cast<int>(layers[0].inferDims.d[0]) * 1000;
  decode(layers, params, objects);
  return stride != 1;
}

PARSER(NanToInt) {  // converts before it checks
  (void)network;
  if (!fits(layers)) return false;
  float const *row = static_cast<float const *>(layers[0].buffer);
  for (unsigned i = 0; i < layers[0].inferDims.d[0]; ++i, row += 6) {
    const int classId = static_cast<int>(row[5]);
    if (classId >= 0 && usable(row, params.perClassPreclusterThreshold))
      objects.push_back(box(row, static_cast<unsigned>(classId)));
  }
  return true;
}

PARSER(Leak) {
  (void)network;
  if (!fits(layers)) return false;
  float *copy = new float[layers[0].inferDims.numElements];
  std::memcpy(copy, layers[0].buffer, layers[0].inferDims.numElements * sizeof(float));
  decode(layers, params, objects);
  return copy[0] == copy[0] || true;
}

PARSER(Maths) {  // the corner as the centre
  (void)network;
  if (!fits(layers)) return false;
  decode(layers, params, objects);
  for (auto &object : objects) object.left += object.width, object.top += object.height;
  return true;
}

PARSER(Refuses) {
  (void)network, (void)params, (void)objects;
  return layers.empty();
}

PARSER(Flood) {
  (void)network, (void)params;
  objects.resize(10000000);
  return !layers.empty();
}

PARSER(Swallow) {  // all the memory there is
  (void)network, (void)params, (void)layers;
  for (;;) objects.reserve(4 * objects.capacity() + 1000000);
}

PARSER(Throws) {
  (void)network, (void)params, (void)objects;
  throw std::out_of_range("row " + std::to_string(layers.size()));
}

PARSER(NotFinite) {
  (void)network;
  if (!fits(layers)) return false;
  float const *row = static_cast<float const *>(layers[0].buffer);
  for (unsigned i = 0; i < layers[0].inferDims.d[0]; ++i, row += 6)
    if (!(row[4] < 0.25f) && row[5] >= 0 && row[5] < 3) objects.push_back(box(row, static_cast<unsigned>(row[5])));
  return !params.perClassPreclusterThreshold.empty();
}

PARSER(Freed) {
  (void)network;
  if (!fits(layers)) return false;
  decode(layers, params, objects);
  float *scores = new float[4]();
  delete[] scores;
  objects[0].detectionConfidence += scores[1] * 0.0f;
  return true;
}

PARSER(Divides) {
  (void)params, (void)objects;
  return network.width / (layers.size() - 1) > 0;
}
