"""Compares the models that the trainers make with gradient boosting and with two baselines, on any CSVs.

    python benchmarks/accuracy.py ~/data/PobleSec.csv            # a series; PobleSec_test.csv beside it is held out
    python benchmarks/accuracy.py ~/cases/*.csv --steps 24       # those that preprocess accepts

in the environment of requirements/test.txt, in the folder `services`. Every number comes from the same held-out windows
and is a root mean squared error over all steps, in raw units of the target. `promoted` has the best score of all,
as the evaluator chooses. Gradient boosting is scikit-learn's, one model a step, on the same windows. A run is
reproduced by its seed on the same kind of machine. Ends with 1 where a promoted model is worse than a baseline.
"""

import argparse
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import structlog

# Threads of OpenMP wait for each other busily, which takes minutes where others use the CPU.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

from sklearn.ensemble import HistGradientBoostingRegressor

from flts.common.consuming import Refused
from flts.common.forecasterrors import errors
from flts.common.frames import FeatureFrame, read_frame
from flts.common.messages import DataClaim
from flts.common.runs import ModelType
from flts.common.windows import Windows, make_windows
from flts.evaluator.scoring import Candidate, best
from flts.preprocess.csverror import CsvError
from flts.preprocess.pipeline import prepare
from flts.preprocess.settings import PreprocessSettings
from flts.training.horizon import horizon
from flts.training.settings import TrainingSettings
from flts.training.trainer import train

FAMILIES = get_args(ModelType)
CLAIM = DataClaim(bucket="-", object="-", size=0, etag="-", config_hash="none", test_object="-")
# The better of those that were tried on PobleSec: scikit-learn's defaults, 0.1 with 31 leaves, are worse there.
BOOSTING = {"learning_rate": 0.05, "max_iter": 200, "max_leaf_nodes": 15}


class Row(NamedTuple):
    """Root mean squared errors on a series."""

    series: str
    ahead: int
    families: dict[str, float]
    promoted: str
    boosting: float
    repeated: float
    seasonal: float | None
    coverage: float | None
    seconds: float

    @property
    def baseline(self) -> float:
        """Of the better baseline."""
        return self.repeated if self.seasonal is None else min(self.repeated, self.seasonal)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", nargs="+", type=Path)
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 24], help="rows ahead, at most (1 and 24)")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.WARNING)
    print(f"Seed {options.seed}. RMSE over all steps, on held-out rows.\n")
    heads = ["series", "steps", *options.families, "promoted", "gradient boosting", "last value", "season before"]
    heads += ["to boosting", "to better baseline", "in 90 % interval", "seconds"]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}", flush=True)
    worse = 0
    for path in options.csv:
        if path.stem.endswith("_test"):
            continue
        for steps in options.steps:
            row = measured(path, steps, options.seed, options.families)
            if isinstance(row, str):
                print(f"| {path.stem} | {steps} | {row} |", flush=True)
                break
            worse += row.families[row.promoted] > row.baseline
            print(shown(row), flush=True)
    return 1 if worse else 0


def measured(path: Path, steps: int, seed: int, families: Sequence[ModelType]) -> Row | str:
    """Errors on a series, or why it is not trained."""
    test = path.with_name(f"{path.stem}_test.csv")
    try:
        held_out = test.read_bytes() if test.exists() else None
        prepared = prepare(PreprocessSettings(), path.read_bytes(), held_out)
        frames = read_frame(prepared.train), read_frame(prepared.test)
        started = time.monotonic()
        models = {
            family: train(
                TrainingSettings(model_type=family, output_seq_len=steps, seed=seed),
                CLAIM,
                *frames,
                lambda number, metrics: None,
                threading.Event(),
            )
            for family in families
        }
    except (CsvError, Refused) as error:
        return f"not trained: {str(error)[:80]}"
    seconds = time.monotonic() - started
    metrics = {family: model.metrics for family, model in models.items()}
    winner = best(Candidate(family, family, "-", 0, values) for family, values in metrics.items())
    assert winner is not None
    of_winner = winner.metrics
    ahead = models[winner.model_type].spec.output_seq_len
    return Row(
        path.stem,
        ahead,
        {family: values["test_rmse"] for family, values in metrics.items()},
        winner.model_type,
        boosting(frames, steps, seed),
        of_winner["baseline_rmse"],
        of_winner.get("seasonal_rmse"),
        of_winner.get("interval_90_coverage"),
        seconds,
    )


def boosting(frames: tuple[FeatureFrame, FeatureFrame], steps: int, seed: int) -> float:
    """RMSE of gradient boosting in raw units: differences to the last value, one model a step."""
    settings = TrainingSettings(output_seq_len=steps)
    ahead = horizon(settings, *frames)
    train_part, test = (windows_of(frame, settings.input_seq_len, ahead) for frame in frames)
    seen, asked = (part.inputs.reshape(len(part), -1) for part in (train_part, test))
    predicted = np.empty(test.targets.shape)
    for step in range(ahead):
        model = HistGradientBoostingRegressor(random_state=seed, **BOOSTING)
        model.fit(seen, train_part.targets[:, step] - train_part.last)
        predicted[:, step] = model.predict(asked) + test.last
    to_raw = frames[0].transform.target_to_raw
    return errors(to_raw(predicted), to_raw(test.targets))["rmse"]


def windows_of(frame: FeatureFrame, rows: int, ahead: int) -> Windows:
    """All windows of a frame."""
    transform = frame.transform
    return make_windows(frame.features, frame.times, transform.target_index, rows, ahead, transform.due, frame.imputed)


def shown(row: Row) -> str:
    """A row as Markdown."""
    promoted = row.families[row.promoted]
    cells = [row.series, str(row.ahead), *(f"{value:.4g}" for value in row.families.values()), row.promoted]
    cells += [f"{row.boosting:.4g}", f"{row.repeated:.4g}", "" if row.seasonal is None else f"{row.seasonal:.4g}"]
    cells += [change(promoted, row.boosting), change(promoted, row.baseline)]
    cells += ["" if row.coverage is None else f"{row.coverage:.1%}", f"{row.seconds:.0f}"]
    return f"| {' | '.join(cells)} |"


def change(value: float, reference: float) -> str:
    """How much more or less than a reference."""
    return f"{value / reference - 1:+.1%}" if reference > 0 else f"{value:.4g} of 0"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
