/* How the functions of DeepStream's libnvds_infercustomparser.so read outputs: 32-bit words, whatever the type is. */
#ifndef DSBENCH_TAO_READING_H
#define DSBENCH_TAO_READING_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "nvdsinfer_custom_impl.h"

#define DSBENCH_PARSER(name)                                                                                           \
    extern "C" __attribute__((visibility("default"))) bool name(                                                      \
        dsbench::Layers const &layers, NvDsInferNetworkInfo const &network,                                            \
        NvDsInferParseDetectionParams const &params, dsbench::Objects &objects)

namespace dsbench {

typedef std::vector<NvDsInferLayerInfo> Layers;
typedef std::vector<NvDsInferObjectDetectionInfo> Objects;

/* DeepStream ends here: NVIDIA's function aborts, or reads memory that is not the output's. */
struct DeepStreamEnds : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline std::size_t bytesOf(int type)
{
    const int kHalf = 1, kInt8 = 2, kInt64 = 4, kUint8 = 5;
    if (type == kInt64)
        return 8;
    return type == kHalf ? 2 : type == kInt8 || type == kUint8 ? 1 : 4;
}

/* One output as NVIDIA's functions read it. An index beyond its end throws DeepStreamEnds. */
class Words {
public:
    explicit Words(NvDsInferLayerInfo const &layer)
        : name_(layer.layerName != nullptr ? layer.layerName : ""), data_(static_cast<char const *>(layer.buffer)),
          count_(layer.buffer != nullptr ? layer.inferDims.numElements * bytesOf(layer.dataType) / 4 : 0)
    {
    }

    float real(std::size_t i) const { return read<float>(i); }
    std::int32_t whole(std::size_t i) const { return read<std::int32_t>(i); }

private:
    template <typename T> T read(std::size_t i) const
    {
        if (i >= count_)
            throw DeepStreamEnds("NVIDIA's function reads output " + name_ + " beyond its end: it has " +
                                 std::to_string(count_) + " words of 4 bytes, word " + std::to_string(i) +
                                 " is asked for");
        T value;
        std::memcpy(&value, data_ + 4 * i, sizeof value);
        return value;
    }

    std::string name_;
    char const *data_;
    std::size_t count_;
};

/* The first output of this exact name and of type FLOAT; null if there is none. */
inline NvDsInferLayerInfo const *floatLayer(Layers const &layers, char const *name)
{
    for (NvDsInferLayerInfo const &layer : layers)
        if (layer.dataType == FLOAT && layer.layerName != nullptr && std::strcmp(layer.layerName, name) == 0)
            return &layer;
    return nullptr;
}

/* Into [0, highest]; NaN becomes ``highest``. */
inline float clip(float value, float highest)
{
    const float low = value < highest ? value : highest;
    return low > 0.0f ? low : 0.0f;
}

/* A float as an x86-64 processor converts it: NaN and what does not fit become INT64_MIN. */
inline std::int64_t truncated(float value)
{
    return value >= -9223372036854775808.0f && value < 9223372036854775808.0f
               ? static_cast<std::int64_t>(value)
               : std::numeric_limits<std::int64_t>::min();
}

inline std::uint32_t asUnsigned(float value) { return static_cast<std::uint32_t>(truncated(value)); }

inline std::int32_t asInt(float value)
{
    return value >= -2147483648.0f && value < 2147483648.0f ? static_cast<std::int32_t>(value)
                                                            : std::numeric_limits<std::int32_t>::min();
}

/* The class's threshold; 0 beyond the last, where NVIDIA's functions read what happens to be there. nvinfer drops
 * objects of such classes afterwards. */
inline float thresholdOf(std::vector<float> const &thresholds, std::size_t label)
{
    return label < thresholds.size() ? thresholds[label] : 0.0f;
}

/* Of class 0, which several functions apply to every class. */
inline float onlyThreshold(NvDsInferParseDetectionParams const &params)
{
    if (params.perClassPreclusterThreshold.empty())
        throw DeepStreamEnds("NVIDIA's function reads the threshold of class 0, and num-detected-classes is 0");
    return params.perClassPreclusterThreshold[0];
}

inline NvDsInferObjectDetectionInfo object(unsigned int label, float score, float left, float top, float width,
                                           float height)
{
    NvDsInferObjectDetectionInfo made{};
    made.classId = label;
    made.left = left;
    made.top = top;
    made.width = width;
    made.height = height;
    made.detectionConfidence = score;
    return made;
}

}  // namespace dsbench

#endif
