"""Runs quantized models in PyTorch: what `mgrq export RUN --format torch` wrote, in a model of timm, Transformers or
torchvision.

    model = timm.create_model("deit_small_patch16_224")
    mgrq_torch.load(model, "deit.safetensors")
    logits = model(images)

`load` copies the tensors, which have the checkpoint's own names, and from then on the model's forward pass quantizes
what its linear layers and the products of its attention read. That pass is not changed, so that images go in as before.
What the model keeps in full precision stays so. Needs torch and safetensors; the pass is for inference, without a
gradient through roundings.
"""
import collections
import functools
import json

import safetensors
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

FORMAT, VERSION = "mgrq-torch", "1"
# Searched logarithmic levels are powers of 2^(1/37); shifted ones have this much added first.
DENOMINATOR, SHIFT = 37, 0.1699712

PRODUCTS = {torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__, torch.bmm, torch.Tensor.bmm}
MULTIPLICATIONS = {torch.mul, torch.Tensor.mul, torch.Tensor.__mul__}
ACTIVATIONS = {F.gelu, F.relu, torch.relu, torch.Tensor.relu, F.silu}


class Quantizer(torch.nn.Module):
    """Quantizes and dequantizes values.

    kind: "uniform", "log_sqrt2", "searched_log" or "shifted_log", as in mgrq's packed checkpoints.
    bits: The width of a code.
    first: Scales, or the largest values of logarithmic levels: one, or one for each head.
    second: Zero points, or the steps of searched logarithmic levels; None for "log_sqrt2".
    """

    def __init__(self, kind, bits, first, second):
        super().__init__()
        self.kind, self.top = kind, 2**bits - 1
        self.register_buffer("first", first.float(), persistent=False)
        self.register_buffer("second", None if second is None else second.float(), persistent=False)

    def forward(self, x):
        """Returns the quantized values, shaped as x; with values for each head, x is [images, heads, tokens, width]."""
        first, second = (self._spread(values, x) for values in (self.first, self.second))
        if self.kind == "uniform":
            codes = torch.clamp(torch.round(x / first) + second, 0, self.top)
            return (codes - second) * first
        shift = SHIFT if self.kind == "shifted_log" else 0.0
        rate = 0.5 if self.kind == "log_sqrt2" else second / DENOMINATOR
        smallest = torch.finfo(torch.float32).tiny
        codes = torch.clamp(torch.round(-torch.log2(torch.clamp((x + shift) / first, min=smallest)) / rate), 0, self.top)
        return torch.where(codes == self.top, torch.zeros_like(x), first * torch.exp2(-codes * rate)) - shift

    def _spread(self, values, x):
        if values is None or values.numel() == 1:
            return values
        if x.dim() != 4 or x.shape[1] != values.numel():
            raise ValueError(f"an operand of attention has shape {tuple(x.shape)}; images × {values.numel()} heads × … was "
                             "expected, so the model computes attention in another way than those that are known")
        return values.view(1, -1, 1, 1)


class File:
    """The contents of an exported file."""

    def __init__(self, path):
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT or metadata.get("version") != VERSION:
                raise ValueError(f"{path} is not a file of mgrq export --format torch, version {VERSION}")
            self.path, self.tensors = path, {name: file.get_tensor(name) for name in file.keys()}
        self.layers, self.sites, self.other_names, self.unused = (
            json.loads(metadata[key]) for key in ("layers", "sites", "names", "unused"))
        self.activation = metadata["activation"]

    def quantizer(self, site):
        values = [self.tensors.get(f"quantization.{site}.{name}")
                  for name in ("scales", "deltas", "zero_points", "steps")]
        first, second = values[0] if values[1] is None else values[1], values[2] if values[3] is None else values[3]
        return Quantizer(self.sites[site]["kind"], self.sites[site]["bits"], first, second)

    def fill(self, model):
        """Copies tensors into a model; returns its own names of each of the file's tensors."""
        places = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        filled = {name: self.own_names(name, places) for name in self.tensors if not name.startswith("quantization.")}
        with torch.no_grad():
            for name, own in filled.items():
                for part, rows in zip(own, self.tensors[name].chunk(len(own))):
                    if places[part].shape != rows.shape:
                        raise ValueError(f"“{part}” of the model has shape {tuple(places[part].shape)}, in {self.path} it has "
                                         f"{tuple(rows.shape)}")
                    places[part].copy_(rows)
        self.check_filled({name for own in filled.values() for name in own}, model)
        return filled

    def own_names(self, name, places):
        """A model's names of a tensor, or of its parts, whose rows follow one another."""
        others = self.other_names.get(name, {"whole": [], "parts": []})

        def first(names):
            # Models without a classifier have no name of their own before their parts'.
            return next((name for name in [*names, *(name.partition(".")[2] for name in names)] if name in places), None)

        if whole := first([name, *others["whole"]]):
            return [whole]
        parts = [first(part) for part in others["parts"]]
        if not parts or None in parts:
            raise ValueError(f"the model has no tensor “{name}”, which {self.path} has; the model of the checkpoint was "
                             "expected")
        return parts

    def check_filled(self, filled, model):
        """Finds parameters of a model that the file does not have, although the model may read them."""
        def beginnings(names):
            return {tuple(name.split(".")[:count]) for name in names for count in (1, 2)}

        unused = beginnings(self.unused) - beginnings(self.layers) - beginnings(self.tensors)
        # Only pretraining reads mask tokens.
        empty = [name for name, _ in model.named_parameters()
                 if name not in filled and not beginnings([name]) & unused and not name.endswith("mask_token")]
        if empty:
            raise ValueError(f"{self.path} has no tensor for “{empty[0]}” of the model" + (
                f" and {len(empty) - 1} others" if len(empty) > 1 else "") + "; the model of the checkpoint was expected")


class Layer(torch.nn.Module):
    """A linear layer, or one of the parts that a checkpoint has apart.

    name: The layer's name in timm's layout.
    bias: What the model's own bias is replaced by; None for nothing.
    output: What it gives whatever it reads; None where it depends on that.
    """

    def __init__(self, name, bias, output):
        super().__init__()
        self.name = name
        self.register_buffer("bias", bias, persistent=False)
        self.register_buffer("output", output, persistent=False)


class Quantized(torch.nn.Module):
    """The quantizers of a model, and its layers by their weights."""

    def __init__(self, file, model, names):
        super().__init__()
        self.activation = file.activation
        used = [site for site, facts in file.sites.items() if facts["kind"] != "full_precision"]
        self.places = {site: place for place, site in enumerate(used)}
        self.quantizers = torch.nn.ModuleList(file.quantizer(site) for site in used)
        self.layers, self.places_of_weights = torch.nn.ModuleList(), {}
        # How often one pass comes to each site: the parts of a layer read the same.
        self.passes = {
            site: sum(len(names[weight]) for weight in file.layers.get(site.removesuffix(".input"), [])) or 1
            for site in used}
        # Where scores are cosines, the lengths to which queries are scaled before they are quantized.
        self.lengths = {name.removeprefix("quantization.").removesuffix(".lengths"): tensor.view(1, -1, 1, 1)
                        for name, tensor in file.tensors.items() if name.endswith(".attn.lengths")}
        parameters = dict(model.named_parameters())
        for name, weights in file.layers.items():
            bias, output = (file.tensors.get(f"quantization.{name}.{what}") for what in ("bias", "output"))
            row = 0
            for weight in (own for weight in weights for own in names[weight]):
                parameter = parameters[weight]
                rows = slice(row, row + parameter.shape[0])
                row = rows.stop
                self.places_of_weights[id(parameter)] = len(self.layers)
                self.layers.append(Layer(name, None if bias is None else bias[rows].clone(), output))

    def layer(self, weight):
        place = self.places_of_weights.get(id(weight))
        return None if place is None else self.layers[place]


class Operators(TorchFunctionMode):
    """Quantizes the operands of a model's operators during one forward pass."""

    def __init__(self, quantized):
        super().__init__()
        self.quantized = quantized
        self.reached = collections.Counter()
        # The attention whose products come next and how many of them were computed, and the MLP whose activation does.
        self.attention, self.products, self.mlp = None, 0, None
        # Queries that the model multiplied by a number before their product: the result, the queries, the number.
        self.scaled = (None, None, 1)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is F.linear:
            return self.linear(F.linear, *args, **kwargs)
        if function in (torch.conv2d, F.conv2d):
            return self.linear(torch.conv2d, *args, **kwargs)
        if function is F.multi_head_attention_forward:
            return self.multi_head(*args, **kwargs)
        if self.attention and function is F.scaled_dot_product_attention:
            return self.attend(*args, **kwargs)
        if self.attention and function in PRODUCTS:
            return self.product(function, *args)
        if self.attention and function in MULTIPLICATIONS and self.products == 0 and isinstance(args[1], float):
            self.scaled = (function(*args), args[0], args[1])
            return self.scaled[0]
        if self.mlp and function in ACTIVATIONS:
            self.mlp = None
            return F.relu(args[0])
        return function(*args, **kwargs)

    def site(self, name, x):
        place = self.quantized.places.get(name)
        if place is None:
            return x
        self.reached[name] += 1
        return self.quantized.quantizers[place](x)

    def linear(self, function, x, weight, bias=None, *others, **more):
        layer = self.quantized.layer(weight)
        if layer is None:
            return function(x, weight, bias, *others, **more)
        name = layer.name
        if layer.output is not None:
            return layer.output.view(-1).expand(*x.shape[:-1], -1)
        if name.endswith((".qkv", ".kv")):
            self.attention, self.products = name.rpartition(".")[0], 0
        if name.endswith(".mlp.fc2") and self.mlp:
            raise RuntimeError(f"the activation of {self.mlp} is not one of those that can be replaced by ReLU")
        self.mlp = name if name.endswith(".mlp.fc1") and self.quantized.activation == "relu" else None
        bias = bias if layer.bias is None else layer.bias
        return function(self.site(f"{name}.input", x), weight, bias, *others, **more)

    def attend(self, query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
        if is_causal or enable_gqa or dropout_p:
            raise RuntimeError("attention with causal masks, groups of queries or dropout is not one of mgrq's models")
        scores = self.scores(query, key.transpose(-2, -1)) * (query.shape[-1] ** -0.5 if scale is None else scale)
        if attn_mask is not None:
            scores = (scores.masked_fill(~attn_mask, float("-inf")) if attn_mask.dtype == torch.bool
                      else scores + attn_mask)
        return self.context(scores.softmax(-1), value)

    def scores(self, query, key):
        self.products += 1
        factor = 1
        if query is self.scaled[0]:
            _, query, factor = self.scaled
        length = self.quantized.lengths.get(self.attention)
        if length is not None:
            length = length.to(query.device)
            query, factor = query * length, factor / length
        return self.site(f"{self.attention}.q", query) * factor @ self.site(f"{self.attention}.k", key)

    def context(self, map, value):
        result = self.site(f"{self.attention}.softmax", map) @ self.site(f"{self.attention}.v", value)
        self.attention = None
        return result

    def product(self, function, first, second):
        return self.scores(first, second) if self.products == 0 else self.context(first, second)

    def multi_head(self, query, key, value, width, heads, weight, bias, bias_k, bias_v, add_zero, dropout, out_weight,
                   out_bias, training=True, key_padding_mask=None, need_weights=True, attn_mask=None, **others):
        if self.quantized.layer(weight) is None:
            return F.multi_head_attention_forward(
                query, key, value, width, heads, weight, bias, bias_k, bias_v, add_zero, dropout, out_weight, out_bias, training,
                key_padding_mask, need_weights, attn_mask, **others)
        if key is not query or value is not query or attn_mask is not None or key_padding_mask is not None:
            raise RuntimeError("attention of nn.MultiheadAttention is known for queries, keys and values of the same tokens, "
                               "without a mask")
        tokens, images = query.shape[:2]
        parts = self.linear(F.linear, query, weight, bias).view(tokens, images, 3, heads, width // heads)
        context = self.attend(*parts.permute(2, 1, 3, 0, 4))
        return self.linear(F.linear, context.permute(2, 0, 1, 3).reshape(tokens, images, width), out_weight, out_bias), None

    def check(self):
        """Finds sites that the pass did not come to: then its model is not the file's."""
        passes = self.quantized.passes
        missed = [site for site in passes if self.reached[site] != passes[site]]
        if missed:
            raise RuntimeError(f"{len(missed)} of {len(passes)} sites were not quantized once, “{missed[0]}” the first: the "
                               "model computes in another way than those that are known")


def load(model, path):
    """Makes a model the quantized one of a file.

    model: A model of timm, Transformers or torchvision, made for the checkpoint that the run quantized.
    path: A file of `mgrq export --format torch`.

    Returns the model, whose forward pass now is the quantized one. Raises ValueError where the file is another one or
    does not fit the model; its forward pass raises RuntimeError where a site was not quantized exactly once.
    """
    file = File(path)
    for module in model.modules():
        # timm scales queries before its own products; those of the fused operator are seen before that.
        if hasattr(module, "fused_attn"):
            module.fused_attn = True
    quantized = Quantized(file, model, file.fill(model))
    forward = model.forward
    model.mgrq = quantized.to(next(model.parameters()).device)

    @functools.wraps(forward)
    def quantized_forward(*arguments, **options):
        with Operators(quantized) as operators:
            result = forward(*arguments, **options)
        operators.check()
        return result

    model.forward = quantized_forward
    return model.eval()
