"""A real Slurm of one node on loopback: munged, slurmctld and slurmd of this machine, as root (Debian: slurm-wlm)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "sinfo")
_CONFIG = """ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={folder}
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
GresTypes=gpu
MinJobAge=3600
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 Gres=gpu:l4:1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def is_installed() -> bool:
    """Whether this machine has Slurm, and this user may start it."""
    return os.geteuid() == 0 and all(map(shutil.which, PROGRAMS))


@dataclass(frozen=True)
class LocalSlurm:
    """``environment`` is that of its commands."""

    environment: dict[str, str]

    def output(self, *command: str) -> str:
        """What one of Slurm's commands prints."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=30, check=True)
        return done.stdout

    def wait(self, seconds: float) -> None:
        """Until no job is left. Slurm holds requeued jobs back for two minutes; here it is two seconds: at once is too
        early, since the credentials of the run that ended are being revoked."""
        hastened: set[str] = set()

        def is_idle() -> bool:
            shown = self.output("squeue", "--noheader", "--Format=JobArrayID:30,RestartCnt:10,Reason:30").splitlines()
            for line in {line for line in shown if "BeginTime" in line} - hastened:
                self.output("scontrol", "update", f"JobId={line.split()[0]}", "StartTime=now+2")
                hastened.add(line)
            return not shown

        _until(is_idle, seconds, "jobs are left", pause_s=0.3)


@contextmanager
def local_slurm() -> Iterator[LocalSlurm]:
    """Start it, and end everything that runs in it."""
    with tempfile.TemporaryDirectory(prefix="slurm", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
        _configure(folder)
        with (
            _daemon(folder, environment, "munged", "--foreground", "--force", *_munge(folder)),
            _daemon(folder, environment, "slurmctld", "-D", "-i"),
            _daemon(folder, environment, "slurmd", "-D"),
        ):
            slurm = LocalSlurm(environment)
            _until(lambda: "idle" in slurm.output("sinfo", "--noheader", "--format=%T"), 20, "slurmd does not answer")
            try:
                yield slurm
            finally:
                with suppress(subprocess.SubprocessError):
                    slurm.output("scancel", "--user=root")
                    _until(lambda: not slurm.output("squeue", "--noheader").strip(), 10, "jobs do not end")


def _configure(folder: Path) -> None:
    (folder / "munge").mkdir(mode=0o755)
    key = folder / "munge" / "key"
    key.write_bytes(os.urandom(64))
    key.chmod(0o600)
    host = socket.gethostname().partition(".")[0]
    text = _CONFIG.format(host=host, folder=folder, controller_port=_free_port(), node_port=_free_port())
    (folder / "slurm.conf").write_text(text)
    (folder / "gres.conf").write_text(f"NodeName={host} Name=gpu Type=l4 File=/dev/null\n")


def _munge(folder: Path) -> list[str]:
    names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    return [f"--{option}={folder}/munge/{name}" for option, name in names.items()]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def _daemon(folder: Path, environment: dict[str, str], *command: str) -> Iterator[None]:
    with (folder / f"{command[0]}.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        if command[0] == "munged":
            _until((folder / "munge" / "socket").exists, 10, "munged does not start")
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


def _until(reached: Callable[[], bool], seconds: float, otherwise: str, pause_s: float = 0.1) -> None:
    end = time.monotonic() + seconds
    while True:
        with suppress(subprocess.SubprocessError):  # the controller is not there yet
            if reached():
                return
        if time.monotonic() > end:
            raise TimeoutError(otherwise)
        time.sleep(pause_s)
