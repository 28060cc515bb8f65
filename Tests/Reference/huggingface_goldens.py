#!/usr/bin/env python3
"""Makes the goldens of CheckpointsTests: small random models of Hugging Face and what its own code computes.

    pip install numpy torch==2.13.0+cpu transformers==5.24.0 timm safetensors
    python3 Tests/Reference/huggingface_goldens.py

Every model gets a folder in Tests/CheckpointsTests/Goldens:

    model.safetensors      float32 weights as `save_pretrained` names them
    config.json            as `save_pretrained` writes it
    reference.safetensors  `input` [images, channels, height, width] and `logits` [images, classes], computed in float64;
                           for a model without a classifier the class token's features instead of logits.
                           `resized_input` and `resized_logits` are the same for images of another size.
                           For a classifier that reads two features also `target` [images, classes] and, for the loss
                           ½ Σ (logits − target)², `gradient.head` with respect to the tokens that the last norm reads
                           and `parameter_gradient.head.weight`
    in-memory-names.json   what transformers 5 calls the same tensors in memory, which some tools write

`positions.safetensors` holds position embeddings before and after timm's `resample_abs_pos_embed`;
`wrapped.pth` a state dictionary as torch.save writes it, wrapped and with the prefix of DataParallel.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file

import timm_on_cpu  # noqa: F401
from timm.layers import resample_abs_pos_embed

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "CheckpointsTests" / "Goldens"
PLAIN = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=16,
             patch_size=8, num_channels=1, id2label={0: "ant", 1: "bee", 2: "cat"}, label2id={"ant": 0})
DINOV2 = {key: value for key, value in PLAIN.items() if key != "intermediate_size"}
DINOV2 = dict(DINOV2, mlp_ratio=2, image_size=24)
MODELS = {
    "vit": (transformers.ViTForImageClassification, transformers.ViTConfig, PLAIN),
    "deit": (transformers.DeiTForImageClassification, transformers.DeiTConfig, PLAIN),
    "deit-two-heads": (transformers.DeiTForImageClassificationWithTeacher, transformers.DeiTConfig, PLAIN),
    "swin": (transformers.SwinForImageClassification, transformers.SwinConfig, dict(
        image_size=16, patch_size=2, num_channels=1, embed_dim=8, depths=[2, 1], num_heads=[1, 2], window_size=4,
        mlp_ratio=2.0)),
    "dinov2": (transformers.Dinov2ForImageClassification, transformers.Dinov2Config, DINOV2),
    "dinov2-registers": (
        transformers.Dinov2WithRegistersForImageClassification, transformers.Dinov2WithRegistersConfig,
        dict(DINOV2, num_register_tokens=3)),
    "dinov2-features": (transformers.Dinov2Model, transformers.Dinov2Config, DINOV2),
}
def compute(model, images, size):
    """What a model gives in float64: logits, or without a classifier the class token's features."""
    if isinstance(model, (transformers.ViTForImageClassification, transformers.DeiTPreTrainedModel)):
        output = model(pixel_values=images, interpolate_pos_encoding=size != model.config.image_size)
    else:
        output = model(pixel_values=images)
    return output.logits if hasattr(output, "logits") else output.pooler_output


def gradients(model, images, random):
    """The gradients of ½ Σ (logits − target)² at a head that reads two features."""
    read = []
    norm = next(module for name, module in model.named_modules() if name.endswith(".layernorm"))
    hook = norm.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    logits = compute(model, images, model.config.image_size)
    hook.remove()
    target = torch.from_numpy(random.standard_normal(tuple(logits.shape)).astype(np.float32))
    loss = 0.5 * ((logits - target.double()) ** 2).sum()
    tokens, weight = torch.autograd.grad(loss, [read[0], model.classifier.weight])
    return {"target": target, "gradient.head": tokens, "parameter_gradient.head.weight": weight}


def main():
    torch.set_num_threads(1)
    for seed, (name, (make, configure, arguments)) in enumerate(MODELS.items()):
        random = np.random.Generator(np.random.PCG64([2406, 100 + seed]))
        model = make(configure(**arguments)).eval()
        for key, value in model.named_parameters():
            scale = 1 / np.sqrt(value[0].numel()) if value.ndim >= 2 and key.endswith("weight") else 0.3
            noise = scale * random.standard_normal(tuple(value.shape))
            if "norm" in key and key.endswith("weight"):
                noise += 1
            value.data = torch.from_numpy(noise.astype(np.float32))
        folder = GOLDENS / name
        model.save_pretrained(folder)
        side = arguments["image_size"]
        images = torch.from_numpy(random.standard_normal((3, 1, side, side)).astype(np.float32))
        memory = model.state_dict()
        disk = load_file(folder / "model.safetensors")
        pairs = {}
        for key, value in disk.items():
            same = [other for other, found in memory.items() if found.shape == value.shape and torch.equal(found, value)]
            assert len(same) == 1, (key, same)
            pairs[key] = same[0]
        (folder / "in-memory-names.json").write_text(json.dumps(pairs, indent=1) + "\n")
        other = 40 if side == 24 else 24
        resized = torch.from_numpy(random.standard_normal((3, 1, other, other)).astype(np.float32))
        model = model.double()
        with torch.no_grad():
            logits = compute(model, images.double(), side)
            reference = {"input": images, "logits": logits, "resized_input": resized,
                         "resized_logits": compute(model, resized.double(), other)}
        if name.startswith("dinov2") and hasattr(model, "classifier"):
            reference.update(gradients(model, images.double(), random))
        save_file({key: value.float().contiguous() for key, value in reference.items()},
                  folder / "reference.safetensors")
        print(name, logits.std().item())

    random = np.random.Generator(np.random.PCG64([2406, 200]))
    positions = {"small": torch.from_numpy(random.standard_normal((1, 1 + 25, 6)).astype(np.float32))}
    for rows, columns in ((3, 2), (7, 4), (5, 5), (12, 9)):
        positions[f"{rows}x{columns}"] = resample_abs_pos_embed(
            positions["small"], new_size=[rows, columns], num_prefix_tokens=1).clone().contiguous()
    save_file(positions, GOLDENS / "positions.safetensors")

    state = {"module." + key: value for key, value in load_file(GOLDENS / "vit" / "model.safetensors").items()}
    state["module.vit.layernorm.weight"] = torch.nn.Parameter(state["module.vit.layernorm.weight"])
    key = "module.vit.encoder.layer.0.output.dense.weight"
    state[key] = state[key].t().contiguous().t()
    torch.save({"epoch": 3, "model": state, "best": 0.5}, GOLDENS / "wrapped.pth")


if __name__ == "__main__":
    main()
