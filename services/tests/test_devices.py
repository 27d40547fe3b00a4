"""Trainers that are to have a GPU."""

import json

import pytest

from flts.training.cli import main


# Promise: training-gpu
def test_a_trainer_that_is_to_have_a_gpu_ends_at_the_start_with_one_error_where_jax_has_none(monkeypatch, capsys):
    monkeypatch.setenv("REQUIRE_GPU", "true")
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["no_gpu"]
    assert "cpu" in lines[0]["reason"]
    assert "flts:training.gpu.count" in lines[0]["fix"]
