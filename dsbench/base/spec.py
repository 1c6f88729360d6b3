"""Every number of the specification, once. Each names the section that it comes from.

Sections are those of the import pipeline (Pre-flight, Steps 4-8). Numbers of DeepStream itself are in ``formats/``;
thresholds of dsbench's own judgements stay with the rule that uses them.
"""

from __future__ import annotations

# --- Pre-flight ---
CUDA_VERSION = "12.8"
"""Pre-flight: CUDA_VER where no /usr/local/cuda-X.Y is installed."""
DEEPSTREAM_DIR = "/opt/nvidia/deepstream/deepstream"
"""6c: DEEPSTREAM_DIR of the parser's Makefile."""
SAMPLE_VIDEO = f"{DEEPSTREAM_DIR}/samples/streams/sample_720p.mp4"
"""Pre-flight: the video without DS_VIDEO."""
TARGET_FPS = 30.0
"""Pre-flight and 7c: frames per second of one real-time stream."""

# --- Steps 4-5: the engine and its throughput ---
FIRST_MAX_BS = 64
"""Step 4: MAX_BS of the first engine; it doubles while PEAK_GPU_STREAMS > MAX_BS."""
WORKSPACE_MIB = 32768
"""Step 4: trtexec --memPoolSize=workspace."""
TRTEXEC_SECONDS = 10
"""Step 5: trtexec --duration."""
TRTEXEC_WARM_UP_MS = 1000
"""Step 5: trtexec --warmUp."""

# --- 6b: the parser ---
GRID_SPACE = 3.0
"""6b: box values in [0, 3] are grid offsets that the parser has not decoded."""

# --- 6e and 7b: the nvinfer config ---
NET_SCALE_FACTOR = 1 / 255
"""6e: for a model that expects values from 0 to 1."""
MODEL_COLOR_FORMAT = 0
"""6e: RGB."""
IMAGENET_ROW = (0.01752, (123.675, 116.28, 103.53))
"""6a: net-scale-factor and offsets of ImageNet's normalisation."""
CLIP_ROW = (0.01459, (122.77, 116.75, 104.09))
"""6b: those of CLIP's."""
NETWORK_MODE = 2
"""6e: FP16."""
CLUSTER_MODE = 2
"""6e: DeepStream's NMS."""
MAINTAIN_ASPECT_RATIO = 1
"""6e."""
TOPK = 200
"""6e."""
NMS_IOU_THRESHOLD = 0.45
"""6e."""
PRE_CLUSTER_THRESHOLD = 0.25
"""6e."""

# --- 6f: the visual check ---
MUX_WIDTH, MUX_HEIGHT = 1280, 720
"""6f, 6g and 7c: size of the muxed surface."""
SAMPLE_FRAMES = 3
"""6f: multifilesink max-files."""
THEORA_QUALITY = 48
"""6f: theoraenc quality."""
THEORA_SPEED = 2
"""6f: theoraenc speed-level, which the specification leaves at 1: 2.4 times faster at the same quality (41.1 dB)."""
JPEG_QUALITY = 95
"""6f: jpegenc quality."""

# --- 6g: the KITTI gate ---
KITTI_FRAMES = 100
"""6g: frames of the dump."""
TOP_CLASSES = 10
"""6g: classes listed (head -10)."""
MIN_DETECTION_RATE = 0.9
"""6g: fraction of frames that must have detections."""

# --- 7c: the benchmark runs ---
PERF_SECONDS = 60
"""7c: a run is ended after this time, the app's start included."""
PERF_INTERVAL = 2
"""7c: seconds of one PERF window (perf-measurement-interval-sec)."""
LAST_WINDOWS = 10
"""7c: windows that FPS are averaged over (tail -10)."""
RETRY_DIVISOR = 2
"""7c: RT_STREAMS is halved for the one retry of run 2."""
