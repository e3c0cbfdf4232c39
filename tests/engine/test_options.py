"""The options that Python, the command line and every process share."""

from pathlib import Path
from typing import Any

import pytest
import torch
from toygan import Stripes, Waves, brightness1k

import ganbench
from ganbench.engine import Options
from ganbench.errors import BadInputError, GanbenchError


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"metrics": None}, "names for metrics"),
        ({"metrics": [5]}, "names for metrics"),
        ({"metrics": ["fid50k", ""]}, "names for metrics"),
        ({"metrics": 5}, "names for metrics"),
        ({"data": 5}, "for data"),
        ({"data": torch.zeros(4, 1, 32, 32)}, "for data"),
        ({"seed": 1.5}, "for seed, found 1.5"),
        ({"seed": True}, "for seed, found True"),
        ({"seed": "1"}, "for seed, found '1'"),
        ({"seed": None}, "for seed, found None"),
        ({"seed": 10**5000}, "for seed, found a number of hundreds of digits"),
        ({"seed": 2**63}, "for seed"),
        ({"batch_size": 0}, "for batch_size, found 0"),
        ({"limit": 10**10}, "for limit"),
        ({"nproc": 0}, "for nproc"),
        ({"device": None}, "for device"),
        ({"device": 0}, "for device"),
        ({"float64": 1}, "True or False for float64"),
        ({"allow_missing": "yes"}, "True or False for allow_missing"),
        ({"truncation_psi": float("nan")}, "for truncation_psi"),
        ({"truncation_psi": "0.7"}, "for truncation_psi"),
        ({"truncation_cutoff": -1}, "for truncation_cutoff"),
        ({"benchmark": 3}, "for benchmark"),
        ({"weights": b"\x00"[:0]}, "for weights"),
        ({"sed": 1}, "unknown option 'sed': did you mean seed"),
        ({"x": 1}, "unknown option 'x': choose one of"),
    ],
)
def test_wrong_kinds_are_one_sentence_in_the_words_of_the_api(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        Options.of(**given)


def test_a_string_will_do_for_a_list_of_names() -> None:
    assert Options.of(metrics="fid50k, ppl").metrics == ("fid50k", "ppl")
    assert Options.of(metrics=["fid50k", "ppl"]).metrics == ("fid50k", "ppl")
    named = ganbench.measure(Waves(), "brightness1k", benchmark="toy", limit=20)
    assert named == ganbench.measure(Waves(), brightness1k, benchmark="toy", limit=20)
    assert list(named) == ["brightness@20"]


def test_paths_numpy_numbers_and_single_psis_are_taken() -> None:
    import numpy as np

    options = Options.of(weights=Path("w.pkl"), seed=np.int64(3), truncation_psi=0.5, data=Stripes())
    assert (options.weights, options.seed, options.truncation_psi) == ("w.pkl", 3, (0.5,))


def test_the_record_keeps_options_as_given_and_as_resolved(tmp_path: Path) -> None:
    (record,) = ganbench.run("waves", "fid50k", limit=20, seed=4, truncation_psi=0.5, results_dir=tmp_path)
    assert record.options["given"] == {"metrics": ["fid50k"], "seed": 4, "limit": 20, "truncation_psi": [0.5]}
    resolved = record.options["resolved"]
    assert (resolved["metrics"], resolved["device"], resolved["benchmark"]) == (["fid@20_psi0.5"], "cpu", "toy")
    assert resolved["batch_size"] == record.batch_size


def test_every_metric_is_measured_at_every_truncation() -> None:
    found = ganbench.measure(Waves(), ["fid@20", "brightness@20"], benchmark="toy", truncation_psi=1)
    assert list(found) == ["fid@20", "brightness@20"]
    found = ganbench.measure(Waves(), ["fid@20", "cmmd@20"], benchmark="toy", truncation_psi=[1, 0.5])
    assert list(found) == ["fid@20", "cmmd@20", "fid@20_psi0.5", "cmmd@20_psi0.5"]


@pytest.mark.parametrize(
    "given", [{"truncation_cutoff": 2}, {"truncation_psi": 1e300}, {"nproc": 2}, {"weights": "w"}, {"entry": "G"}]
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(GanbenchError):
        ganbench.measure(Waves(), ["fid@20"], benchmark="toy", **given)


def test_nothing_is_fetched_for_a_plan_that_cannot_stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import urllib.request

    def never(*arguments: object, **more: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(urllib.request, "urlopen", never)
    monkeypatch.setattr(urllib.request.OpenerDirector, "open", never)
    for models, metrics, more in (
        (["stylegan3:ffhq-1024-t"], ["fid50k", "fidd"], {}),
        (["stylegan3:ffhq-1024-t"], ["fid50k"], {"data": "nowhere"}),
        (["stylegan3:ffhq-1024-t", "stylegan9"], ["fid50k"], {}),
        (["waves"], ["fid@20", "fid_latent"], {"benchmark": "stylegan3", "data": "stripes"}),
    ):
        with pytest.raises(GanbenchError):
            ganbench.run(models, metrics, results_dir=tmp_path, **more)
