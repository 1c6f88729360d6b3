#!/bin/bash
# 2 jobs of dsbench on Slurm, and the merge of their results.
#
#   bash THIS_FILE [OPTIONS OF SBATCH, such as --partition=gpu --account=x --mem=16G]
#
# submits everything. The merge runs when every job has ended; its exit status: 0 all passed, 1 a model failed, 3 some could
# not be run. Its output is in dsbench-merge-JOB.log of the folder that this is started in, those of the jobs in
# dsbench-JOB_TASK.log. Models, clips and results lie at the same paths on every node.
# Jobs run in a container: Slurm needs pyxis. Replace OWNER/dsbench, or name an image that has dsbench with --image.
#SBATCH --job-name=dsbench-8c9ea221
#SBATCH --output=dsbench-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --time=250
#SBATCH --requeue
#SBATCH --array=0-1%2
#SBATCH --gres=gpu:L4:1
set -euo pipefail

results=/data/results
export INSTALL='dsbench[gpu] @ git+https://github.com/OWNER/dsbench@main'

plan() {
  cat <<'END_OF_PLAN'
{"id": "yolox-s-0000000000", "model": "yolox-s", "model_dir": "/data/models/yolox-s", "key": "0000000000000000000000000000000000000000000000000000000000000000", "runtime": "deepstream", "command": ["pytest", "--model-dir=/data/models/yolox-s", "--runtime=deepstream"], "options": [], "needs": {"gpus": 1, "gpu_kind": "L4", "cpus": 0}, "files": [{"place": "models/yolox-s/model/yolox-s.onnx", "source": "/data/models/yolox-s/model/yolox-s.onnx", "bytes": 35894272, "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "uri": "", "executable": false}], "results": "/data/results/yolox-s-0000000000", "version": 1, "dsbench": "0.1.0"}
{"id": "rtdetr-0000000000", "model": "rtdetr", "model_dir": "/data/models/rtdetr", "key": "0000000000000000000000000000000000000000000000000000000000000000", "runtime": "deepstream", "command": ["pytest", "--model-dir=/data/models/rtdetr", "--runtime=deepstream"], "options": [], "needs": {"gpus": 1, "gpu_kind": "L4", "cpus": 0}, "files": [{"place": "models/rtdetr/model/rtdetr.onnx", "source": "/data/models/rtdetr/model/rtdetr.onnx", "bytes": 35894272, "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "uri": "", "executable": false}], "results": "/data/results/rtdetr-0000000000", "version": 1, "dsbench": "0.1.0"}
END_OF_PLAN
}

# The container that a command runs in. OFFSET
container() {
  case $1 in
  0) image='nvcr.io#nvidia/deepstream:9.1-triton-multiarch' ;;
  esac
  options=(--container-image="$image" --container-mounts=/data:/data --container-writable
    --container-remap-root --no-container-mount-home)
}

# Run dsbench on one node, with the plan as its input. OFFSET, then job NUMBER or merge RESULTS OUTPUT
run() {
  local options=() script
  container "$1"
  shift
  script=$(cat <<'END_OF_SCRIPT'
if ! command -v dsbench >/dev/null; then
  trap 'exit 3' ERR
  export DEBIAN_FRONTEND=noninteractive
  if [ -x /opt/nvidia/deepstream/deepstream/user_additional_install.sh ]; then
    /opt/nvidia/deepstream/deepstream/user_additional_install.sh
    apt-get update
    apt-get install -y git python3-venv make g++ gstreamer1.0-tools gstreamer1.0-plugins-base \
      gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    rm -rf ~/.cache/gstreamer-1.0
  fi
  python3 -m venv /opt/dsbench
  /opt/dsbench/bin/pip install --quiet --disable-pip-version-check "$INSTALL"
  PATH=/opt/dsbench/bin:$PATH
  trap - ERR
fi </dev/null >&2
plan=$(mktemp)
trap 'rm -f "$plan"' EXIT
cat >"$plan"
case $1 in
job) set -- job "$plan" --number "$2" --timeout 14400 ;;
merge) set -- merge "$2" -o "$3" --plan "$plan" ;;
esac
status=0
dsbench fleet "$@" || status=$?
[ "$status" -ne 1 ] || status=10 # a result: where srun cannot start a container, it ends with 1 itself
exit "$status"
END_OF_SCRIPT
  )
  plan | srun --ntasks=1 --cpus-per-task="${SLURM_CPUS_ON_NODE:-1}" --cpu-bind=none "${options[@]}" \
    bash -euc "$script" dsbench "$@"
}

# One job of the plan. OFFSET
run_job() {
  local restarts=${SLURM_RESTART_COUNT:-0} status=3
  if [ "$restarts" -le 2 ]; then
    status=0
    run "$1" job "$(($1 + SLURM_ARRAY_TASK_ID))" || status=$?
  fi
  case $status in
  0 | 4) exit "$status" ;;
  10) exit 1 ;; # the model failed: a result, not tried again
  esac
  if [ "$restarts" -lt 2 ]; then
    echo "the job could not be run (status $status): it is tried again"
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" && exec sleep 60 # Slurm ends it
  fi
  exit 3
}

merge() {
  local status=0
  run 0 merge "$results" /data/results/_merged || status=$?
  [ "$status" -ne 10 ] || status=1
  exit "$status"
}

submit() {
  if [[ $(srun --help 2>&1) != *--container-image* ]]; then
    echo "this Slurm has no pyxis: plan with --image none, and install dsbench on the nodes" >&2
    exit 4
  fi
  local ids=() cpus
  # Without it, Slurm gives a job one processor: too few for the streams of a benchmark.
  cpus=$(sinfo --noheader --Node --format='%c %G' | sed -n 's/ .*gpu.*//p' | sort -n | head -n 1)
  cpus=$((${cpus:-1} < 8 ? ${cpus:-1} : 8))
  trap '[ -z "${ids[*]}" ] || scancel "${ids[@]%%;*}"' ERR # all or nothing
  ids+=("$(sbatch --parsable --array=0-1%2 --gres=gpu:L4:1 --cpus-per-task=$cpus "$@" "$0" 0)")
  ids=("${ids[@]%%;*}")
  sbatch --job-name=dsbench-8c9ea221-merge --output=dsbench-merge-%A.log --array=0 --gres=none \
    --dependency="afterany$(printf ':%s' "${ids[@]}")" "$@" "$0" merge
}

if [ "${1:-}" = merge ]; then
  merge
elif [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
  trap 'exit 143' TERM
  run_job "${1:-0}"
elif [ -f "$0" ]; then
  submit "$@"
else
  echo "write this script to a file: sbatch reads it again" >&2
  exit 4
fi
