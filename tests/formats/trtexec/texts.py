"""Lines as trtexec prints them, from TensorRT 7 to 11, put together to logs."""

from __future__ import annotations

TRT7 = """\
&&&& RUNNING TensorRT.trtexec # ./trtexec --loadEngine=net.engine --shapes=images:4x3x416x416
[09/21/2020-15:56:00] [I] === Inference Options ===
[09/21/2020-15:56:00] [I] Batch: Explicit
[09/21/2020-15:56:00] [I] Input inference shape: images=4x3x416x416
[09/21/2020-15:56:00] [I] Streams: 1
[09/21/2020-15:56:00] [I] Data transfers: Enabled
[09/21/2020-15:56:02] [I] Host Latency
[09/21/2020-15:56:02] [I] min: 2.5 ms (end to end 2.6 ms)
[09/21/2020-15:56:02] [I] mean: 2.7 ms (end to end 2.8 ms)
[09/21/2020-15:56:02] [I] percentile: 2.9 ms at 99% (end to end 3.0 ms at 99%)
[09/21/2020-15:56:02] [I] throughput: 0 qps
[09/21/2020-15:56:02] [I] Throughput: 364.5 qps
[09/21/2020-15:56:02] [I] GPU Compute
[09/21/2020-15:56:02] [I] min: 2.1 ms
[09/21/2020-15:56:02] [I] max: 2.4 ms
[09/21/2020-15:56:02] [I] mean: 2.2 ms
[09/21/2020-15:56:02] [I] median: 2.19 ms
[09/21/2020-15:56:02] [I] percentile: 2.31 ms at 99%
[09/21/2020-15:56:02] [I] total compute time: 3.0 s
&&&& PASSED TensorRT.trtexec # ./trtexec --loadEngine=net.engine --shapes=images:4x3x416x416
"""

TRT8 = """\
&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # trtexec --loadEngine=engines/net_dynamic_b64.engine --shapes=i:64x3x8x8
[11/20/2026-10:00:00] [I] === Build Options ===
[11/20/2026-10:00:00] [I] Max batch: explicit batch
[11/20/2026-10:00:00] [I] Memory Pools: workspace: default, dlaSRAM: default, dlaLocalDRAM: default
[11/20/2026-10:00:00] [I] Load engine: engines/net_dynamic_b64.engine
[11/20/2026-10:00:00] [I] === Inference Options ===
[11/20/2026-10:00:00] [I] Input inference shapes: model
[11/20/2026-10:00:00] [I] Streams: 1
[11/20/2026-10:00:00] [I] Data transfers: Disabled
[11/20/2026-10:00:00] [I] Spin-wait: Enabled
[11/20/2026-10:00:00] [I] === Device Information ===
[11/20/2026-10:00:00] [I] Selected Device: NVIDIA GeForce RTX 2080
[11/20/2026-10:00:00] [I] Compute Capability: 7.5
[11/20/2026-10:00:00] [I] TensorRT version: 8.6.1
[11/20/2026-10:00:00] [I] Engine deserialized in 0.0326257 sec.
[11/20/2026-10:00:00] [I] Created input binding for i with dimensions 64x3x8x8
[11/20/2026-10:00:00] [I] Created output binding for o with dimensions 64x10
[11/20/2026-10:00:04] [I] === Performance summary ===
[11/20/2026-10:00:04] [I] Throughput: 215.68 qps
[11/20/2026-10:00:04] [I] Latency: min = 5.0 ms, max = 5.2 ms, mean = 5.06 ms, median = 5.0 ms, percentile(99%) = 5.1 ms
[11/20/2026-10:00:04] [I] GPU Compute Time: min = 4.5 ms, max = 4.7 ms, mean = 4.62722 ms, median = 4.6 ms, \
percentile(90%) = 4.65601 ms, percentile(95%) = 4.66 ms, percentile(99%) = 4.67355 ms
[11/20/2026-10:00:04] [I] Total Host Walltime: 3.01372 s
[11/20/2026-10:00:04] [I] Total GPU Compute Time: 3.0077 s
[11/20/2026-10:00:04] [W] * Throughput may be bound by Enqueue Time rather than GPU Compute and the GPU may be \
under-utilized.
[11/20/2026-10:00:04] [W]   If not already in use, --useCudaGraph may increase the throughput.
[11/20/2026-10:00:04] [W] * GPU compute time is unstable, with coefficient of variance = 16.4497%.
[11/20/2026-10:00:04] [V] === Explanations of the performance metrics ===
[11/20/2026-10:00:04] [V] GPU Compute Time: the GPU latency to execute the kernels for a query.
[11/20/2026-10:00:04] [V] Throughput: the observed throughput computed by dividing the number of queries by...
&&&& PASSED TensorRT.trtexec [TensorRT v8601] # trtexec --loadEngine=engines/net_dynamic_b64.engine --shapes=i:64x3x8x8
"""

TRT10 = """\
&&&& RUNNING TensorRT.trtexec [TensorRT v101303] [b9] # trtexec --loadEngine=a b/net_dynamic_b128.engine --device=1
[11/20/2026-10:00:00] [I] === Build Options ===
[11/20/2026-10:00:00] [I] Memory Pools: workspace: 32768 MiB, dlaSRAM: default, tacticSharedMem: default
[11/20/2026-10:00:00] [I] === System Options ===
[11/20/2026-10:00:00] [I] Device: 1
[11/20/2026-10:00:00] [I] === Inference Options ===
[11/20/2026-10:00:00] [I] Input inference shape : images=128x3x640x640
[11/20/2026-10:00:00] [I] Inference Streams: 1
[11/20/2026-10:00:00] [I] Data transfers: Disabled
[11/20/2026-10:00:00] [I] === Device Information ===
[11/20/2026-10:00:00] [I] Available Devices:
[11/20/2026-10:00:00] [I]   Device 0: "NVIDIA A100" UUID: GPU-0
[11/20/2026-10:00:00] [I]   Device 1: "NVIDIA H100 80GB HBM3" UUID: GPU-1
[11/20/2026-10:00:00] [I] Selected Device: NVIDIA H100 80GB HBM3
[11/20/2026-10:00:00] [I] Selected Device ID: 1
[11/20/2026-10:00:00] [I] Selected Device UUID: GPU-1
[11/20/2026-10:00:00] [I] Compute Capability: 9.0
[11/20/2026-10:00:00] [I] TensorRT version: 10.13.3
[11/20/2026-10:00:01] [I] Input binding for images with dimensions 128x3x640x640 and type fp32 is created.
[11/20/2026-10:00:01] [I] Output binding for output0 with dimensions 128x84x8400 and type fp32 is created.
[11/20/2026-10:00:12] [I] === Performance summary ===
[11/20/2026-10:00:12] [I] Throughput: 48.0612 qps
[11/20/2026-10:00:12] [I] GPU Compute Time: min = 20.1 ms, max = 21.9 ms, mean = 20.7934 ms, median = 20.8 ms, \
percentile(90%) = 21.1 ms, percentile(95%) = 21.2 ms, percentile(99%) = 21.5 ms
&&&& PASSED TensorRT.trtexec [TensorRT v101303] [b9] # trtexec --loadEngine=a b/net_dynamic_b128.engine --device=1
"""
