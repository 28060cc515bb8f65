#!/usr/bin/env python3
"""Compares W8A8 files for ONNX Runtime: of mgrq's presets, of ONNX Runtime's quantize_static, and of NNCF.

    pip install numpy pillow onnx onnxruntime nncf
    deployment.py TOOL MODEL [--presets calibrate,ridge,mgrq] [--images 512] [--folder FOLDER] [--pairs 30]

MODEL is the folder of a checkpoint with `calibration` and `evaluation` inside: folders of images of one folder for each
class, of which as many calibration images as --images says are used, spread evenly. Every tool starts from the same graph
in full precision and the same prepared images. Runs of mgrq have the target onnxruntime-cpu and seed 1; they stay in
FOLDER, and what is there is not made again. Prints a table: top-1 and KL to full precision on the evaluation images with
half of a 95 % interval over images, the KL that noise of 1e-7 on the pixels makes, the file's size, and the processor
time of an image on one thread, against full precision in alternating pairs.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

from onnx_speed import session, times


def images(folder, preparation):
    """The prepared images of a folder and their classes, in the order of their names."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [(path, label) for label, part in enumerate(folders) for path in sorted(part.iterdir())]
    size = (preparation["width"], preparation["height"])
    mean, deviation = (np.float32(preparation[key]) for key in ("mean", "standard_deviation"))
    pixels = [np.asarray(Image.open(path).convert("RGB").resize(size, Image.BICUBIC), np.float32) for path, _ in files]
    prepared = (np.stack(pixels) / np.float32(255) - mean) / deviation
    return np.ascontiguousarray(prepared.transpose(0, 3, 1, 2)), np.array([label for _, label in files])


class Reader(CalibrationDataReader):
    def __init__(self, pixels):
        self.rest = iter(pixels)

    def get_next(self):
        image = next(self.rest, None)
        return None if image is None else {"pixels": image[None]}


def logits(path, pixels):
    run = session(path, 2)
    return np.concatenate([run.run(None, {"pixels": part})[0] for part in np.array_split(pixels, max(1, len(pixels) // 50))])


def divergences(reference, other):
    """KL of each image, in nats."""
    def logarithms(values):
        values = values.astype(np.float64)
        values = values - values.max(1, keepdims=True)
        return values - np.log(np.exp(values).sum(1, keepdims=True))

    first, second = logarithms(reference), logarithms(other)
    return (np.exp(first) * (first - second)).sum(1)


def latency(full, path, pixels, pairs):
    """The median processor time of an image in ms, and of the ratios of full precision to it."""
    rows = times([session(full), session(path)], pixels[:1], pairs)
    return statistics.median(row[1] for row in rows) * 1000, statistics.median(row[0] / row[1] for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--presets", default="calibrate,ridge,mgrq")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=30)
    options = parser.parse_args()
    folder = options.folder or pathlib.Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    chosen = folder / "calibration"
    files = sorted((options.model / "calibration").glob("*/*"))
    count = min(options.images, len(files))
    for place in range(count):
        file = files[place * len(files) // count]
        link = chosen / file.parent.name / file.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(file.resolve())

    def exported(name, preset, *flags):
        run, path = folder / name, folder / f"{name}.onnx"
        if not (run / "report.json").exists():
            subprocess.run(
                [options.tool, "run", "--model", options.model, "--calibration", chosen,
                 "--evaluation", options.model / "evaluation", "--set",
                 f"calibration_images={count}", "--preset", preset,
                 "--weight-bits", "8", "--activation-bits", "8", "--target", "onnxruntime-cpu", "--seed", "1", "--output", run,
                 *flags], check=True, capture_output=True)
        if not path.exists():
            subprocess.run([options.tool, "export", run, "--format", "onnx", "--output", path], check=True, capture_output=True)
        return path

    full = exported("full", "calibrate", "--site", "*=16")
    metadata = {entry.key: entry.value for entry in onnx.load(full).metadata_props}
    preparation = json.loads(metadata["image_preparation"])
    calibration, _ = images(chosen, preparation)
    evaluation, labels = images(options.model / "evaluation", preparation)
    reference = logits(full, evaluation)

    def static(name, **more):
        path, prepared = folder / f"{name}.onnx", folder / "prepared.onnx"
        if not path.exists():
            quant_pre_process(str(full), str(prepared), skip_symbolic_shape=True)
            quantize_static(str(prepared), str(path), Reader(calibration), quant_format=QuantFormat.QDQ, **more)
        return path

    def nncf_file():
        path = folder / "nncf.onnx"
        if not path.exists():
            import nncf
            data = nncf.Dataset(list(calibration), lambda image: {"pixels": image[None]})
            model = nncf.quantize(
                onnx.load(full), data, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(calibration))
            onnx.save(model, path)
        return path

    makers = [("full precision", lambda: full)]
    makers += [(f"mgrq, preset {preset}", lambda preset=preset: exported(preset, preset))
               for preset in options.presets.split(",")]
    makers += [
        ("quantize_static, default", lambda: static("static")),
        ("quantize_static, MatMul only, per channel", lambda: static(
            "static-matmul", per_channel=True, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8)),
        ("NNCF, transformer", nncf_file)]
    print(f"ONNX Runtime {onnxruntime.__version__}, {len(calibration)} calibration and {len(evaluation)} evaluation images, "
          f"{options.pairs} pairs on one thread", file=sys.stderr)
    print("| file | top-1, % | KL, nats | floor, nats | size, MB | ms an image | times faster |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    generator = np.random.default_rng(1)
    for name, make in makers:
        path = make()
        try:
            found = logits(path, evaluation)
        except Exception as error:  # the runtime has its own types, which it does not export
            reason = str(error).splitlines()[0].partition(": FAIL : ")[2] or str(error)
            print(f"| {name} | not loaded: {reason} |", flush=True)
            continue
        kl = divergences(reference, found)
        noisy = logits(path, evaluation * (1 + 1e-7 * generator.standard_normal(evaluation.shape)).astype(np.float32))
        milliseconds, ratio = latency(full, path, evaluation, options.pairs)
        print(f"| {name} | {(found.argmax(1) == labels).mean() * 100:.2f} | {kl.mean():.2e} ± "
              f"{1.96 * kl.std(ddof=1) / len(kl) ** 0.5:.1e} | {divergences(found, noisy).mean():.1e} | "
              f"{path.stat().st_size / 1e6:.1f} | {milliseconds:.2f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
