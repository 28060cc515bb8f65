#!/usr/bin/env python3
"""Writes Sources/Checkpoints/Architectures/TimmArchitectures.swift: what timm's names of architectures say.

    pip install torch==2.13.0+cpu timm==1.0.31
    python3 Tests/Reference/timm_architectures.py

timm's config.json names an architecture, such as `vit_huge_patch14_224`, and leaves out what the name implies. Of each
name the table has what tensors do not show: the number of heads, the activation, the epsilon of LayerNorm, pooling
where it is not of the class token, how queries and keys are rotated, norms that come last, and the sides of a Swin V2's
windows; or the feature for which the architecture is refused. No model is built: the arguments with which timm would build it are recorded.
"""
import functools
import inspect
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import timm_on_cpu  # noqa: F401
import timm
import torch
from timm.models import _registry
from timm.models.beit import Beit
from timm.models.deit import VisionTransformerDistilled
from timm.models.eva import Eva
from timm.models.swin_transformer import SwinTransformer
from timm.models.swin_transformer_v2 import SwinTransformerV2
from timm.models.vision_transformer import VisionTransformer

TARGET = pathlib.Path(__file__).resolve().parents[2] / "Sources/Checkpoints/Architectures/TimmArchitectures.swift"

# Classes that are refused, and the feature that `UnsupportedFeature` has a sentence for.
REFUSED = {
    "Cait": "classAttention", "CoaT": "ownArchitecture", "ConVit": "gatedAttention", "CrossVit": "ownArchitecture",
    "DaVit": "ownArchitecture", "DeepseekVitClassifier": "rmsNorm", "GlobalContextVit": "ownArchitecture",
    "Hiera": "ownArchitecture", "HieraDet": "ownArchitecture", "Levit": "ownArchitecture",
    "LevitDistilled": "ownArchitecture", "MaxxVit": "ownArchitecture", "MultiScaleVit": "ownArchitecture",
    "NaFlexVit": "flexiblePatches", "Nest": "ownArchitecture", "PoolingVisionTransformer": "ownArchitecture",
    "PyramidVisionTransformerV2": "ownArchitecture", "SwinTransformerV2Cr": "cosineAttention", "TNT": "ownArchitecture", "TinyVit": "ownArchitecture",
    "Twins": "ownArchitecture", "VOLO": "ownArchitecture", "VisionTransformerRelPos": "relativePositions",
    "VisionTransformerSAM": "decomposedPositions", "Xcit": "crossCovariance",
}
# Arguments of VisionTransformer and Eva that only training, or tensors' shapes, have a say in.
SHOWN = {
    "img_size", "patch_size", "in_chans", "num_classes", "embed_dim", "depth", "num_heads", "mlp_ratio", "qkv_bias",
    "qkv_fused", "proj_bias", "init_values", "class_token", "no_embed_class", "reg_tokens", "pre_norm", "fc_norm",
    "dynamic_img_size", "dynamic_img_pad", "weight_init", "fix_init", "act_layer", "norm_layer", "global_pool",
    "pool_include_prefix", "use_abs_pos_emb", "swiglu_mlp", "swiglu_align_to", "scale_mlp", "scale_attn_inner",
    "scale_attn_norm", "scale_mlp_norm", "attn_type", "num_reg_tokens", "use_fc_norm", "use_post_transformer_norm",
    "use_pre_transformer_norm", "use_rot_pos_emb", "ref_feat_shape", "mlp_layer", "rope_type", "rope_temperature",
    "rope_grid_indexing", "rope_rotate_half", "use_post_norm", "block_fn", "attn_pool_num_heads", "attn_pool_mlp_ratio",
}


class Recorded(Exception):
    """What timm would build: a class, a name, and the arguments."""


def record(cls, variant, pretrained, *rest, **arguments):
    raise Recorded(cls, arguments)


def name_of(function):
    """The name of a class or function, partial or not."""
    return getattr(getattr(function, "func", function), "__name__", str(function))


def obstacle(cls, arguments):
    """The feature for which a VisionTransformer or an Eva is refused; None if it is not."""
    block = name_of(arguments.get("block_fn", ""))
    mlp = name_of(arguments.get("mlp_layer", ""))
    norm = name_of(arguments.get("norm_layer", ""))
    checks = [
        (block == "ParallelThingsBlock", "parallelBranches"),
        (arguments.get("attn_layer") == "diff" or "Diff" in block, "differentialAttention"),
        (block == "ParallelScalingBlock", "parallelBranches"),
        (arguments.get("qk_norm"), "queryKeyNorm"),
        ("embed_layer" in arguments, "convolutionalStem"),
        (norm.lower() == "rmsnorm", "rmsNorm"),
        (mlp and not is_swiglu(arguments["mlp_layer"]), "gatedMLP"),
        (arguments.get("pos_embed") == "none", "noPositions"),
        (cls is Eva and arguments.get("global_pool") == "map", "attentionPooling"),
        (arguments.get("final_norm") is False, "noLastNorm"),
        (arguments.get("use_post_transformer_norm") is False and arguments.get("use_fc_norm") is False, "noLastNorm"),
        (arguments.get("rope_type") == "mixed", "learnedRotations"),
        (arguments.get("use_rot_pos_emb") and (arguments.get("rope_type", "cat") not in ("cat", "dinov3")
                                               or arguments.get("rope_grid_offset")), "rotaryPositions"),
    ]
    found = next((feature for condition, feature in checks if condition), None)
    other = set(arguments) - SHOWN - {"pretrained_filter_fn", "pretrained_strict", "feature_cfg", "pretrained_cfg",
                                      "pretrained_cfg_overlay", "cache_dir"}
    if not found and other:
        raise SystemExit(f"{cls.__name__}: nothing is known of {other}")
    return found


def is_swiglu(layer):
    """Whether an MLP's layer class is SwiGLU with its gate first."""
    keywords = getattr(layer, "keywords", {})
    return name_of(layer) == "SwiGLU" or keywords.get("gate_last") is False and keywords["act_layer"] is torch.nn.SiLU


def rotary(arguments):
    """How queries and keys are rotated."""
    halves = "halves" if arguments.get("rope_rotate_half") else "neighbours"
    temperature = f"{arguments.get('rope_temperature', 10000):g}"
    side = arguments.get("ref_feat_shape") or (0, 0)
    assert side[0] == side[1]
    kind = "centre" if arguments.get("rope_type") == "dinov3" else "index"
    columns = "/columns" if arguments.get("rope_grid_indexing") == "xy" else ""
    return f"rotary={kind}/{halves}/{temperature}/{side[0] if kind == 'index' else 0}{columns}"


def facts(cls, arguments):
    """What the table says of an architecture; None for one that is no transformer of this kind."""
    if cls.__name__ in REFUSED:
        return f"no={REFUSED[cls.__name__]}"
    if cls is Beit:
        shared = arguments.get("use_shared_rel_pos_bias")
        arguments = {key: value for key, value in arguments.items() if "rel_pos" not in key}
        if shared:
            return "no=sharedPositions"
    elif cls is SwinTransformer:
        return "swin" if isinstance(arguments.get("window_size", 7), int) else "no=unequalWindows"
    elif cls is SwinTransformerV2:
        pretrained = arguments.get("pretrained_window_sizes")
        return f"swinv2 window={arguments['window_size']}" + (
            f" pretrained={','.join(map(str, pretrained))}" if pretrained else "")
    elif cls not in (VisionTransformer, VisionTransformerDistilled, Eva):
        return None
    if feature := obstacle(cls, arguments):
        return f"no={feature}"
    usual = inspect.signature((VisionTransformer if cls is VisionTransformerDistilled else cls).__init__).parameters
    value = lambda key: arguments.get(key, usual[key].default if key in usual else None)  # noqa: E731
    parts = [f"heads={value('num_heads')}"]
    activation = arguments.get("act_layer") or "gelu"
    activation = activation if isinstance(activation, str) else name_of(activation).lower()
    if arguments.get("swiglu_mlp") or arguments.get("mlp_layer"):
        activation = "silu"
    if activation not in ("gelu", "gelu_tanh", "quick_gelu", "silu"):
        return "no=otherActivation"
    if activation != "gelu":
        parts.append(f"act={activation}")
    norm = arguments.get("norm_layer")
    epsilon = norm.keywords.get("eps", 1e-6) if isinstance(norm, functools.partial) else 1e-6
    if epsilon != 1e-6:
        parts.append(f"eps={epsilon:g}")
    if value("global_pool") != "token":
        parts.append(f"pool={value('global_pool')}")
    if arguments.get("pool_include_prefix"):
        parts.append("prefix")
    if name_of(arguments.get("block_fn", "")) == "ResPostBlock" or arguments.get("use_post_norm"):
        parts.append("post")
    if arguments.get("use_rot_pos_emb"):
        parts.append(rotary(arguments))
    return " ".join(parts)


def main():
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("timm.models") and hasattr(module, "build_model_with_cfg"):
            module.build_model_with_cfg = record
    groups = {}
    aliases = {old: new for old, new in _registry._deprecated_models.items() if new}
    for name in sorted(timm.list_models() + list(aliases)):
        try:
            timm.create_model(aliases.get(name, name).split(".")[0], pretrained=False)
        except Recorded as recorded:
            if found := facts(*recorded.args):
                groups.setdefault(found, []).append(name)
    lines = []
    for group in sorted(groups):
        line = f"{group}:"
        for name in groups[group]:
            if len(line) + 1 + len(name) > 108:
                lines.append(line + " \\")
                line = " "
            line += f" {name}"
        lines.append(line)
    text = "\n".join("        " + line for line in lines)
    TARGET.write_text(f'''/// What timm {timm.__version__} means by the names of its architectures; made by Tests/Reference/timm_architectures.py.
enum TimmArchitectures {{
    /// One group of architectures a line, facts before the colon: `ArchitectureFacts` reads them.
    static let table = """
{text}
        """
}}
''')
    print(f"{sum(map(len, groups.values()))} architectures in {len(groups)} groups")


if __name__ == "__main__":
    main()
