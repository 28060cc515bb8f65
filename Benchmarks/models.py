"""What benchmarks share about models."""
import pathlib


def flags(model, evaluation=None):
    """The flags of `mgrq run` for a model: a sample, or the folder of a checkpoint with `calibration` and `evaluation`
    inside, of which the latter may be elsewhere."""
    folder = pathlib.Path(model)
    if folder.is_dir():
        return ["--model", str(model), "--calibration", str(folder / "calibration"), "--evaluation",
                str(evaluation or folder / "evaluation")]
    return ["--model", f"sample:{model.removeprefix('sample:')}"]
