#!/usr/bin/env python3
"""Makes the goldens of VisionTransformersTests with timm: small random vision transformers and what they compute.

    pip install numpy torch==2.13.0+cpu timm safetensors
    python3 Tests/Reference/vit_goldens.py

Every model gets a folder in Tests/VisionTransformersTests/Goldens:

    model.safetensors      float32 weights by timm's names
    config.json            what the model is, as beside a timm checkpoint
    reference.safetensors  float32 values, batch first:
        input                 [4, channels, height, width]
        block_input           [4, tokens, width], what the first block reads
        block.I               [4, tokens, width], what block I gives
        features              [4, width], what the head reads
        logits                [4, classes]
      and for `class-token` also, for the loss ½ Σ (logits − target)²:
        target                [4, classes]
        block_gradient.I      gradient with respect to the input of block I
        parameter_gradient.N  gradient with respect to parameter N

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

from timm_on_cpu import VisionTransformer

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "VisionTransformersTests" / "Goldens"
IMAGES = 4

# name → (timm's arguments, scale of the weights: about how much a linear layer changes the size of its input)
MODELS = {
    "class-token": (dict(img_size=28, patch_size=4, in_chans=1, num_classes=10, embed_dim=32, depth=2, num_heads=2,
                         mlp_ratio=4.0, class_token=True, global_pool="token", qkv_bias=True), 1.0),
    "average-pool": (dict(img_size=(32, 24), patch_size=8, in_chans=3, num_classes=7, embed_dim=48, depth=3,
                          num_heads=3, mlp_ratio=4.0, class_token=False, global_pool="avg", qkv_bias=True), 1.0),
    "average-pool-class-token": (dict(img_size=(16, 24), patch_size=8, in_chans=3, num_classes=5, embed_dim=24,
                                      depth=2, num_heads=3, mlp_ratio=4.0, class_token=True, global_pool="avg",
                                      qkv_bias=True), 1.0),
    "average-pool-norm-first": (dict(img_size=16, patch_size=4, in_chans=1, num_classes=3, embed_dim=20, depth=1,
                                     num_heads=1, mlp_ratio=4.0, class_token=False, global_pool="avg", fc_norm=False,
                                     qkv_bias=True), 1.0),
    "no-qkv-bias": (dict(img_size=24, patch_size=8, in_chans=3, num_classes=10, embed_dim=32, depth=2, num_heads=4,
                         mlp_ratio=4.0, class_token=True, global_pool="token", qkv_bias=False), 1.0),
    "wide-range": (dict(img_size=28, patch_size=7, in_chans=1, num_classes=10, embed_dim=40, depth=3, num_heads=2,
                        mlp_ratio=2.0, class_token=True, global_pool="token", qkv_bias=True), 3.0),
}


def randomise(model, scale, random):
    """Gives every parameter random float32 values that keep activations at about `scale`, logits at about 1."""
    state = {}
    for name, value in model.state_dict().items():
        noise = random.standard_normal(tuple(value.shape))
        if name.endswith(("norm.weight", "norm1.weight", "norm2.weight")):
            noise = 1 + 0.2 * noise
        elif name == "head.weight":
            noise = noise / np.sqrt(value.shape[1])
        elif value.ndim >= 2 and name.endswith("weight"):
            noise = noise * scale / np.sqrt(value[0].numel())
        elif name in ("pos_embed", "cls_token"):
            noise = 0.5 * scale * noise
        else:
            noise = 0.2 * noise
        state[name] = torch.from_numpy(noise.astype(np.float32))
    model.load_state_dict(state)
    return state


def observe(model, images):
    """Runs the model and returns its logits with the tensors that it passed on the way."""
    seen = {}
    hooks = [model.blocks[0].register_forward_pre_hook(lambda _, inputs: seen.update(block_input=inputs[0]))]
    for index, block in enumerate(model.blocks):
        def keep(_, __, output, index=index):
            seen[f"block.{index}"] = output
        hooks.append(block.register_forward_hook(keep))
    hooks.append(model.head.register_forward_pre_hook(lambda _, inputs: seen.update(features=inputs[0])))
    logits = model(images)
    for hook in hooks:
        hook.remove()
    return logits, seen


def gradients(model, logits, seen, random):
    """The gradients of ½ Σ (logits − target)² with respect to block inputs and parameters."""
    target = torch.from_numpy(random.standard_normal(tuple(logits.shape)).astype(np.float32))
    inputs = [seen["block_input"]] + [seen[f"block.{index}"] for index in range(len(model.blocks) - 1)]
    names = [name for name, _ in model.named_parameters()]
    loss = 0.5 * ((logits - target.double()) ** 2).sum()
    found = torch.autograd.grad(loss, inputs + list(model.parameters()))
    result = {"target": target}
    result.update({f"block_gradient.{index}": found[index] for index in range(len(inputs))})
    result.update({f"parameter_gradient.{name}": value for name, value in zip(names, found[len(inputs):])})
    return result


def write(name, arguments, scale, seed):
    random = np.random.Generator(np.random.PCG64([2406, seed]))
    model = VisionTransformer(**arguments).eval()
    state = randomise(model, scale, random)
    height, width = np.broadcast_to(arguments["img_size"], 2).tolist()
    shape = (IMAGES, arguments["in_chans"], height, width)
    images = torch.from_numpy((scale * random.standard_normal(shape)).astype(np.float32))
    model = model.double()
    logits, seen = observe(model, images.double())
    reference = {"input": images, "logits": logits, **seen}
    if name == "class-token":
        reference.update(gradients(model, logits, seen, random))
    spread = logits.std().item()
    if not 0.2 < spread < 5:
        raise SystemExit(f"{name}: logits spread by {spread:.3g}, which makes a poor golden")
    config = {
        "architecture": "vision_transformer",
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
    biggest = max(value.abs().max().item() for value in seen.values())
    print(f"{name}: {sum(value.numel() for value in state.values())} parameters, "
          f"logits spread by {spread:.2f}, largest activation {biggest:.1f}")


def main():
    torch.set_num_threads(1)
    for seed, (name, (arguments, scale)) in enumerate(MODELS.items()):
        write(name, arguments, scale, seed)


if __name__ == "__main__":
    main()
