from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import job, merge, plan
from dsbench.fleet.job import FleetJob
from dsbench.fleet.plan import PlanSettings
from tests.fleet.plans import model_dir
from tests.fleet.results import a_result


def planned(*models: Path, **how: object) -> list[FleetJob]:
    given: dict[str, object] = {"runtime": "embedded", "results": Path("/results")}
    return plan.jobs(models, PlanSettings(**given | how))  # type: ignore[arg-type]


def places(one: FleetJob) -> list[str]:
    return [file.place for file in one.files]


def test_a_job_says_all_that_a_machine_needs(tmp_path: Path) -> None:
    root = model_dir(tmp_path)
    (one,) = planned(root)
    assert one.model_dir == str(root)
    assert one.command == ("pytest", f"--model-dir={root}", "--runtime=embedded")
    assert places(one) == ["models/net/config/labels.txt", "models/net/model/net.onnx"]
    assert one.files[1].sha256 == hashlib.sha256(b"onnx").hexdigest()
    assert one.files[1].bytes == 4
    assert one.results == f"/results/{one.id}"
    assert one.id == f"net-{one.key[:10]}"
    assert list(job.from_lines([job.to_line(one)], "plan")) == [one]


def test_a_directory_with_nothing_of_a_model_is_named(tmp_path: Path) -> None:
    """``models/*`` matches ``models/shared`` too; a model that lost its files fails."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "labels.txt").write_text("car\n")
    said: list[str] = []
    assert len(planned(model_dir(tmp_path), tmp_path / "shared", say=said.append)) == 2
    assert "1 job will fail: the directory has neither model/ nor dsbench.toml (shared)" in said


def test_what_the_fleet_wrote_beside_the_models_is_no_model(tmp_path: Path) -> None:
    """``dsbench fleet run *`` in the folder of the models, for the second time."""
    root, results = model_dir(tmp_path), tmp_path / "fleet-results"
    (root / "result.json").write_text("{}")  # of another program
    a_result(results, "net")
    a_result(tmp_path / "earlier", "net")
    merge.merge([results], tmp_path / "fleet")
    (tmp_path / "planned").mkdir()
    said: list[str] = []
    given = [root, results, results / "net-1", tmp_path / "earlier", tmp_path / "fleet", tmp_path / "planned"]
    (one,) = planned(*given, results=tmp_path / "planned", say=said.append)
    assert one.model == "net"
    assert [text.rpartition(": ")[2].removesuffix(", no model directory") for text in said if "left out" in text] == [
        "results of jobs",
        "the result of a job",
        "results of jobs",
        "a merge of results",
        "the results of the jobs",
    ]
    with pytest.raises(DsbenchError, match="only results"):
        planned(results)


def test_two_models_of_one_name_have_ids_of_their_own(tmp_path: Path) -> None:
    first, second, third = (model_dir(tmp_path / name, content=name[:1].encode()) for name in ("a1", "a2", "b"))
    ids = [one.id for one in planned(first, second, third)]
    assert ids[1] == f"{ids[0]}-2", "equal in all but their paths"
    assert len(set(ids)) == 3
    assert planned(first)[0].key == planned(second)[0].key


@pytest.mark.parametrize("name", ["with space", "ünï", "a\nb", "...", "-x", "x" * 200, "ba\udcffd"])
def test_any_name_gives_an_id_and_a_line(tmp_path: Path, name: str) -> None:
    (one,) = planned(model_dir(tmp_path, name))
    assert list(job.from_lines([job.to_line(one)], "plan")) == [one]
    assert one.model == name


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DsbenchError) as caught:
        planned(tmp_path / "missing", model_dir(tmp_path), tmp_path / "empty")
    assert caught.value.code == Code.MODEL_DIR_MISSING
    assert "2 models" in caught.value.what
    assert "does not exist" in caught.value.what
    assert "is empty" in caught.value.what


def test_a_folder_of_models_is_refused_with_advice(tmp_path: Path) -> None:
    model_dir(tmp_path / "models")
    with pytest.raises(DsbenchError, match="folder of model directories") as caught:
        planned(tmp_path / "models")
    assert "models/*" in caught.value.fix
