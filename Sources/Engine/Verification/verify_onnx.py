#!/usr/bin/env python3
"""Compares an exported ONNX file with what mgrq computes, operator by operator, unit by unit and as a whole.

    verify_onnx.py REQUEST.json

REQUEST names the graph, a trace (docs/trace.md) and a packed checkpoint (docs/packed-checkpoint.md) of the same model,
images with the logits that mgrq gives them, and the file that gets the result as JSON. Needs numpy, onnx and
onnxruntime; the runtime "openvino" needs openvino besides. `mgrq verify` runs it; docs/onnx.md has the bounds.
"""

import json
import pathlib
import platform
import statistics
import struct
import sys
import tempfile
import time

import numpy
import onnx
import onnxruntime

# An operator is fed the reference's codes: shares of codes that differ, and how many besides.
OPERATOR_CODES, OPERATOR_STEP, OPERATOR_VALUES = (3e-5, 2), 1, 1e-5
# A unit is fed the reference's input. One flipped code flips others, so that its own noise floor counts, too, with what
# follows from the flips that operators are allowed.
UNIT_CODES, UNIT_STEP, UNIT_VALUES = (1e-3, 2), (2, 1 / 32), 5e-3
# The whole model: KL in nats, and the share of other answers besides twice the noise floor's, with two standard errors.
MODEL_KL, MODEL_CHANGED, CHANGED_FLOORS, CHANGED_ERRORS = 1e-3, 0.005, 2, 2
# Codes, values and KL may differ by that many noise floors.
FLOORS = 3
# The least relative noise on what a unit reads, and how many times it is drawn.
NOISE, DRAWS = 1e-7, 6
LN2 = 0.6931471805599453
# Searched logarithmic levels are powers of 2^(1/37); shifted ones have this much added first.
DENOMINATOR, SHIFT = 37, 0.1699712
# Around a logarithmic boundary two ways to compute a logarithm may differ.
LOG_MARGIN, ANY = 0.02, -1


# --- Files -----------------------------------------------------------------------------------------------------------


class Tensors:
    """The tensors of a safetensors file, by name, and its metadata."""

    TYPES = {"F32": "<f4", "U8": "u1", "I64": "<i8"}

    def __init__(self, path):
        self.data = numpy.memmap(path, mode="r")
        (length,) = struct.unpack("<Q", self.data[:8].tobytes())
        self.header = json.loads(self.data[8:8 + length].tobytes())
        self.metadata = self.header.pop("__metadata__", {})
        self.start = 8 + length
        self.bits = json.loads(self.metadata["sites"]) if "sites" in self.metadata else {}

    def __contains__(self, name):
        return name in self.header

    def __getitem__(self, name):
        entry = self.header[name]
        first, last = (self.start + offset for offset in entry["data_offsets"])
        return self.data[first:last].view(self.TYPES[entry["dtype"]]).reshape(entry["shape"])

    def values(self, name):
        """The values of a weight, with the floats that the packed checkpoint defines."""
        if f"{name}.codes" not in self:
            return self[name]
        bits = self.bits[name]["bits"]
        scales, zeros = self[f"{name}.scales"], self[f"{name}.zero_points"].astype(numpy.float32)
        stored = numpy.unpackbits(self[f"{name}.codes"], bitorder="little")
        count = stored.size // bits // len(scales) * len(scales)
        digits = stored[:count * bits].reshape(count, bits)
        codes = (digits << numpy.arange(bits, dtype=numpy.uint8)).sum(axis=1, dtype=numpy.uint8)
        codes = codes.reshape(len(scales), -1).astype(numpy.float32)
        return scales[:, None] * (codes - zeros[:, None])


class Graph:
    """A graph whose parts can be run by themselves."""

    def __init__(self, path):
        self.model = onnx.load(path, load_external_data=False)
        graph = self.model.graph
        # The files beside it that hold constants.
        self.data_files = sorted({
            entry.value for tensor in graph.initializer for entry in tensor.external_data
            if entry.key == "location"})
        onnx.load_external_data_for_model(self.model, str(pathlib.Path(path).parent))
        self.nodes = {node.name: node for node in graph.node}
        self.producers = {output: node for node in graph.node for output in node.output}
        self.places = {node.name: place for place, node in enumerate(graph.node)}
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.metadata = {entry.key: entry.value for entry in self.model.metadata_props}
        self.input = graph.input[0].name
        self.output = graph.output[0].name

    def part(self, given, outputs):
        """The bytes of a model that computes `outputs` of `given`: element type and extents of each tensor, by name.

        What is given is called NAME#given, so that the same tensor can be computed, too.
        """
        nodes, constants, seen = {}, {}, set()
        waiting = [self.producers[output] for output in outputs]
        while waiting:
            node = waiting.pop()
            if node.name in nodes:
                continue
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            nodes[node.name] = copy
            for place, name in enumerate(node.input):
                if name in given:
                    copy.input[place] = f"{name}#given"
                elif name in self.constants:
                    constants[name] = self.constants[name]
                elif name in self.producers:
                    waiting.append(self.producers[name])
                elif name:
                    raise Failure(f"{node.name} depends on {name}, which is not given")
                seen.add(name)
        inputs = [
            onnx.helper.make_tensor_value_info(f"{name}#given", *given[name]) for name in given if name in seen
        ]
        graph = onnx.helper.make_graph(
            sorted(nodes.values(), key=lambda node: self.places[node.name]), "part", inputs,
            [onnx.helper.make_empty_tensor_value_info(name) for name in outputs], list(constants.values()))
        model = onnx.helper.make_model(graph, opset_imports=self.model.opset_import)
        model.ir_version = self.model.ir_version
        return model.SerializeToString()

    def disturbable(self, tensors):
        """The bytes of the same model with each of the tensors multiplied by an input, NAME#noise, before it is read.

        `tensors` has the extents of each by name.
        """
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        del model.graph.node[:]
        for node in self.model.graph.node:
            copy = model.graph.node.add()
            copy.CopyFrom(node)
            copy.input[:] = [f"{name}#noisy" if name in tensors else name for name in node.input]
            for name in node.output:
                if name in tensors:
                    model.graph.node.append(onnx.helper.make_node(
                        "Mul", [name, f"{name}#noise"], [f"{name}#noisy"], f"{name}#noisy"))
        model.graph.input.extend(
            onnx.helper.make_tensor_value_info(f"{name}#noise", onnx.TensorProto.FLOAT, extents)
            for name, extents in tensors.items())
        return model.SerializeToString()

    def constant(self, name):
        return onnx.numpy_helper.to_array(self.constants[name])


class Failure(Exception):
    """A graph is not what was expected of it."""


# --- Runtimes --------------------------------------------------------------------------------------------------------


class OnnxRuntime:
    """ONNX Runtime on the processor, with its default optimizations."""

    name = "ONNX Runtime"
    settings = []
    # Checks that it does not allow, and why.
    omitted = []
    # Whether it divides by scales, as the definition does, so that ties are ties.
    divides_exactly = True

    def __init__(self, threads):
        self.threads = threads
        self.version = onnxruntime.__version__

    def load(self, model, optimized=None, is_optimized=True, threads=None):
        """A function from inputs by name to the list of outputs; `optimized` gets the optimized graph."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if not is_optimized:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        if optimized:
            options.optimized_model_filepath = optimized
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = {entry.name for entry in session.get_inputs()}
        return lambda inputs: session.run(
            None, {name: value for name, value in inputs.items() if name in names})


class OpenVINO:
    """OpenVINO on the processor, told to leave activations as the graph quantizes them."""

    name = "OpenVINO"
    SETTINGS = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
    # Some graphs need more registers than its generated code has.
    FEWER_REGISTERS = {"SNIPPETS_MODE": "DISABLE"}
    omitted = [
        ("quantizers at ties", "OpenVINO multiplies by the inverse of a scale, so that a tie goes either way; that the file "
         "sends ties to the even integer was checked in ONNX Runtime"),
        ("MatMulNBits", "OpenVINO has no such operator; it was told not to quantize activations by itself"),
    ]
    divides_exactly = False

    def __init__(self, threads):
        import openvino

        self.core = openvino.Core()
        self.threads = threads
        self.version = openvino.__version__.split("-")[0]
        self.used = dict(self.SETTINGS)

    @property
    def settings(self):
        return [f"{key}={value}" for key, value in self.used.items()]

    def compile(self, model, threads):
        read = self.core.read_model(model)
        settings = self.SETTINGS | {"INFERENCE_NUM_THREADS": threads or self.threads}
        try:
            return self.core.compile_model(read, "CPU", settings)
        except RuntimeError:
            self.used |= self.FEWER_REGISTERS
            return self.core.compile_model(read, "CPU", settings | self.FEWER_REGISTERS)

    def integer_products(self, model):
        """The number of products of bytes in the graph as it is run."""
        products = 0
        for node in self.compile(model, None).get_runtime_model().get_ordered_ops():
            facts = {key: str(value.astype(str)) for key, value in node.get_rt_info().items()}
            is_product = facts.get("layerType") in ("FullyConnected", "MatMul", "Convolution")
            products += is_product and facts.get("runtimePrecision") in ("u8", "i8")
        return products

    def load(self, model, optimized=None, is_optimized=True, threads=None):
        compiled = self.compile(model, threads)
        names = {name for entry in compiled.inputs for name in entry.names}

        def run(inputs):
            results = compiled({name: value for name, value in inputs.items() if name in names})
            return [results[entry] for entry in compiled.outputs]
        return run


# --- Checks ----------------------------------------------------------------------------------------------------------


class Checks:
    """The outcome of each check: where it is worst, measured against its bound."""

    def __init__(self):
        self.entries = []

    def add(self, name, measured, bound, place=None, compared=None, detail=None):
        holds = bool(measured <= bound)
        entry = {
            "name": name, "place": place if measured > 0 else None, "measured": float(measured), "bound": float(bound),
            "compared": compared, "holds": holds, "detail": detail}
        for kept in self.entries:
            if kept["name"] != name:
                continue
            # The first failure stays: what comes after it may follow from it.
            if kept["holds"] and (not holds or distance(entry) > distance(kept)):
                entry["compared"] = total(kept["compared"], compared)
                kept.update(entry)
            else:
                kept["compared"] = total(kept["compared"], compared)
            return
        self.entries.append(entry)

    def fails(self, name, error, place=None):
        """Records that a check could not be made."""
        text = " ".join(str(error).split())
        self.add(name, numpy.inf, 0, place=place, detail=text[:300])


def distance(entry):
    return entry["measured"] / entry["bound"] if entry["bound"] else entry["measured"]


def total(*counts):
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def code_differences(found, expected):
    """How many codes differ, and the largest difference."""
    difference = numpy.abs(found.astype(numpy.int16) - expected.astype(numpy.int16))
    return numpy.count_nonzero(difference), int(difference.max(initial=0))


def matched(values, reference):
    """Values in the shape of the reference's; those of one image stand for all, as a query that is a constant does."""
    if values.size == reference.size:
        return values.reshape(reference.shape)
    return numpy.broadcast_to(values, reference.shape)


def in_parts(run, inputs, size=64):
    """The first output for all images of the inputs, so many at a time."""
    count = len(next(iter(inputs.values())))
    return numpy.concatenate([
        run({name: values[start:start + size] for name, values in inputs.items()})[0]
        for start in range(0, count, size)])


def disturbed(values, draws, noise=NOISE, seed=5):
    """The values with relative noise, for every draw."""
    generator = numpy.random.default_rng(seed)
    for _ in range(draws):
        yield (values * (1 + noise * generator.standard_normal(values.shape))).astype(numpy.float32)


def relative_difference(found, expected):
    found, expected = found.astype(numpy.float64), expected.astype(numpy.float64)
    size = numpy.sqrt(numpy.mean(expected ** 2))
    return numpy.sqrt(numpy.mean((found - expected) ** 2)) / max(size, 1e-30)


def divergence(reference, other):
    """The mean KL in nats, and the share of images with another answer."""
    def softmax(logits):
        powers = numpy.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    changed = (reference.argmax(axis=1) != other.argmax(axis=1)).mean()
    p, q = softmax(reference.astype(numpy.float64)), softmax(other.astype(numpy.float64))
    kl = (p * (numpy.log(numpy.maximum(p, 1e-30)) - numpy.log(numpy.maximum(q, 1e-30)))).sum(axis=1).mean()
    return max(kl, 0), changed


# --- Sites -----------------------------------------------------------------------------------------------------------


class Site:
    """Where a site's codes are in a graph, and what they are there."""

    # The nodes between a site's values and its codes.
    FAMILY = ("clipped", "ratio", "rounded", "sum", "positive", "log", "shifted", "order")

    def __init__(self, graph, name, kind, bits):
        self.name, self.kind, self.bits = name, kind, bits
        self.graph = graph
        self.order = None
        if kind == "full_precision":
            self.tensor, self.type = self.values_tensor(), onnx.TensorProto.FLOAT
            return
        node = graph.nodes.get(f"{name}.clipped") or graph.nodes.get(name)
        if node is None:
            raise Failure(f"the graph has no node {name}")
        self.tensor = node.output[0]
        # Codes whose zero point fits no byte are floats.
        is_byte = graph.nodes[name].op_type != "Clip"
        self.type = onnx.TensorProto.UINT8 if is_byte else onnx.TensorProto.FLOAT
        self.entry = self.tensor
        while True:
            node = graph.producers.get(self.entry)
            if node is None or not (node.name == name or self.is_family(node.name)):
                break
            if node.op_type == "Transpose":
                self.order = list(node.attribute[0].ints)
            computed = [value for value in node.input if value not in graph.constants]
            # The query of a pooling is a constant itself.
            self.entry = computed[0] if computed else node.input[0]

    def is_family(self, node):
        return any(node == f"{self.name}.{part}" for part in self.FAMILY)

    def values_tensor(self):
        """The tensor of a site in full precision."""
        nodes = self.graph.nodes
        if self.name.endswith(".input"):
            return nodes[self.name[:-len(".input")]].input[0]
        if f"{self.name}.map" in nodes:
            return nodes[f"{self.name}.map"].output[0]
        return nodes[f"{self.name}.order"].input[0]

    @property
    def is_logarithmic(self):
        return self.kind in ("log_sqrt2", "searched_log", "shifted_log")

    def from_trace(self, values):
        """The reference's codes or values as the graph has them."""
        if self.is_logarithmic:
            values = (1 << self.bits) - 1 - values
        if self.order:
            values = values.transpose(self.order)
        return values.astype(numpy.uint8 if self.type == onnx.TensorProto.UINT8 else numpy.float32)

    def probe(self, packed):
        """Values on and between all levels of every group, `[points, groups]`, the codes they must get there, and where
        both neighbours of a value are as near.

        A logarithmic attention map is fed logarithms, and has its codes the other way round.
        """
        top = (1 << self.bits) - 1
        if self.kind == "uniform":
            scales = packed[f"{self.name}.scales"]
            zeros = packed[f"{self.name}.zero_points"].astype(numpy.float32)
            # Every half step: levels, and ties, which go to the even integer.
            steps = numpy.arange(-4, 2 * top + 5, dtype=numpy.float32)[:, None] / 2 - zeros
            values = steps * scales
            codes = numpy.clip(numpy.rint(values / scales) + zeros, 0, top)
            is_tie = numpy.broadcast_to(numpy.arange(len(steps))[:, None] % 2 == 1, values.shape)
            return values, codes.astype(numpy.int16), is_tie
        deltas = packed[f"{self.name}.deltas"].astype(numpy.float64)
        steps = packed[f"{self.name}.steps"] if self.kind != "log_sqrt2" else DENOMINATOR / 2
        octaves = numpy.broadcast_to(numpy.asarray(steps, numpy.float64) / DENOMINATOR, deltas.shape)
        shift = numpy.float32(SHIFT if self.kind == "shifted_log" else 0)
        # Quarters of a step; halves are boundaries, where both codes are right.
        exponents = numpy.arange(-2, 4 * top + 4)[:, None] / 4
        if self.name.endswith(".softmax"):
            values = (numpy.log(deltas) - exponents * octaves * LN2).astype(numpy.float32)
            places = (numpy.log(deltas) - values) / (octaves * LN2)
        else:
            values = (deltas * 2 ** (-exponents * octaves) - shift).astype(numpy.float32)
            places = numpy.log2(deltas / numpy.maximum(values + shift, numpy.float32(1e-38))) / octaves
        is_near = numpy.abs(places - numpy.floor(places) - 0.5) < LOG_MARGIN
        codes = top - numpy.clip(numpy.rint(places), 0, top)
        return values, numpy.where(is_near, ANY, codes).astype(numpy.int16), numpy.zeros(values.shape, bool)

    def probe_shape(self, values):
        """A probe as the site's values lie in the graph: groups on the axis of heads, if there are several."""
        if self.name.endswith(".softmax"):
            return values.T[None, :, :, None]
        if self.name.rsplit(".", 1)[-1] in ("q", "k", "v"):
            return values[None, :, :, None]
        return values.reshape(1, -1, 1)


class Unit:
    """A unit of a graph, and what the reference has of its tensors."""

    def __init__(self, graph, trace, facts, sites, start, end):
        self.graph, self.name = graph, facts["name"]
        self.start, pixels_or_input = start
        self.reference = {self.start: pixels_or_input}
        self.sites = {}
        for site in (sites[site["name"]] for site in facts["sites"]):
            if site.tensor == self.start:
                continue
            stored = trace[f"{site.name}.{'values' if site.kind == 'full_precision' else 'codes'}"]
            self.sites[site.tensor] = site
            self.reference[site.tensor] = site.from_trace(stored)
        # Names of the reference's values, by tensor.
        self.values = {end: f"{self.name}.output"}
        middle = f"{self.name}.attn.residual"
        if middle in trace:
            self.values[middle] = middle
        for tensor, stored in self.values.items():
            self.reference[tensor] = trace[stored]
        # A query in full precision that is a constant is no output of a graph.
        self.constants = {
            tensor: graph.constant(tensor) for tensor in self.sites if tensor in graph.constants}
        self.outputs = [tensor for tensor in [*self.sites, *self.values] if tensor not in self.constants]
        self.known = [tensor for tensor in self.reference if tensor not in graph.constants and tensor != end]
        self.codes = [tensor for tensor, site in self.sites.items() if site.kind != "full_precision"]
        self.values |= {tensor: site.name for tensor, site in self.sites.items() if site.kind == "full_precision"}

    def load(self, runtime, given):
        """A function that runs the unit on the reference's tensors `given`, or others for some of them, and returns all
        tensors that the reference has."""
        types = {tensor: self.sites[tensor].type if tensor in self.sites else onnx.TensorProto.FLOAT for tensor in given}
        information = {
            tensor: (kind, ["batch", *self.reference[tensor].shape[1:]]) for tensor, kind in types.items()}
        load = runtime.load(self.graph.part(information, self.outputs))

        def run(others=None):
            inputs = {tensor: self.reference[tensor] for tensor in given} | (others or {})
            found = load({f"{tensor}#given": numpy.ascontiguousarray(values) for tensor, values in inputs.items()})
            return {
                tensor: matched(values, self.reference[tensor])
                for tensor, values in [*zip(self.outputs, found), *self.constants.items()]}
        return run

    def code_differences(self, found, expected):
        """How many codes of the unit differ, and the largest difference."""
        pairs = [code_differences(found[tensor], expected[tensor]) for tensor in self.codes]
        return sum(differing for differing, _ in pairs), max(step for _, step in pairs)


# --- The proof -------------------------------------------------------------------------------------------------------


class Verifier:
    def __init__(self, request):
        self.request = request
        self.definition = OnnxRuntime(request["threads"])
        self.runtime = OpenVINO(request["threads"]) if request["runtime"] == "openvino" else self.definition
        self.checks = Checks()
        self.graph = None
        self.floor = None
        self.products = None
        self.latency = None
        # Codes that operators gave instead of the reference's, by unit and tensor, where that is accepted.
        self.accepted_flips = {}

    def run(self, folder):
        checks, request = self.checks, self.request
        try:
            onnx.checker.check_model(request["graph"], full_check=True)
            checks.add("onnx.checker", 0, 0)
        except Exception as error:
            checks.fails("onnx.checker", error)
        try:
            self.graph = Graph(request["graph"])
        except Exception as error:
            return checks.fails("onnx.checker", error)
        self.trace, self.packed = Tensors(request["trace"]), Tensors(request["packed"])
        self.units = json.loads(self.trace.metadata["units"])
        self.attempt("weights", self.check_weights)
        self.attempt("other tensors", self.check_tensors)
        try:
            ends = json.loads(self.graph.metadata["units"])
            self.boundaries = {entry["name"]: entry["output"] for entry in ends}
            self.sites = {
                site["name"]: Site(self.graph, **site) for unit in self.units for site in unit["sites"]}
        except Exception as error:
            checks.fails("operator codes", error)
        else:
            for site in self.sites.values():
                if site.kind != "full_precision":
                    self.attempt("quantizers", self.check_quantizer, site)
            for place in range(len(self.units)):
                self.attempt("operator codes", self.check_operators, place)
            for place in range(len(self.units)):
                self.attempt("unit codes", self.check_unit, place)
        self.attempt("KL", self.check_model, folder)
        if request["full_precision"] and all(entry["holds"] for entry in checks.entries):
            self.measure_latency()

    def attempt(self, name, check, *arguments):
        """Makes a check; a graph that cannot be run fails it."""
        place = None
        for argument in arguments[:1]:
            place = self.units[argument]["name"] if isinstance(argument, int) else getattr(argument, "name", None)
        try:
            check(*arguments)
        except Exception as error:
            self.checks.fails(name, f"{type(error).__name__}: {error}", place)

    def check_weights(self):
        """Every weight, as the graph computes it from its constants, is that of the packed checkpoint."""
        for unit in self.units:
            names = {layer: self.graph.nodes[layer].input[1] for layer in unit["layers"]}
            computed = [name for name in names.values() if name not in self.graph.constants]
            found = {}
            if computed:
                model = self.graph.part({}, computed)
                run = self.definition.load(model, is_optimized=False)
                found = dict(zip(computed, run({})))
            for layer, name in names.items():
                expected = self.packed.values(f"{layer}.weight")
                values = found[name] if name in found else self.graph.constant(name)
                if self.graph.nodes[layer].op_type == "Conv":
                    values = values.reshape(values.shape[0], -1)
                else:
                    values = values.T
                expected = expected.reshape(expected.shape[0], -1)
                if values.shape != expected.shape:
                    raise Failure(f"{layer}.weight has the shape {values.shape}, not {expected.shape}")
                self.checks.add(
                    "weights", numpy.count_nonzero(values != expected), 0, f"{layer}.weight", expected.size)

    def check_tensors(self):
        """Biases and other vectors with a name of the packed checkpoint are its tensors."""
        for name, entry in self.packed.header.items():
            is_quantizer = name.rsplit(".", 1)[-1] in ("scales", "zero_points", "deltas", "steps", "codes")
            is_vector = all(extent == 1 for extent in entry["shape"][:-1])
            if is_quantizer or not is_vector or name not in self.graph.constants:
                continue
            found, expected = self.graph.constant(name).ravel(), self.packed[name].ravel()
            if found.shape != expected.shape:
                raise Failure(f"{name} has {found.size} elements, not {expected.size}")
            self.checks.add(
                "other tensors", numpy.count_nonzero(found != expected), 0, name, found.size)

    def check_quantizer(self, site):
        """A site gives values on and between its levels the codes that its definition gives them."""
        values, expected, is_tie = (site.probe_shape(part) for part in site.probe(self.packed))
        if site.order:
            expected, is_tie = expected.transpose(site.order), is_tie.transpose(site.order)
        given = {site.entry: (onnx.TensorProto.FLOAT, list(values.shape))}
        part = self.graph.part(given, [site.tensor])
        # The definition of the graph is that of ONNX, whatever runs it.
        for runtime in [self.runtime] if self.runtime.divides_exactly else [self.definition, self.runtime]:
            (found,) = runtime.load(part)({f"{site.entry}#given": numpy.ascontiguousarray(values)})
            differs = (found != expected) & (expected != ANY)
            if not runtime.divides_exactly:
                differs &= ~is_tie | (numpy.abs(found.astype(numpy.int16) - expected) > 1)
            self.checks.add("quantizers", numpy.count_nonzero(differs), 0, site.name, int(expected.size))

    def unit(self, place):
        """The unit at a place of the model."""
        facts = self.units[place]
        start = self.boundaries[self.units[place - 1]["name"]] if place > 0 else self.graph.input
        pixels_or_input = self.trace[f"{facts['name']}.input" if place > 0 else "pixels"]
        return Unit(self.graph, self.trace, facts, self.sites, (start, pixels_or_input), self.boundaries[facts["name"]])

    def check_operators(self, place):
        """Runs every operator of a unit on the reference's codes."""
        unit = self.unit(place)
        found = unit.load(self.runtime, unit.known)()
        self.accepted_flips[unit.name] = {}
        for tensor in unit.codes:
            count = int(unit.reference[tensor].size)
            differing, step = code_differences(found[tensor], unit.reference[tensor])
            bound = OPERATOR_CODES[0] * count + OPERATOR_CODES[1]
            self.checks.add("operator codes", differing, bound, unit.sites[tensor].name, count)
            self.checks.add("operator step", step, OPERATOR_STEP, unit.sites[tensor].name, count)
            if 0 < differing <= bound and step <= OPERATOR_STEP:
                self.accepted_flips[unit.name][tensor] = found[tensor]
        for tensor, stored in unit.values.items():
            difference = relative_difference(found[tensor], unit.reference[tensor])
            count = int(unit.reference[tensor].size)
            self.checks.add("operator values", difference, OPERATOR_VALUES, stored, count)

    def check_unit(self, place):
        """Runs a unit on the reference's input."""
        unit = self.unit(place)
        run = unit.load(self.runtime, [unit.start])
        found = run()
        noise = max(NOISE, self.operator_noise)
        noisy = [
            run({unit.start: values}) for values in disturbed(unit.reference[unit.start], DRAWS, noise)]
        # What each of the flips that operators are allowed does behind it.
        flipped = []
        for tensor, codes in self.accepted_flips.get(unit.name, {}).items():
            forced = unit.load(self.runtime, [unit.start, tensor])
            flipped.append((forced({tensor: codes}), forced()))

        def floor(measure):
            """How far the unit moves by itself: the most that noise does, and all that accepted flips do."""
            by_noise = numpy.max([measure(other, found) for other in noisy], axis=0)
            return by_noise + numpy.sum([measure(*pair) for pair in flipped], axis=0)

        if unit.codes:
            count = int(sum(unit.reference[tensor].size for tensor in unit.codes))
            own, own_step = floor(unit.code_differences)
            differing, _ = unit.code_differences(found, unit.reference)
            bound = max(UNIT_CODES[0] * count + UNIT_CODES[1], FLOORS * own)
            self.checks.add("unit codes", differing, bound, unit.name, count)
            for tensor in unit.codes:
                # Steps of many levels are small.
                bound = max(UNIT_STEP[0], UNIT_STEP[1] * (1 << unit.sites[tensor].bits)) + own_step
                _, step = code_differences(found[tensor], unit.reference[tensor])
                self.checks.add("unit step", step, bound, unit.sites[tensor].name, int(unit.reference[tensor].size))
        for tensor, stored in unit.values.items():
            own = floor(lambda other, one: relative_difference(other[tensor], one[tensor]))
            difference = relative_difference(found[tensor], unit.reference[tensor])
            bound = max(UNIT_VALUES, FLOORS * own)
            self.checks.add("unit values", difference, bound, stored, int(unit.reference[tensor].size))

    @property
    def operator_noise(self):
        """How far the runtime's operators are from the definition's, relative to their outputs, up to what is accepted."""
        found = [entry["measured"] for entry in self.checks.entries if entry["name"] == "operator values"]
        return min(max(found, default=0), OPERATOR_VALUES)

    def check_model(self, folder):
        """The whole graph, with default optimizations, against the reference's logits and its own noise floor."""
        images = Tensors(self.request["images"])
        pixels, reference = numpy.array(images["pixels"]), images["logits"]
        optimized = str(pathlib.Path(folder, "optimized.onnx"))
        is_onnxruntime = isinstance(self.runtime, OnnxRuntime)
        run = self.runtime.load(self.request["graph"], optimized if is_onnxruntime else None)

        found = in_parts(run, {self.graph.input: pixels})
        if is_onnxruntime:
            operations = [node.op_type for node in onnx.load(optimized, load_external_data=False).graph.node]
            self.products = sum(
                operation in ("MatMulIntegerToFloat", "QLinearMatMul", "MatMulInteger", "DynamicQuantizeMatMul",
                              "QLinearConv", "QGemm") for operation in operations)
            self.checks.add("MatMulNBits", operations.count("MatMulNBits"), 0, compared=len(operations))
        else:
            self.products = self.runtime.integer_products(self.request["graph"])
        kl_floor, changed_floor = self.model_floor(pixels)
        self.floor = {"kl": kl_floor, "changed": 100 * changed_floor}
        kl, changed = divergence(reference, found)
        if not numpy.isfinite(found).all():
            kl = numpy.inf
        self.checks.add("KL", kl, max(MODEL_KL, FLOORS * kl_floor), compared=len(pixels))
        share = min(MODEL_CHANGED + CHANGED_FLOORS * changed_floor, 1)
        # So few images say a share with this error only.
        error = numpy.sqrt(share * (1 - share) / len(pixels))
        bound = share + max(1 / len(pixels), CHANGED_ERRORS * error)
        self.checks.add("other answers", changed, bound, compared=len(pixels))

    def model_floor(self, pixels):
        """How far the model moves by itself: KL and the share of other answers, the most of all draws.

        Noise is on what every unit reads, as for units by themselves: codes swallow that on pixels alone, and every
        operator behind them rounds anew.
        """
        names = [self.boundaries[unit["name"]] for unit in self.units[:-1]]
        part = self.graph.part({self.graph.input: (onnx.TensorProto.FLOAT, [None, *pixels.shape[1:]])}, names)
        found = self.definition.load(part)({f"{self.graph.input}#given": pixels[:1]})
        extents = {name: values.shape[1:] for name, values in zip(names, found)}
        run = self.runtime.load(
            self.graph.disturbable({name: [None, *shape] for name, shape in extents.items()}))

        def logits(pixels, factors):
            noise = {f"{name}#noise": values for name, values in factors.items()}
            return in_parts(run, {self.graph.input: pixels} | noise)

        ones = {name: numpy.ones((len(pixels), *shape), numpy.float32) for name, shape in extents.items()}
        calm = logits(pixels, ones)
        noise = max(NOISE, self.operator_noise)
        draws = [disturbed(values, DRAWS, noise, seed) for seed, values in enumerate([pixels, *ones.values()])]
        return numpy.max(
            [divergence(calm, logits(noisy, dict(zip(ones, factors)))) for noisy, *factors in zip(*draws)], axis=0)

    def measure_latency(self):
        """Times one image, the graph in full precision and the quantized one by turns."""
        threads, pairs = self.request["latency_threads"], self.request["pairs"]
        runs = [self.runtime.load(self.request[graph], threads=threads) for graph in ("full_precision", "graph")]
        pixels = numpy.array(Tensors(self.request["images"])["pixels"][:1])
        # Others may use the machine; the time of the processor does not count them.
        clock = time.process_time if threads == 1 else time.perf_counter

        def seconds(run):
            start = clock()
            run({self.graph.input: pixels})
            return clock() - start

        for run in runs:
            for _ in range(3):
                seconds(run)
        times = [[seconds(run) for run in runs] for _ in range(pairs)]
        self.latency = {
            "threads": threads, "pairs": pairs, "is_processor_time": threads == 1,
            "full_precision_milliseconds": 1000 * statistics.median(full for full, _ in times),
            "milliseconds": 1000 * statistics.median(own for _, own in times),
            "speedup": statistics.median(full / max(own, 1e-9) for full, own in times)}


def processor():
    """The processor's name, and whether it has products of bytes that cannot overflow."""
    name, has_vnni = platform.processor() or platform.machine(), False
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return name, has_vnni
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        if key.strip() in ("flags", "Features"):
            has_vnni = bool({"avx512_vnni", "avx_vnni", "asimddp"} & set(value.split()))
    return name, has_vnni


def main(path):
    request = json.loads(pathlib.Path(path).read_text())
    verifier = Verifier(request)
    with tempfile.TemporaryDirectory(dir=pathlib.Path(path).parent) as folder:
        verifier.run(folder)
    name, has_vnni = processor()
    for entry in verifier.checks.entries:
        if not numpy.isfinite(entry["measured"]):
            entry["measured"] = None
    result = {
        "runtime": {
            "name": verifier.runtime.name, "version": verifier.runtime.version,
            "python": platform.python_version(), "processor": name, "has_vnni": has_vnni,
            "integer_products": verifier.products, "settings": verifier.runtime.settings},
        "checks": verifier.checks.entries,
        "omitted": [{"name": name, "reason": reason} for name, reason in verifier.runtime.omitted],
        "data_files": verifier.graph.data_files if verifier.graph else [],
        "floor": verifier.floor, "latency": verifier.latency}
    pathlib.Path(request["result"]).write_text(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
