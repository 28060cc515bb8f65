#!/usr/bin/env python3
"""Makes one fault in an exported graph, for tests that it is found.

    damage_onnx.py FAULT GRAPH.onnx DAMAGED.onnx

Faults are the functions below; each changes one block or the pooling at most.
"""

import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper

BLOCK = "blocks.0"


class Graph:
    def __init__(self, path):
        self.model = onnx.load(path)
        self.graph = self.model.graph

    def node(self, name):
        return next(node for node in self.graph.node if node.name == name)

    def change(self, name, change):
        """Replaces a constant by what `change` makes of it."""
        tensor = next(tensor for tensor in self.graph.initializer if tensor.name == name)
        values = numpy_helper.to_array(tensor).copy()
        changed = change(values)
        values = values if changed is None else changed.astype(values.dtype)
        tensor.CopyFrom(numpy_helper.from_array(values, name))

    def add(self, name, values, type):
        self.graph.initializer.append(numpy_helper.from_array(np.array(values, type), name))


def exchanged(values):
    assert values.flat[0] != values.flat[1]
    values.flat[0], values.flat[1] = values.flat[1], values.flat[0]


def head_scales(graph):
    """Two heads' scales of the queries are exchanged, for codes and values alike."""
    graph.change(f"{BLOCK}.attn.q.scales", exchanged)
    graph.change(f"{BLOCK}.attn.q.steps", exchanged)


def head_values(graph):
    """Two heads' scales of the values are exchanged where codes become numbers."""
    graph.change(f"{BLOCK}.attn.v.steps", exchanged)


def head_levels(graph):
    """Two heads' largest values of the attention map are exchanged."""
    for name in ("log_deltas", "deltas"):
        graph.change(f"{BLOCK}.attn.softmax.{name}", exchanged)


def zero_point(graph):
    """An activation's zero point is one too many, for codes and values alike."""
    graph.change(f"{BLOCK}.mlp.fc1.input.zero_point", lambda value: value + 1)


def weight_zero_point(graph):
    """One channel's zero point of a weight is one too many."""
    def change(values):
        values[3] += 1
    graph.change(f"{BLOCK}.attn.qkv.weight.zero_points", change)


def half_up(graph):
    """Halves are rounded up, not to even."""
    site = f"{BLOCK}.mlp.fc1.input"
    node = graph.node(site)
    place = list(graph.graph.node).index(node)
    value, scale, zero = node.input
    graph.add(f"{site}.half", 0.5, np.float32)
    graph.add(f"{site}.least_float", 0, np.float32)
    graph.add(f"{site}.greatest_float", 255, np.float32)
    steps = [
        helper.make_node("Cast", [zero], [f"{site}.zero_float"], f"{site}.zero_float", to=1),
        helper.make_node("Div", [value, scale], [f"{site}.ratio"], f"{site}.ratio"),
        helper.make_node("Add", [f"{site}.ratio", f"{site}.half"], [f"{site}.shifted"], f"{site}.shifted"),
        helper.make_node("Floor", [f"{site}.shifted"], [f"{site}.rounded"], f"{site}.rounded"),
        helper.make_node("Add", [f"{site}.rounded", f"{site}.zero_float"], [f"{site}.sum"], f"{site}.sum"),
        helper.make_node(
            "Clip", [f"{site}.sum", f"{site}.least_float", f"{site}.greatest_float"], [f"{site}.positive"],
            f"{site}.positive"),
        helper.make_node("Cast", [f"{site}.positive"], list(node.output), site, to=2),
    ]
    del graph.graph.node[place]
    for step in reversed(steps):
        graph.graph.node.insert(place, step)


def score_factor(graph):
    """Scores are not divided by the root of a head's width."""
    (width,) = [node for node in graph.graph.initializer if node.name == f"{BLOCK}.attn.q.heads.shape"]
    root = np.sqrt(numpy_helper.to_array(width)[-1])
    graph.change(f"{BLOCK}.attn.q.steps", lambda values: values * root)


def other_bias(graph):
    """A layer has the bias of another one."""
    graph.node(f"{BLOCK}.mlp.fc1.sum").input[1] = "blocks.1.mlp.fc1.bias"


def weight_code(graph):
    """One code of a weight is off by one."""
    def change(values):
        values[5, 7] += -1 if values[5, 7] > 0 else 1
    graph.change(f"{BLOCK}.mlp.fc2.weight.codes", change)


def top_code(graph):
    """The highest code of a site is never used."""
    graph.change(f"{BLOCK}.attn.k.greatest", lambda value: value - 1)


def unquantized_input(graph):
    """A layer reads values that were not quantized, so that a runtime may quantize them as it likes."""
    graph.node(f"{BLOCK}.mlp.fc1").input[0] = graph.node(f"{BLOCK}.mlp.fc1.input").input[0]


def norm_gain(graph):
    """One gain of a norm is a little off."""
    def change(values):
        values[0] *= 1.001
    graph.change(f"{BLOCK}.norm2.weight", change)


def exchanged_operands(graph):
    """Keys and values are exchanged."""
    split = graph.node(f"{BLOCK}.attn.split")
    split.output[1], split.output[2] = split.output[2], split.output[1]


def pooled_query(graph):
    """One element of the query that pools is off by a step, which is one code."""
    scales = next(tensor for tensor in graph.graph.initializer if tensor.name == "attn_pool.q.scales")
    step = numpy_helper.to_array(scales).flat[0]

    def change(values):
        values.flat[0] += -step if values.flat[0] > 0 else step
    graph.change("attn_pool.query", change)


def pooled_query_value(graph):
    """One element of the query that pools is off by a tenth, where the query is not quantized."""
    def change(values):
        values.flat[0] *= 1.1
    graph.change("attn_pool.query", change)


def pooled_operands(graph):
    """Keys and values of the pooling are exchanged."""
    split = graph.node("attn_pool.split")
    split.output[0], split.output[1] = split.output[1], split.output[0]


def main(fault, path, damaged):
    graph = Graph(path)
    globals()[fault](graph)
    onnx.save(graph.model, damaged)


if __name__ == "__main__":
    main(*sys.argv[1:])
