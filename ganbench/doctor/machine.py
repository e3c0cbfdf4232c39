"""Checks of the machine: device, threads, free disk space for results and cache."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from ganbench.doctor.finding import Finding, Level
from ganbench.engine.cache import Cache
from ganbench.engine.cache_usage import entries, max_bytes
from ganbench.engine.options import resolve_device
from ganbench.engine.shards import cores
from ganbench.errors import GanbenchError
from ganbench.records.store import Store

ROOM = 2 * 2**30  # bytes; the finished shards of one model with 2,048 features take about half of it
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def examine_machine(device: str = "auto", results_dir: Path | None = None) -> list[Finding]:
    """Return findings on the device, the threads, and the folders that a run writes to."""
    return [_device(device), _threads(), *_folders(results_dir), _cache()]


def _device(device: str) -> Finding:
    try:
        found = resolve_device(device)
    except GanbenchError as error:
        return Finding("device", Level.STOP, str(error))
    if found.startswith("cuda"):
        properties = torch.cuda.get_device_properties(found)
        return Finding("device", Level.GOOD, f"{found}: {properties.name}, {properties.total_memory / 2**30:.0f} GiB")
    return Finding("device", Level.NOTE, f"{found}: 50,000 images of 256x256 pixels or more take hours without a GPU")


def _threads() -> Finding:
    usable, limits = cores(), {name: os.environ[name] for name in THREADS if name in os.environ}
    if any(value.isdecimal() and int(value) < usable for value in limits.values()):
        named = ", ".join(f"{name}={value}" for name, value in limits.items())
        return Finding("threads", Level.NOTE, f"{usable} cores available, but {named} limits some libraries to fewer")
    return Finding("threads", Level.GOOD, f"{usable} cores available")


def _folders(results_dir: Path | None) -> list[Finding]:
    store, cache = Store(results_dir), Cache()
    return [
        _folder("results", store.folder, store.check_writable),
        _folder("cache", cache.folder, cache.check_writable),
    ]


def _folder(subject: str, folder: Path, check: Callable[[], None]) -> Finding:
    try:
        check()
    except GanbenchError as error:
        return Finding(subject, Level.STOP, str(error))
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(there).free
    if free < ROOM:
        told = f"expected {ROOM / 2**30:.0f} GiB free in {folder}, found {free / 2**20:,.0f} MiB: make room"
        return Finding(subject, Level.DOUBT, told)
    return Finding(subject, Level.GOOD, f"{free / 2**30:,.0f} GiB free in {folder}")


def _cache() -> Finding:
    try:
        found, most = entries(Cache().folder), max_bytes()
    except GanbenchError as error:
        return Finding("finished work", Level.STOP, str(error))
    size, useless = sum(entry.nbytes for entry in found), sum(entry.nbytes for entry in found if entry.stale)
    told = f"{size / 2**30:.2f} GiB of at most {most / 2**30:.0f} GiB"
    if useless:
        return Finding(
            "finished work",
            Level.NOTE,
            f"{told}; `ganbench cache --prune` frees {useless / 2**20:.0f} MiB that no run can use",
        )
    return Finding("finished work", Level.GOOD, told)
