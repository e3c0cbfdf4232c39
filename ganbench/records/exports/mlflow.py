"""MLflow: a run for each record in a store of files, which ``mlflow ui --backend-store-uri FOLDER`` shows."""

import os
import re
from datetime import datetime
from pathlib import Path

from mlflow.entities import Metric, RunTag
from mlflow.tracking import MlflowClient

from ganbench.records.exports.content import name_of, numbers_of, provenance_of, step_of
from ganbench.records.record import RunRecord

EXPERIMENT = "ganbench"


def write(record: RunRecord, folder: Path) -> bool:
    """Write a run of the experiment ``ganbench`` to the store of files in a folder; return whether it was missing.

    A run that a crash left incomplete keeps the status RUNNING, and another is written.

    Deviation: MLflow has no ``@`` and few other signs in names, which become ``_``: ``fid@500`` is ``fid_500``.
    """
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # version 3 refuses a store of files without it
    client = MlflowClient(tracking_uri=folder.resolve().as_uri())
    known = client.get_experiment_by_name(EXPERIMENT)
    experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT)
    if client.search_runs([experiment], f"tags.id = '{record.id}' and attributes.status = 'FINISHED'"):
        return False
    time, step = int(datetime.fromisoformat(record.created).timestamp() * 1000), step_of(record)
    run = client.create_run(experiment, start_time=time, run_name=name_of(record)).info.run_id
    numbers = numbers_of(record)
    metrics = [Metric(re.sub(r"[^\w\-. /]", "_", name), value, time, step) for name, value in numbers.items()]
    tags = [RunTag(name, text[:5000]) for name, text in provenance_of(record).items()]
    for start in range(0, len(metrics), 1000):  # the most that MLflow takes at once
        client.log_batch(run, metrics=metrics[start : start + 1000])
    client.log_batch(run, tags=tags)
    client.set_terminated(run, end_time=time + int(1000 * record.seconds.get("total", 0)))
    return True
