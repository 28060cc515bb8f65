#!/usr/bin/env python3
"""Makes the goldens of VisionTransformersTests with timm: small random vision transformers and what they compute.

    pip install numpy torch==2.13.0+cpu timm safetensors
    python3 Tests/Reference/timm_goldens.py

Every model gets a folder in Tests/VisionTransformersTests/Goldens:

    model.safetensors      float32 weights by timm's names
    config.json            what the model is, as beside a timm checkpoint
    reference.safetensors  float32 values, batch first:
        input                 [images, channels, height, width]
        output.UNIT           [images, tokens, width], what the unit gives; for `head` the logits, [images, classes]
        features              [images, width], what the head reads
      and for the models with gradients also, for the loss ½ Σ (logits − target)²:
        target                [images, classes]
        gradient.UNIT         gradient with respect to the input of the unit
        parameter_gradient.N  gradient with respect to parameter N

A unit is `stem`, a block (`blocks.0`, `layers.1.blocks.0`), a patch merging (`layers.1.downsample`), `attn_pool` (the
last norm and pooling by attention) or `head`.

All parameters are random, those of the layer norms too, so that none of them can be forgotten
without a golden noticing. Weights and inputs are float32 numbers; timm computes with them in
float64, so that a comparison sees only the error of the code under test.

How timm names the last norm: with `global_pool="token"` it is `norm`, applied to every token before the
class token is taken. With `global_pool="avg"` it is `fc_norm`, applied to the mean of the tokens, and there is
no `norm` at all; `fc_norm=False` in the model's arguments brings back `norm`, before the mean. The mean never
includes the class token.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import numpy as np
import torch
from safetensors.torch import save_file

import timm_on_cpu  # noqa: F401
import timm
from timm.models.beit import Beit
from timm.models.deit import VisionTransformerDistilled
from timm.models.eva import Eva
from timm.models.swin_transformer import SwinTransformer
from timm.models.swin_transformer_v2 import SwinTransformerV2
from timm.models.vision_transformer import VisionTransformer

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "VisionTransformersTests" / "Goldens"
IMAGES = {VisionTransformer: 4, VisionTransformerDistilled: 3}
GRADIENTS = {"beit", "class-token", "distilled", "registers", "swin", "relu", "eva02", "eva02-norms", "dinov3",
             "dinov3-gated", "rope-columns", "beit3", "post-norm", "post-norm-class-token", "swin-v2",
             "swin-v2-uneven", "attention-pool", "attention-pool-registers"}

# name → (class or timm's name of an architecture, timm's arguments, scale of the weights: about how much a linear layer
# changes its input's size)
SMALL = dict(patch_size=4, in_chans=1, num_classes=4, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2.0)
SMALL_SWIN = dict(patch_size=2, in_chans=1, num_classes=5, window_size=4, mlp_ratio=2.0)
MODELS = {
    "class-token": (VisionTransformer, dict(
        img_size=28, patch_size=4, in_chans=1, num_classes=10, embed_dim=32, depth=2, num_heads=2, mlp_ratio=4.0,
        class_token=True, global_pool="token", qkv_bias=True), 1.0),
    "average-pool": (VisionTransformer, dict(
        img_size=(32, 24), patch_size=8, in_chans=3, num_classes=7, embed_dim=48, depth=3, num_heads=3,
        mlp_ratio=4.0, class_token=False, global_pool="avg", qkv_bias=True), 1.0),
    "average-pool-class-token": (VisionTransformer, dict(
        img_size=(16, 24), patch_size=8, in_chans=3, num_classes=5, embed_dim=24, depth=2, num_heads=3,
        mlp_ratio=4.0, class_token=True, global_pool="avg", qkv_bias=True), 1.0),
    "average-pool-norm-first": (VisionTransformer, dict(
        img_size=16, patch_size=4, in_chans=1, num_classes=3, embed_dim=20, depth=1, num_heads=1, mlp_ratio=4.0,
        class_token=False, global_pool="avg", fc_norm=False, qkv_bias=True), 1.0),
    "no-qkv-bias": (VisionTransformer, dict(
        img_size=24, patch_size=8, in_chans=3, num_classes=10, embed_dim=32, depth=2, num_heads=4, mlp_ratio=4.0,
        class_token=True, global_pool="token", qkv_bias=False), 1.0),
    "wide-range": (VisionTransformer, dict(
        img_size=28, patch_size=7, in_chans=1, num_classes=10, embed_dim=40, depth=3, num_heads=2, mlp_ratio=2.0,
        class_token=True, global_pool="token", qkv_bias=True), 3.0),
    # As in DeiT III: layer scale, and a class token without a position.
    "prefix-without-positions": (VisionTransformer, dict(
        img_size=16, patch_size=4, in_chans=1, num_classes=4, embed_dim=24, depth=2, num_heads=2, mlp_ratio=3.0,
        class_token=True, global_pool="token", no_embed_class=True, init_values=0.5), 1.0),
    "registers": (VisionTransformer, dict(
        img_size=16, patch_size=4, in_chans=1, num_classes=4, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2.0,
        class_token=True, reg_tokens=3, global_pool="token", init_values=0.5), 1.0),
    "registers-average-pool": (VisionTransformer, dict(
        img_size=16, patch_size=4, in_chans=1, num_classes=4, embed_dim=24, depth=1, num_heads=2, mlp_ratio=2.0,
        class_token=False, reg_tokens=2, no_embed_class=True, global_pool="avg"), 1.0),
    "distilled": (VisionTransformerDistilled, dict(
        img_size=16, patch_size=4, in_chans=1, num_classes=5, embed_dim=24, depth=2, num_heads=3,
        mlp_ratio=2.0), 1.0),
    "swin": (SwinTransformer, dict(
        img_size=16, patch_size=2, in_chans=1, num_classes=6, embed_dim=16, depths=(2, 2), num_heads=(2, 4),
        window_size=4, mlp_ratio=2.0), 1.0),
    # Neither windows nor mergings divide these grids of 10 × 14, 5 × 7 and 3 × 4 tokens.
    "swin-uneven": (SwinTransformer, dict(
        img_size=(20, 28), patch_size=2, in_chans=2, num_classes=3, embed_dim=8, depths=(2, 2, 1),
        num_heads=(1, 2, 4), window_size=4, mlp_ratio=1.5, qkv_bias=False), 1.0),
    "relu": (VisionTransformer, dict(
        img_size=16, patch_size=4, in_chans=1, num_classes=4, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2.0,
        class_token=True, global_pool="token", act_layer="relu"), 1.0),
    "beit": (Beit, dict(
        img_size=(16, 12), patch_size=4, in_chans=1, num_classes=4, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2.0,
        qkv_bias=True, use_abs_pos_emb=False, use_rel_pos_bias=True, init_values=0.5, global_pool="avg"), 1.0),
    # Packed SwiGLU and biases of queries and values; rotations of neighbours, scaled to a grid of 16 × 16.
    "eva02": ("eva02_tiny_patch14_224", dict(SMALL, img_size=(16, 24)), 1.0),
    # Norms before the projection and fc2, every layer apart, and the class token read.
    "eva02-norms": ("eva02_base_patch16_clip_224", dict(SMALL, img_size=16), 1.0),
    "dinov3": ("vit_small_patch16_dinov3_qkvb", dict(SMALL, img_size=(16, 24), global_pool="token"), 1.0),
    "dinov3-gated": ("vit_small_plus_patch16_dinov3", dict(SMALL, img_size=16), 1.0),
    "rope-columns": ("vit_small_patch16_rope_ape_224", dict(SMALL, img_size=(24, 16)), 1.0),
    "beit3": ("beit3_base_patch16_224", dict(SMALL, img_size=16), 1.0),
    "swin-v2": ("swinv2_tiny_window8_256", dict(
        SMALL_SWIN, img_size=16, embed_dim=16, depths=(2, 2), num_heads=(2, 4)), 1.0),
    "swin-v2-uneven": ("swinv2_tiny_window8_256", dict(
        SMALL_SWIN, img_size=(20, 28), embed_dim=8, depths=(2, 2, 1), num_heads=(1, 2, 4),
        pretrained_window_sizes=(3, 3, 2)), 1.0),
    "post-norm": ("vit_base_patch16_rpn_224", dict(SMALL, img_size=16), 1.0),
    "post-norm-class-token": ("eva02_enormous_patch14_clip_224", dict(SMALL, img_size=16), 1.0),
    "attention-pool": ("vit_base_patch32_siglip_256", dict(SMALL, img_size=(16, 24)), 1.0),
    # Tokens before the patches, which pooling leaves out; or reads, in a model without a classifier.
    "attention-pool-registers": (VisionTransformer, dict(
        SMALL, img_size=16, reg_tokens=2, global_pool="map", init_values=0.5, num_heads=3), 1.0),
    "attention-pool-features": ("test_vit3", dict(SMALL, img_size=16, num_classes=0), 1.0),
}


def randomise(model, scale, random):
    """Gives every parameter random float32 values that keep activations at about `scale`, logits at about 1."""
    state = {}
    for name, value in model.state_dict().items():
        noise = random.standard_normal(tuple(value.shape))
        if name.endswith(("norm.weight", "norm1.weight", "norm2.weight", "gamma", "gamma_1", "gamma_2")):
            noise = 1 + 0.2 * noise
        elif name.endswith("logit_scale"):
            # Some beyond ln 100, to which they are cut.
            noise = 3.5 + 1.5 * noise
        elif name.startswith("head") and name.endswith("weight"):
            noise = noise / np.sqrt(value.shape[1])
        elif value.ndim >= 2 and name.endswith("weight"):
            noise = noise * scale / np.sqrt(value[0].numel())
        elif name == "pos_embed" or "token" in name:
            noise = 0.5 * scale * noise
        elif "bias_table" in name:
            noise = 0.5 * noise
        else:
            noise = 0.2 * noise
        state[name] = torch.from_numpy(noise.astype(np.float32))
    model.load_state_dict(state)
    return state


def units_of(model):
    """The modules whose outputs are those of units, from the one after the stem to the one before the head."""
    if isinstance(model, (SwinTransformer, SwinTransformerV2)):
        for s, stage in enumerate(model.layers):
            if s > 0:
                yield f"layers.{s}.downsample", stage.downsample
            for index, block in enumerate(stage.blocks):
                yield f"layers.{s}.blocks.{index}", block
    else:
        for index, block in enumerate(model.blocks):
            yield f"blocks.{index}", block


def observe(model, images):
    """Runs the model and returns, by unit, what it read and what it gave, and the features."""
    read, gave = {}, {}
    hooks = []
    for name, module in units_of(model):
        hooks.append(module.register_forward_pre_hook(lambda _, inputs, name=name: read.update({name: inputs[0]})))
        hooks.append(module.register_forward_hook(lambda _, __, output, name=name: gave.update({name: output})))
    if getattr(model, "attn_pool", None) is not None:
        hooks.append(model.attn_pool.register_forward_hook(lambda _, __, output: gave.update(attn_pool=output)))
    trunk = model.forward_features(images)
    gave["head"] = model.forward_head(trunk)
    read["head"] = gave[list(read)[-1]]
    if getattr(model, "attn_pool", None) is not None:
        # The unit has the last norm too.
        read["attn_pool"], read["head"] = read["head"], gave["attn_pool"]
    gave["stem"] = read[list(read)[0]]
    features = model.forward_head(trunk, pre_logits=True)
    if isinstance(model, VisionTransformerDistilled):
        features = trunk[:, :2].flatten(1)
    for hook in hooks:
        hook.remove()
    return read, gave, features


def gradients(model, read, logits, random):
    """The gradients of ½ Σ (logits − target)² with respect to units' inputs and parameters."""
    target = torch.from_numpy(random.standard_normal(tuple(logits.shape)).astype(np.float32))
    names = [name for name, _ in model.named_parameters()]
    loss = 0.5 * ((logits - target.double()) ** 2).sum()
    found = torch.autograd.grad(loss, list(read.values()) + list(model.parameters()))
    result = {"target": target}
    result.update({f"gradient.{name}": value for name, value in zip(read, found)})
    of_parameters = dict(zip(names, found[len(read):]))
    # mgrq has one layer where some models have several.
    for name in names:
        for parts, whole in ((("q_proj", "k_proj", "v_proj"), "qkv"), (("fc1_g", "fc1_x"), "fc1")):
            if name.endswith(f"{parts[0]}.weight"):
                stem = name.removesuffix(f"{parts[0]}.weight")
                result[f"parameter_gradient.{stem}{whole}.weight"] = torch.cat(
                    [of_parameters[f"{stem}{part}.weight"] for part in parts])
    result.update({f"parameter_gradient.{name}": value for name, value in of_parameters.items()})
    return result


def write(name, make, arguments, scale, seed):
    random = np.random.Generator(np.random.PCG64([2406, seed]))
    model = timm.create_model(make, **arguments).eval() if isinstance(make, str) else make(**arguments).eval()
    state = randomise(model, scale, random)
    height, width = np.broadcast_to(arguments["img_size"], 2).tolist()
    shape = (IMAGES.get(make, 2), arguments["in_chans"], height, width)
    images = torch.from_numpy((scale * random.standard_normal(shape)).astype(np.float32))
    model = model.double()
    read, gave, features = observe(model, images.double())
    logits = gave["head"]
    reference = {"input": images, "features": features, **{f"output.{unit}": value for unit, value in gave.items()}}
    if name in GRADIENTS:
        reference.update(gradients(model, read, logits, random))
    spread = logits.std().item()
    if not 0.2 < spread < 5:
        raise SystemExit(f"{name}: logits spread by {spread:.3g}, which makes a poor golden")
    config = {
        "architecture": make if isinstance(make, str) else make.__name__,
        "num_classes": arguments["num_classes"],
        "model_args": arguments,
        "pretrained_cfg": {"input_size": list(shape[1:]), "mean": [0.5] * shape[1], "std": [0.5] * shape[1]},
    }
    folder = GOLDENS / name
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    save_file({key: value.detach().float().contiguous() for key, value in reference.items()},
              folder / "reference.safetensors", metadata={"configuration": json.dumps(config)})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    biggest = max(value.abs().max().item() for value in gave.values())
    print(f"{name}: {sum(value.numel() for value in state.values())} parameters, "
          f"logits spread by {spread:.2f}, largest activation {biggest:.1f}")


def main():
    torch.set_num_threads(1)
    for seed, (name, (make, arguments, scale)) in enumerate(MODELS.items()):
        write(name, make, arguments, scale, seed)


if __name__ == "__main__":
    main()
