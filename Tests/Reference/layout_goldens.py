#!/usr/bin/env python3
"""Makes goldens of layouts and options that users bring: small random models and what their own programs compute.

    pip install numpy torch==2.13.0+cpu torchvision timm==1.0.31 transformers==5.24.0 safetensors
    python3 Tests/Reference/layout_goldens.py

Every model gets a folder in Tests/CheckpointsTests/Goldens/layouts:

    model.safetensors      float32 weights by the names of the layout
    config.json            as the layout's program writes it; none for programs that write none
    reference.safetensors  `input` [images, channels, height, width] and `logits` [images, outputs], computed in float64

`huggingface-swin` has neither grids that its windows divide nor ones that are even. Tests/VisionTransformersTests/Goldens
gets the same model with what every unit reads and gives, as timm_goldens.py describes.
"""
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import numpy as np
import torch

import timm_on_cpu  # noqa: F401
import torchvision
import transformers
from safetensors.torch import save_file
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer

TESTS = pathlib.Path(__file__).resolve().parent.parent
GOLDENS = TESTS / "CheckpointsTests" / "Goldens" / "layouts"
UNITS = TESTS / "VisionTransformersTests" / "Goldens" / "swin-huggingface"

PLAIN = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=16,
             patch_size=8, num_channels=1, id2label={0: "ant", 1: "bee", 2: "cat"}, label2id={"ant": 0})
TIMM = dict(img_size=16, patch_size=8, in_chans=1, num_classes=3, embed_dim=16, depth=2, num_heads=2, mlp_ratio=2.0)
SWIN = dict(image_size=20, patch_size=2, num_channels=1, embed_dim=8, depths=[2, 2], num_heads=[1, 2], window_size=4,
            mlp_ratio=2.0, id2label={0: "ant", 1: "bee", 2: "cat"}, label2id={"ant": 0})


def hugging_face(name, config):
    return getattr(transformers, name)(config)


def vision(values):
    return {key: value for key, value in values.items() if "label" not in key}


def clip_config(**more):
    return transformers.CLIPVisionConfig(**vision(PLAIN), projection_dim=3, **more)


# name → (a function that makes the model, timm's arguments for config.json or None for Hugging Face's or no file)
MODELS = {
    "timm-clip": (lambda: VisionTransformer(**TIMM, pre_norm=True), dict(TIMM, pre_norm=True)),
    "timm-gelu-tanh": (lambda: VisionTransformer(**TIMM, act_layer="gelu_tanh"), dict(TIMM, act_layer="gelu_tanh")),
    "timm-quick-gelu": (lambda: VisionTransformer(**TIMM, act_layer="quick_gelu"), dict(TIMM, act_layer="quick_gelu")),
    "timm-pool-prefix": (
        lambda: VisionTransformer(**TIMM, global_pool="avg", reg_tokens=3, pool_include_prefix=True),
        dict(TIMM, global_pool="avg", reg_tokens=3, pool_include_prefix=True)),
    "timm-gap": (
        lambda: VisionTransformer(**TIMM, class_token=False, global_pool="avg", fc_norm=False),
        dict(TIMM, class_token=False, global_pool="avg", fc_norm=False)),
    "huggingface-swin": (lambda: hugging_face("SwinForImageClassification", transformers.SwinConfig(**SWIN)), None),
    "huggingface-swin-features": (lambda: hugging_face("SwinModel", transformers.SwinConfig(**SWIN)), None),
    "huggingface-clip": (lambda: hugging_face("CLIPVisionModelWithProjection", clip_config()), None),
    "huggingface-clip-features": (lambda: hugging_face("CLIPVisionModel", clip_config(hidden_act="gelu")), None),
    "huggingface-msn": (
        lambda: hugging_face("ViTMSNForImageClassification", transformers.ViTMSNConfig(**PLAIN)), None),
    "huggingface-mae": (
        lambda: hugging_face("ViTMAEForPreTraining", transformers.ViTMAEConfig(
            **PLAIN, decoder_hidden_size=16, decoder_num_hidden_layers=1, decoder_num_attention_heads=2,
            decoder_intermediate_size=16, mask_ratio=0.0)), None),
    "huggingface-gelu-new": (
        lambda: hugging_face("ViTForImageClassification", transformers.ViTConfig(**PLAIN, hidden_act="gelu_new")),
        None),
    "torchvision-vit": (
        lambda: torchvision.models.VisionTransformer(
            image_size=16, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=3), None),
    "torchvision-swin": (
        lambda: torchvision.models.SwinTransformer(
            patch_size=[2, 2], embed_dim=8, depths=[2, 2], num_heads=[1, 2], window_size=[4, 4], mlp_ratio=2.0,
            num_classes=3, norm_layer=lambda width: torch.nn.LayerNorm(width, eps=1e-5)), None),
    "huggingface-beit": (
        lambda: hugging_face("BeitForImageClassification", transformers.BeitConfig(
            **PLAIN, use_relative_position_bias=True)), None),
    "timm-eva": (lambda: Eva(**TIMM), dict(TIMM, qkv_fused=True)),
    "huggingface-dinov3": (
        lambda: hugging_face("DINOv3ViTModel", transformers.DINOv3ViTConfig(
            **vision(PLAIN), num_register_tokens=2, rope_theta=50.0)), None),
    "huggingface-dinov3-gated": (
        lambda: hugging_face("DINOv3ViTModel", transformers.DINOv3ViTConfig(
            **vision(PLAIN), use_gated_mlp=True, hidden_act="silu")), None),
    "huggingface-dinov2-swiglu": (
        lambda: hugging_face("Dinov2ForImageClassification", transformers.Dinov2Config(
            **{k: v for k, v in PLAIN.items() if k != "intermediate_size"}, mlp_ratio=2, use_swiglu_ffn=True)), None),
    "huggingface-swin-v2": (
        lambda: hugging_face("Swinv2ForImageClassification", transformers.Swinv2Config(
            **SWIN, pretrained_window_sizes=[3, 0])), None),
    "torchvision-swin-v2": (
        lambda: torchvision.models.SwinTransformer(
            patch_size=[2, 2], embed_dim=8, depths=[2, 1], num_heads=[1, 2], window_size=[8, 8], mlp_ratio=2.0,
            num_classes=3, norm_layer=lambda width: torch.nn.LayerNorm(width, eps=1e-5),
            block=torchvision.models.swin_transformer.SwinTransformerBlockV2,
            downsample_layer=torchvision.models.swin_transformer.PatchMergingV2), None),
    "huggingface-siglip": (
        lambda: hugging_face("SiglipVisionModel", transformers.SiglipVisionConfig(**vision(PLAIN))), None),
    "huggingface-siglip-classifier": (
        lambda: hugging_face("SiglipForImageClassification", transformers.SiglipConfig(
            vision_config=vision(PLAIN), id2label=PLAIN["id2label"], label2id=PLAIN["label2id"],
            text_config=dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16))), None),
}


def randomise(model, random):
    for key, value in model.named_parameters():
        scale = 1 / np.sqrt(value[0].numel()) if value.ndim >= 2 and key.endswith("weight") else 0.3
        noise = scale * random.standard_normal(tuple(value.shape))
        if ("norm" in key or "ln" in key) and value.ndim == 1 and key.endswith("weight"):
            noise += 1
        if key.endswith("logit_scale"):
            noise += 2
        value.data = torch.from_numpy(noise.astype(np.float32))


def compute(model, images):
    """Logits, or without a classifier the class token's features, or for a Swin the mean of the tokens'."""
    if not isinstance(model, transformers.PreTrainedModel):
        return model(images)
    if isinstance(model, transformers.ViTMAEForPreTraining):
        # Masking shuffles patches before they are cut off; with noise in order nothing moves.
        noise = torch.arange(4.0).expand(len(images), -1)
        return model.vit(pixel_values=images, noise=noise).last_hidden_state[:, 0]
    output = model(pixel_values=images)
    for name in ("logits", "image_embeds", "pooler_output"):
        if getattr(output, name, None) is not None:
            return getattr(output, name)
    raise SystemExit(f"{type(model).__name__} gives {list(output)}")


def save(model, folder, arguments=None):
    """Writes a checkpoint as its program does, with timm's arguments in config.json where there are any."""
    if isinstance(model, transformers.PreTrainedModel):
        model.save_pretrained(folder)
        return
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    if arguments:
        config = {"architecture": "vision_transformer", "num_classes": 3, "model_args": arguments}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def image_shape(name):
    """Channels, height and width of a model's images."""
    side = 36 if name == "torchvision-swin-v2" else 20 if "swin-" in name or name.endswith("swin") else 16
    return 3 if name.startswith("torchvision") else 1, side, side


def write(name, seed):
    make, arguments = MODELS[name]
    random = np.random.Generator(np.random.PCG64([2406, 300 + seed]))
    model = make().eval()
    randomise(model, random)
    folder = GOLDENS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    save(model, folder, arguments)
    images = torch.from_numpy(random.standard_normal((2, *image_shape(name))).astype(np.float32))
    model = model.double()
    with torch.no_grad():
        logits = compute(model, images.double())
    save_file({"input": images, "logits": logits.float().contiguous()}, folder / "reference.safetensors")
    print(name, tuple(logits.shape), f"{logits.std().item():.3f}")
    if name == "huggingface-swin":
        write_units(model, folder, images, random)


def write_units(model, folder, images, random):
    """What every unit of a Swin of Hugging Face reads and gives, and the gradients of ½ Σ (logits − target)²."""
    modules = {}
    for stage, layer in enumerate(model.swin.encoder.layers):
        for index, block in enumerate(layer.blocks):
            modules[f"layers.{stage}.blocks.{index}"] = block
        if layer.downsample is not None:
            modules[f"layers.{stage + 1}.downsample"] = layer.downsample
    read, gave = {}, {}

    def first(value):
        return value[0] if isinstance(value, tuple) else value

    for name, module in modules.items():
        module.register_forward_pre_hook(
            lambda _, inputs, keywords, name=name: read.update({name: inputs[0] if inputs else keywords["hidden_states"]}),
            with_kwargs=True)
        module.register_forward_hook(lambda _, __, output, name=name: gave.update({name: first(output)}))
    logits = model(pixel_values=images.double()).logits
    order = list(read)
    gave["head"], gave["stem"] = logits, read[order[0]]
    read["head"] = gave[order[-1]]
    target = torch.from_numpy(random.standard_normal(tuple(logits.shape)).astype(np.float32))
    loss = 0.5 * ((logits - target.double()) ** 2).sum()
    parameters = dict(model.named_parameters())
    found = torch.autograd.grad(loss, list(read.values()) + list(parameters.values()), allow_unused=True)
    reference = {"input": images, "target": target, **{f"output.{name}": value for name, value in gave.items()}}
    reference.update({f"gradient.{name}": value for name, value in zip(read, found)})
    gradients = dict(zip(parameters, found[len(read):]))

    def part(source, target):
        reference[f"parameter_gradient.{target}.weight"] = gradients[f"{source}.weight"]

    for name, module in modules.items():
        source = next(key for key, value in model.named_modules() if value is module)
        if name.endswith("downsample"):
            part(f"{source}.reduction", f"{name}.reduction")
            continue
        inner = {key: None for key, _ in module.named_modules()}
        query = [key for key in inner if key.endswith(("query", "q_proj"))][0]
        names = [query.replace("query", third).replace("q_proj", {"query": "q_proj", "key": "k_proj", "value": "v_proj"}[third])
                 for third in ("query", "key", "value")]
        reference[f"parameter_gradient.{name}.attn.qkv.weight"] = torch.cat(
            [gradients[f"{source}.{third}.weight"] for third in names])
        for target, endings in {"attn.proj": ("attention.output.dense", "attention.o_proj"),
                                "mlp.fc1": ("intermediate.dense", "mlp.fc1"),
                                "mlp.fc2": ("output.dense", "mlp.fc2")}.items():
            match = [key for key in inner if key in endings]
            part(f"{source}.{match[0]}", f"{name}.{target}")
    part("classifier", "head.fc")
    UNITS.mkdir(parents=True, exist_ok=True)
    for file in ("model.safetensors", "config.json"):
        shutil.copy(folder / file, UNITS / file)
    save_file({key: value.detach().float().contiguous() for key, value in reference.items()},
              UNITS / "reference.safetensors")


def main():
    torch.set_num_threads(1)
    for seed, name in enumerate(MODELS):
        write(name, seed)


if __name__ == "__main__":
    main()
