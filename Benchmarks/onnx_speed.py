#!/usr/bin/env python3
"""Times graphs in ONNX Runtime on one thread, each against the first, in alternating pairs.

    onnx_speed.py [--batch N] [--pairs N] FULL_PRECISION.onnx QUANTIZED.onnx...

A run with 16 bits for weights and activations exports the full-precision graph. Prints the median processor time of an
image and the median of the ratios of pairs. Needs onnxruntime and numpy.
"""

import argparse
import statistics
import time

import numpy as np
import onnxruntime


def session(graph, threads=1):
    """A session of ONNX Runtime on the processor, with its default optimizations."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def times(sessions, pixels, pairs):
    """The processor time of each session by turns, in seconds: a row for each of the pairs."""
    def seconds(run):
        start = time.process_time()
        run.run(None, {"pixels": pixels})
        return time.process_time() - start

    for run in sessions * 3:
        seconds(run)
    return [[seconds(run) for run in sessions] for _ in range(pairs)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graphs", nargs="+")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=30)
    arguments = parser.parse_args()
    sessions = [session(graph) for graph in arguments.graphs]
    shape = [arguments.batch] + sessions[0].get_inputs()[0].shape[1:]
    pixels = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    rows = times(sessions, pixels, arguments.pairs)
    print(f"ONNX Runtime {onnxruntime.__version__}, batch {arguments.batch}, {arguments.pairs} pairs, one thread")
    print("| graph | ms an image | times faster |\n| --- | --- | --- |")
    for place, graph in enumerate(arguments.graphs):
        own = statistics.median(row[place] for row in rows) * 1000 / arguments.batch
        ratio = statistics.median(row[0] / row[place] for row in rows)
        print(f"| {graph} | {own:.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
