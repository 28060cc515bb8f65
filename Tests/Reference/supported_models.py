#!/usr/bin/env python3
"""Builds models of timm, Transformers and torchvision, and compares mgrq's logits with PyTorch's.

    pip install numpy torch==2.13.0+cpu torchvision timm==1.0.31 transformers==5.24.0 safetensors
    python3 Tests/Reference/supported_models.py MGRQ                 every architecture; takes a quarter of an hour
    python3 Tests/Reference/supported_models.py MGRQ --short         one of each kind
    python3 Tests/Reference/supported_models.py MGRQ --write         puts the tables into docs/models.md

Every model has its own width, heads and options, random weights, one or two blocks and small images. A model that mgrq
runs is compared by logits (features without a classifier): the largest difference, relative to the largest logit. A
model that it refuses is listed with its sentence. The exit status is 1 where a difference exceeds 1e-4, or where a model
is refused, or run, that should not be.
"""
import argparse
import inspect
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
warnings.filterwarnings("ignore")

import numpy as np
import torch

import timm_on_cpu  # noqa: F401
import timm
import torchvision
import transformers
from safetensors.torch import save_file
from timm.models._hub import save_for_hf

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "Sources/Checkpoints/Architectures/TimmArchitectures.swift"
LIMIT = 1e-4


def groups():
    """Facts → timm's names with these facts, as mgrq's table has them."""
    text = TABLE.read_text().split('"""')[1].replace("\\\n", " ")
    found = {}
    for line in text.strip().splitlines():
        facts, names = line.split(":", 1)
        found[facts.strip()] = names.split()
    return found


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for key, value in model.named_parameters():
        scale = value[0].numel() ** -0.5 if value.ndim >= 2 and "token" not in key and "pos" not in key else 0.3
        value.data = scale * torch.randn(value.shape, generator=generator)
        if value.ndim == 1 and key.endswith("weight"):
            value.data += 1


def run(mgrq, model, images, *flags):
    """What mgrq computes for images, and None; or None, and why it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        data, output = f"{folder}/images.npz", f"{folder}/logits.npz"
        np.savez(data, images=images.numpy())
        done = subprocess.run(
            [mgrq, "predict", model, "--data", data, "--output", output, "--normalised", *flags],
            capture_output=True, text=True)
        if done.returncode == 0:
            return np.load(output)["logits"], None
        sentence = done.stderr.strip().splitlines()[-1]
        sentence = re.sub(r"^mgrq: ", "", sentence).replace(str(model), "MODEL")
        return None, f"{sentence} ({done.returncode})" if done.returncode != 65 else sentence


def compared(mgrq, model, path, images, *flags, compute=None):
    """The largest difference of logits relative to the largest logit, or mgrq's sentence."""
    found, sentence = run(mgrq, path, images, *flags)
    if sentence:
        return sentence
    with torch.no_grad():
        expected = (compute or model.double())(images.double()).numpy()
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def timm_case(mgrq, name, seed):
    """One of timm's architectures, cut to a block or two."""
    parameters = timm.models.model_entrypoint(name)
    cut = {"num_classes": 5}
    if name.startswith("swin_"):
        cut["depths"] = (2, 1, 1, 1)
    else:
        cut["depth"] = 1
        patch = int((re.search(r"patch(\d+)", name) or [0, 16])[1])
        if re.search(r"^(vit|deit3?|flexivit|eva_large|eva_giant|test_vit)", name):
            cut["img_size"] = 3 * patch
    try:
        model = timm.create_model(name, pretrained=False, **cut).eval()
    except TypeError:
        cut.pop("img_size", None)
        try:
            model = timm.create_model(name, pretrained=False, **cut).eval()
        except TypeError:
            model = timm.create_model(name, pretrained=False, num_classes=5).eval()
    randomise(model, seed)
    channels, height, width = model.pretrained_cfg["input_size"]
    if "img_size" in cut:
        height = width = cut["img_size"]
    elif getattr(getattr(model, "patch_embed", None), "img_size", None):
        height, width = model.patch_embed.img_size
    images = torch.randn((2, channels, height, width), generator=torch.Generator().manual_seed(seed))
    with tempfile.TemporaryDirectory() as folder:
        save_for_hf(model, folder, safe_serialization=True)
        return compared(mgrq, model, folder, images)


PLAIN = dict(hidden_size=48, num_hidden_layers=2, num_attention_heads=3, intermediate_size=96, image_size=32,
             patch_size=8, num_labels=5)
SWIN = dict(image_size=40, patch_size=2, embed_dim=12, depths=[2, 2], num_heads=[1, 2], window_size=7, num_labels=5)
BEIT = dict({k: v for k, v in PLAIN.items()}, use_relative_position_bias=True)


def vision(values):
    return {key: value for key, value in values.items() if key != "num_labels"}


def hugging_face_models():
    t = transformers
    dino = {key: value for key, value in PLAIN.items() if key != "intermediate_size"}
    yield "ViT", t.ViTForImageClassification(t.ViTConfig(**PLAIN))
    yield "ViT, hidden_act gelu_new", t.ViTForImageClassification(t.ViTConfig(**PLAIN, hidden_act="gelu_new"))
    yield "ViT, hidden_act quick_gelu", t.ViTForImageClassification(t.ViTConfig(**PLAIN, hidden_act="quick_gelu"))
    yield "ViT without classifier", t.ViTModel(t.ViTConfig(**PLAIN), add_pooling_layer=False)
    yield "DeiT", t.DeiTForImageClassification(t.DeiTConfig(**PLAIN))
    yield "DeiT with teacher", t.DeiTForImageClassificationWithTeacher(t.DeiTConfig(**PLAIN))
    yield "Dinov2", t.Dinov2ForImageClassification(t.Dinov2Config(**dino))
    yield "Dinov2 without classifier", t.Dinov2Model(t.Dinov2Config(**dino))
    yield "Dinov2 with registers", t.Dinov2WithRegistersForImageClassification(
        t.Dinov2WithRegistersConfig(**dino, num_register_tokens=4))
    yield "Dinov2 with SwiGLU", t.Dinov2ForImageClassification(t.Dinov2Config(**dino, use_swiglu_ffn=True))
    yield "ViTMSN", t.ViTMSNForImageClassification(t.ViTMSNConfig(**PLAIN))
    yield "ViTMAE with decoder", t.ViTMAEForPreTraining(t.ViTMAEConfig(
        **PLAIN, decoder_hidden_size=32, decoder_num_hidden_layers=1, decoder_num_attention_heads=2,
        decoder_intermediate_size=64, mask_ratio=0.0))
    yield "Swin, windows that do not fit", t.SwinForImageClassification(t.SwinConfig(**SWIN))
    yield "Swin without classifier", t.SwinModel(t.SwinConfig(**SWIN))
    yield "CLIP, vision half with projection", t.CLIPVisionModelWithProjection(
        t.CLIPVisionConfig(**vision(PLAIN), projection_dim=5))
    yield "CLIP, vision half", t.CLIPVisionModel(t.CLIPVisionConfig(**vision(PLAIN)))
    yield "CLIP, for classification", t.CLIPForImageClassification(t.CLIPConfig(
        vision_config=vision(PLAIN), num_labels=5,
        text_config=dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)))
    yield "BEiT", t.BeitForImageClassification(t.BeitConfig(**BEIT))
    yield "Data2Vec", t.Data2VecVisionForImageClassification(t.Data2VecVisionConfig(**BEIT))
    yield "SigLIP", t.SiglipVisionModel(t.SiglipVisionConfig(**vision(PLAIN)))
    yield "SwinV2", t.Swinv2ForImageClassification(t.Swinv2Config(**SWIN))
    yield "DINOv3", t.DINOv3ViTModel(t.DINOv3ViTConfig(**vision(PLAIN)))
    yield "I-JEPA", t.IJepaForImageClassification(t.IJepaConfig(**PLAIN))
    yield "ConvNeXt", t.ConvNextForImageClassification(t.ConvNextConfig(
        hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, num_labels=5))
    yield "PVT", t.PvtForImageClassification(t.PvtConfig(num_labels=5, depths=[1, 1, 1, 1]))


def hugging_face_logits(model):
    def compute(images):
        wide = model.double()
        if isinstance(model, transformers.ViTMAEForPreTraining):
            patches = model.config.image_size // model.config.patch_size
            noise = torch.arange(float(patches ** 2)).expand(len(images), -1)
            return wide.vit(pixel_values=images, noise=noise).last_hidden_state[:, 0]
        output = wide(pixel_values=images)
        for key in ("logits", "image_embeds", "pooler_output"):
            if getattr(output, key, None) is not None:
                return getattr(output, key)
        return output.last_hidden_state[:, 0]

    return compute


def hugging_face_case(mgrq, model, seed):
    model = model.eval()
    randomise(model, seed)
    config = getattr(model.config, "vision_config", model.config)
    side = getattr(config, "image_size", 32)
    images = torch.randn((2, 3, side, side), generator=torch.Generator().manual_seed(seed))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return compared(mgrq, model, folder, images, compute=hugging_face_logits(model))


def torchvision_models():
    m = torchvision.models
    layer = inspect.signature(m.VisionTransformer).parameters["norm_layer"].default
    del layer
    for name, width, heads, patch in (("vit_b_16", 768, 12, 16), ("vit_l_32", 1024, 16, 32), ("vit_h_14", 1280, 16, 14)):
        yield name, 3 * patch, m.VisionTransformer(
            image_size=3 * patch, patch_size=patch, num_layers=1, num_heads=heads, hidden_dim=width,
            mlp_dim=2 * width, num_classes=5)
    for name, width, heads, side, window in (("swin_t", 96, 3, 224, 7), ("swin_b", 128, 4, 224, 7)):
        yield name, side, m.SwinTransformer(
            patch_size=[4, 4], embed_dim=width, depths=[2, 1, 1, 1], num_heads=[heads * 2 ** i for i in range(4)],
            window_size=[window, window], num_classes=5)
    yield "swin_t, images of 260", 260, m.SwinTransformer(
        patch_size=[4, 4], embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=[7, 7], num_classes=5)
    yield "swin_v2_t", 64, m.SwinTransformer(
        patch_size=[4, 4], embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=[8, 8], num_classes=5,
        block=m.swin_transformer.SwinTransformerBlockV2, downsample_layer=m.swin_transformer.PatchMergingV2)


def torchvision_case(mgrq, model, side, seed):
    model = model.eval()
    randomise(model, seed)
    images = torch.randn((2, 3, side, side), generator=torch.Generator().manual_seed(seed))
    flags = ["--image-size", str(side)]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.pth"
        torch.save(model.state_dict(), path)
        return compared(mgrq, model, path, images, *flags)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mgrq")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="", help="a regular expression of names")
    options = parser.parse_args()
    torch.set_num_threads(1)
    run_rows, refused_rows, failures = [], [], []

    def sort(program, names, result, should_run):
        title = " ".join(f"`{name}`" for name in names) if program == "timm" else names[0]
        if isinstance(result, float):
            run_rows.append((program, title, f"{result:.0e}"))
        else:
            refused_rows.append((program, title, result))
        if isinstance(result, float) != should_run or isinstance(result, float) and not result <= LIMIT:
            failures.append(f"{program} {names[0]}: {result}")
        shown = f"{result:.1e}" if isinstance(result, float) else result
        print(f"{program}\t{names[0]}\t{shown}", flush=True)

    seed = 0
    for facts, names in groups().items():
        names = [name for name in names if re.search(options.only, name)]
        should_run = not facts.startswith("no=")
        known = [name for name in names if timm.is_model(name)]
        tried = known[:1] if options.short or not should_run else known
        results = []
        for name in tried:
            seed += 1
            try:
                results.append(timm_case(mgrq=options.mgrq, name=name, seed=seed))
            except Exception as error:  # noqa: BLE001: a model that timm cannot build is reported, not skipped
                results.append(f"timm cannot build {name}: {error!r}")
            if not isinstance(results[-1], float) and should_run:
                print(f"timm\t{name}\t{results[-1]}", flush=True)
        sentences = [result for result in results if not isinstance(result, float)]
        if results:
            sort("timm", names, sentences[0] if sentences else max(results), should_run)
    refused = {"Dinov2 with SwiGLU", "CLIP, for classification", "BEiT", "Data2Vec", "SigLIP", "SwinV2", "DINOv3",
               "I-JEPA", "ConvNeXt", "PVT", "swin_v2_t"}
    for name, model in hugging_face_models():
        seed += 1
        if re.search(options.only, name):
            sort("Transformers", [name], hugging_face_case(options.mgrq, model, seed), name not in refused)
    for name, side, model in torchvision_models():
        seed += 1
        if re.search(options.only, name):
            sort("torchvision", [name], torchvision_case(options.mgrq, model, side, seed), name not in refused)

    lines = ["| program | model | largest relative difference |", "| --- | --- | --- |"]
    lines += [f"| {program} | {title} | {result} |" for program, title, result in run_rows]
    lines += ["", "| program | model | refused |", "| --- | --- | --- |"]
    lines += [f"| {program} | {title} | {result} |" for program, title, result in refused_rows]
    if options.write:
        target = ROOT / "docs/models.md"
        before, rest = target.read_text().split("<!-- made by Tests/Reference/supported_models.py -->\n")
        after = rest.split("<!-- end -->")[1]
        target.write_text(before + "<!-- made by Tests/Reference/supported_models.py -->\n" + "\n".join(lines)
                          + "\n<!-- end -->" + after)
    for failure in failures:
        print(f"WRONG {failure}", file=sys.stderr)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
