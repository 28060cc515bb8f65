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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graphs", nargs="+")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=30)
    arguments = parser.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    sessions = [
        onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        for graph in arguments.graphs
    ]
    shape = [arguments.batch] + sessions[0].get_inputs()[0].shape[1:]
    pixels = np.random.default_rng(1).standard_normal(shape).astype(np.float32)

    def seconds(session):
        start = time.process_time()
        session.run(None, {"pixels": pixels})
        return time.process_time() - start

    for session in sessions:
        for _ in range(3):
            seconds(session)
    rows = [[seconds(session) for session in sessions] for _ in range(arguments.pairs)]
    print(f"ONNX Runtime {onnxruntime.__version__}, batch {arguments.batch}, {arguments.pairs} pairs, one thread")
    print("| graph | ms an image | times faster |\n| --- | --- | --- |")
    for place, graph in enumerate(arguments.graphs):
        own = statistics.median(row[place] for row in rows) * 1000 / arguments.batch
        ratio = statistics.median(row[0] / row[place] for row in rows)
        print(f"| {graph} | {own:.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
