"""Laws that hold for every metric of translations: how the work is split never changes a number."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from toygan.translators import Blobs, Blur, DomainsOfBlobs, Tint

import ganbench
from ganbench.engine import cuts, shards
from ganbench.engine.cache import Cache
from ganbench.engine.plan import Plan
from ganbench.engine.results import results_of
from ganbench.engine.run import Silence, fill
from ganbench.engine.work import work
from ganbench.errors import NonFiniteError
from ganbench.records.record import Result
from ganbench.records.store import read
from ganbench.rng import Streams
from tests.subjects import measure, metric, plan, waves

pytestmark = pytest.mark.usefixtures("untouched_random_state")

STYLED = ("fid_latent@9", "fid_reference", "lpips_latent@9", "lpips_reference")
PLAIN = ("fid_translated",)
Split = tuple[type[Blur], tuple[str, ...]]
BOTH: tuple[Split, ...] = ((Tint, STYLED), (Blur, PLAIN))


def planned(split: Split, **changes: Any) -> Plan:
    network, names = split
    return plan(names, network().eval(), data=DomainsOfBlobs(), **changes)


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    values: dict[str, float] = {}
    for split in BOTH:
        values |= measure(planned(split), tmp_path_factory.mktemp("fused"))
    return values


def of(split: Split, fused: dict[str, float]) -> dict[str, float]:
    return {name: fused[name] for name in split[1]}


def parts(built: Plan, folder: Path) -> dict[str, Result]:
    filled, failures, _ = fill(built, 64, Cache(folder), Silence())
    return {result.key: result for one in built.metrics for result in results_of(one, built, filled, failures)}


@pytest.mark.parametrize("split", BOTH, ids=["styled", "plain"])
@pytest.mark.parametrize("shard", [130])
def test_any_shard_split_gives_the_same_number(
    shard: int, split: Split, fused: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit: rows are kept, and a tile that meets two targets is translated whole to each."""
    monkeypatch.setattr(cuts, "SHARD", shard)
    assert measure(planned(split), tmp_path) == of(split, fused)


def test_what_was_stopped_goes_on_with_finished_shards(
    fused: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translated = counted(monkeypatch)
    stopped: Any = planned(BOTH[0])
    one = stopped.passes[-1]
    with shards.Worker(stopped.context, 64) as worker, pytest.raises(KeyboardInterrupt):
        work(stopped, worker, Cache(tmp_path), one, stop_after(150))
    before = len(translated)
    assert measure(planned(BOTH[0]), tmp_path) == of(BOTH[0], fused)
    resumed = len(translated) - before
    translated.clear()
    measure(planned(BOTH[0]), tmp_path / "afresh")
    assert 0 < resumed < len(translated)


def stop_after(samples: int) -> Callable[[int], None]:
    left = [samples]

    def progress(done: int) -> None:
        left[0] -= done
        if left[0] < 0:
            raise KeyboardInterrupt

    return progress


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the size of every batch that is translated."""
    sizes: list[int] = []
    translate = Blur.translate

    def counting(self: Blur, x: torch.Tensor, target: Any, style: Any = None) -> torch.Tensor:
        sizes.append(len(x))
        return translate(self, x, target, style)

    monkeypatch.setattr(Blur, "translate", counting)
    return sizes


def test_one_pass_of_translation_feeds_fid_and_lpips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 samples of ten outputs each, a tile being the one sample of ten images that fits."""
    translated = counted(monkeypatch)
    measure(planned((Tint, ("fid_latent", "lpips_latent"))), tmp_path)
    assert translated == [10] * 200


def test_translations_by_latent_and_by_reference_are_two_passes() -> None:
    built = planned((Tint, ("fid_latent", "lpips_latent", "fid_reference", "lpips_reference")))
    assert [(one.source.name, len(one.queries)) for one in built.passes] == [
        ("reals", 2),
        ("translations by latent", 3),
        ("translations by reference", 3),
    ]


def test_processes_share_the_work_and_give_the_same_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone,) = ganbench.run("tint", "lpips_reference,fid_latent@20", results_dir=tmp_path / "alone")
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    command = "run --model tint --metrics lpips_reference,fid_latent@20 --nproc 2 --results-dir".split()
    done = subprocess.run(
        [sys.executable, "-m", "ganbench", *command, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert read(next((tmp_path / "records").iterdir())).results == alone.results
    assert [(result.key, result.count, len(result.parts)) for result in alone.results] == [
        ("lpips_reference", 2000, 6),
        ("fid_latent@20", 1200, 6),
    ]


@pytest.mark.parametrize("sample", [0, 37, 143])
def test_a_nan_names_its_sample_and_nothing_is_stored(sample: int, tmp_path: Path) -> None:
    class Poisoned(Tint):
        """Whose seventh output of one sample has a NaN."""

        def style_from_latent(self, z: torch.Tensor, target: Any) -> torch.Tensor:
            style = super().style_from_latent(z, target)
            style[(z == Streams(0, (sample,)).normal("translation-z", (10, 4))[0, 6]).all(1)] = float("nan")
            return style

    built = plan(["lpips_latent"], Poisoned().eval(), data=DomainsOfBlobs())
    with pytest.raises(NonFiniteError, match=rf"of translations by latent, found .* in sample {sample}:"):
        measure(built, tmp_path)
    stored = [block for block in cuts.blocks(built.passes[0].count, 102) if block[1] <= sample // 102 * 102]
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2 * len(stored), "whole shards before it, of two queries"


def test_another_seed_moves_styles_and_leaves_plain_translations(fused: dict[str, float], tmp_path: Path) -> None:
    moved = measure(planned(BOTH[0], seed=1), tmp_path / "styled")
    assert all(moved[name] != fused[name] for name in STYLED)
    assert measure(planned(BOTH[1], seed=1), tmp_path / "plain") == of(BOTH[1], fused)


def test_the_parts_are_named_by_domains_and_their_mean_is_the_number(tmp_path: Path) -> None:
    for split in BOTH:
        for result in parts(planned(split), tmp_path).values():
            assert list(result.parts) == ["bee->ant", "cat->ant", "ant->bee", "cat->bee", "ant->cat", "bee->cat"]
            assert result.value == pytest.approx(sum(result.parts.values()) / 6, rel=1e-12)
            assert result.uses_data


def test_a_limit_takes_the_first_source_images_of_each_domain(tmp_path: Path) -> None:
    class FewBlobs(DomainsOfBlobs):
        def __init__(self) -> None:
            super().__init__()
            whole = self.validation
            self.validation = Blobs("few", (33, 32, 35))
            labels = whole.labels(range(100)).argmax(1)
            kept = torch.cat([(labels == domain).nonzero()[:9, 0] for domain in range(3)])
            self.validation.__dict__.update(
                images=lambda indices: whole.images(kept[list(indices)].tolist()), _domains=labels[kept]
            )

    limited = measure(planned((Tint, ("fid_latent@9", "lpips_latent@9"))), tmp_path / "limited")
    built = plan(["fid_latent", "lpips_latent"], Tint().eval(), data=FewBlobs())
    whole = measure(built, tmp_path / "few")
    assert list(whole.values()) == list(limited.values())


def test_a_tile_has_as_many_samples_as_their_outputs_allow_and_one_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    built = planned((Tint, ("lpips_latent@9",)))
    sizes = counted(monkeypatch)
    many: Any = dataclasses.replace(metric("lpips_latent@9"), num_outputs=40)  # type: ignore[type-var]
    wide = Plan.build(waves(Tint().eval()), [many], data=DomainsOfBlobs())
    for each in (built, wide):
        with shards.Worker(each.context, 64) as worker:
            worker.shard(each.passes[-1].source, each.passes[-1].queries, 0, 3, lambda _: None)
    assert sizes == [10] * 3 + [40] * 3
