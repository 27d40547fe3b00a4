"""How many rows ahead a series can be trained and measured for."""

from bisect import bisect_left

from flts.common.frames import FeatureFrame
from flts.common.windows import continuity
from flts.training.settings import TrainingSettings

# An interval of 90 % needs as many windows, see flts.common.intervals.
_FEWEST_WINDOWS = 9


def horizon(settings: TrainingSettings, data: FeatureFrame, held_out: FeatureFrame) -> int:
    """Rows ahead, OUTPUT_SEQ_LEN at most: the same for all model families, which see the same rows.

    Fewer where so many would leave less than half of the windows that one row ahead has, or fewer than 9, of the
    training or of the held-out rows. At least 1.
    """
    due = data.transform.due
    parts = [continuity(frame.times, due, frame.imputed) for frame in (data, held_out)]

    def windows(rows: int) -> list[int]:
        return [len(part.starts(settings.input_seq_len, rows)) for part in parts]

    # Where there is none, the trainer refuses the data.
    needed = [max(1, count / 2, min(count, _FEWEST_WINDOWS)) for count in windows(1)]

    def too_long(rows: int) -> bool:
        return any(count < least for count, least in zip(windows(rows), needed, strict=True))

    # More rows never have more windows.
    return max(1, bisect_left(range(1, settings.output_seq_len + 1), True, key=too_long))
