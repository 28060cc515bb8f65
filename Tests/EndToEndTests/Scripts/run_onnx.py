#!/usr/bin/env python3
"""Runs an exported graph in ONNX Runtime and compares it with the program's own logits.

    run_onnx.py TOOL MODEL GRAPH [IMAGES]

MODEL is what the graph was exported from: a run directory or a packed checkpoint. Both get the same IMAGES (64) images of
noise. The least change of an input gives another code here and there, so bounds are relative to a floor, which is
measured: the graph against itself on pixels with noise of 1e-7.

Prints KL, disagreements and floor. Ends with 1 where the graph is not the model, where onnx.checker refuses it, or where
ONNX Runtime has made a MatMulNBits of a weight, which quantizes activations as it likes.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def divergence(reference, other):
    """The mean KL divergence, and the share of images with another first class."""
    p, q = softmax(reference.astype(np.float64)), softmax(other.astype(np.float64))
    kl = (p * (np.log(np.maximum(p, 1e-30)) - np.log(np.maximum(q, 1e-30)))).sum(axis=1).mean()
    return kl, (reference.argmax(axis=1) != other.argmax(axis=1)).mean()


def main(tool, model, graph, images="64"):
    onnx.checker.check_model(graph, full_check=True)
    generator = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        optimized = pathlib.Path(folder, "optimized.onnx")
        options.optimized_model_filepath = str(optimized)
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        shape = [int(images)] + session.get_inputs()[0].shape[1:]
        pixels = generator.standard_normal(shape).astype(np.float32)
        np.save(f"{folder}/pixels.npy", pixels)
        subprocess.run(
            [tool, "predict", model, "--data", f"{folder}/pixels.npy", "--normalised", "--output",
             f"{folder}/logits.npz"], check=True, stdout=subprocess.DEVNULL)
        arrays = np.load(f"{folder}/logits.npz")
        reference = arrays["logits" if "logits" in arrays else "features"]
        operations = optimized.read_bytes()

    def run(pixels):
        return session.run(None, {"pixels": pixels})[0]

    logits = run(pixels)
    noisy = [
        run((pixels * (1 + 1e-7 * generator.standard_normal(pixels.shape))).astype(np.float32)) for _ in range(2)
    ]
    floors = [divergence(logits, other) for other in noisy]
    floor, changed = (max(values) for values in zip(*floors))
    kl, other = divergence(reference, logits)
    products = operations.count(b"MatMulIntegerToFloat") + operations.count(b"QLinearMatMul")
    print(f"KL {kl:.2e} (floor {floor:.2e}), other class {other:.3f} (floor {changed:.3f}), "
          f"largest difference {np.abs(reference - logits).max():.2e}, integer products {products}")
    failures = []
    if b"MatMulNBits" in operations:
        failures.append("ONNX Runtime made a MatMulNBits")
    if kl > max(1e-3, 3 * floor):
        failures.append(f"the KL is above {max(1e-3, 3 * floor):.2e}")
    if other > 0.005 + 2 * changed + 1 / len(pixels):
        failures.append("too many images get another class")
    for failure in failures:
        print(f"run_onnx.py: {graph}: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
