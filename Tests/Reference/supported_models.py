#!/usr/bin/env python3
"""Builds models of timm, Transformers and torchvision, and compares mgrq's logits with PyTorch's.

    pip install numpy pillow==13.0.0 torch==2.13.0+cpu torchvision timm==1.0.31 transformers==5.24.0 safetensors
    python3 Tests/Reference/supported_models.py MGRQ                 every architecture; takes a quarter of an hour
    python3 Tests/Reference/supported_models.py MGRQ --short         one of each kind
    python3 Tests/Reference/supported_models.py MGRQ --write         puts the tables into docs/models.md
    python3 Tests/Reference/supported_models.py MGRQ --write --only siglip      only rows of such a name

Every model has its own width, heads and options, random weights, one or two blocks and small images. A model that mgrq
runs is compared by logits (features without a classifier): the largest difference, relative to the largest logit. A
model that it refuses is listed with its sentence. The exit status is 1 where a difference exceeds 1e-4, or where a model
is refused, or run, that should not be.

Image processors of Transformers are compared by pixels: mgrq runs a model whose features are its pixels, on the images
and files of processor_goldens.py. More than a hundredth of a step of 255 is an error; DINOv3's processor, which
works on floats where mgrq rounds to 8 bits, may be two steps away.
"""
import argparse
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

import processor_goldens
import timm_on_cpu  # noqa: F401
import timm
import torchvision
import transformers
from PIL import Image
from safetensors.torch import save_file
from timm.models._hub import save_for_hf

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "Sources/Checkpoints/Architectures/TimmArchitectures.swift"
LIMIT = 1e-4
TARGET = ROOT / "docs/models.md"
MARK = "<!-- made by Tests/Reference/supported_models.py -->\n"


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
        if key.endswith("logit_scale"):
            value.data += 2


def run(mgrq, model, images, *flags):
    """What mgrq computes for images, and None; or None, and why it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        data, output = f"{folder}/images.npz", f"{folder}/logits.npz"
        np.savez(data, images=images.numpy())
        done = subprocess.run(
            [mgrq, "predict", model, "--data", data, "--output", output, "--normalised", *flags],
            capture_output=True, text=True)
        if done.returncode == 0:
            arrays = np.load(output)
            return arrays["logits" if "logits" in arrays else "features"], None
        sentence = done.stderr.strip().splitlines()[-1]
        sentence = re.sub(r"^mgrq: ", "", sentence).replace(str(model), "MODEL")
        sentence = re.sub(r"^\S+ is not a checkpoint that can be quantized: ", "", sentence).replace("MODEL/", "")
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
    cut = {"num_classes": 5}
    if name.startswith(("swin_", "swinv2_")):
        cut["depths"] = (2, 1, 1, 1)
    else:
        cut["depth"] = 1
        patch = int((re.search(r"patch(\d+)", name) or [0, 16])[1])
        if re.search(r"^(vit|deit3?|flexivit|eva_large|eva_giant|eva02|beit3|test_vit)", name):
            cut["img_size"] = 3 * patch
        if "sapiens2" in name:
            cut["num_kv_heads"] = 1
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
        # Rotary positions fit images of any size, so that no tensor shows it.
        flags = ["--image-size", str(height)] if getattr(model, "rope", None) is not None else []
        return compared(mgrq, model, folder, images, *flags)


PLAIN = dict(hidden_size=48, num_hidden_layers=2, num_attention_heads=3, intermediate_size=96, image_size=32,
             patch_size=8, num_labels=5)
SWIN = dict(image_size=40, patch_size=2, embed_dim=12, depths=[2, 2], num_heads=[1, 2], window_size=7, num_labels=5)
BEIT = dict(PLAIN, use_relative_position_bias=True)


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
    yield "SigLIP, vision half", t.SiglipVisionModel(t.SiglipVisionConfig(**vision(PLAIN)))
    yield "SigLIP, vision half without head", t.SiglipVisionModel(t.SiglipVisionConfig(
        **vision(PLAIN), vision_use_head=False))
    yield "SigLIP, for classification", t.SiglipForImageClassification(t.SiglipConfig(
        vision_config=vision(PLAIN), num_labels=5,
        text_config=dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)))
    yield "SwinV2, windows that do not fit", t.Swinv2ForImageClassification(t.Swinv2Config(**SWIN))
    yield "SwinV2, pretrained with other windows", t.Swinv2ForImageClassification(t.Swinv2Config(
        **SWIN, pretrained_window_sizes=[4, 0]))
    yield "SwinV2 without classifier", t.Swinv2Model(t.Swinv2Config(**SWIN))
    yield "DINOv3", t.DINOv3ViTModel(t.DINOv3ViTConfig(**vision(PLAIN), num_register_tokens=4))
    yield "DINOv3 with gated MLPs", t.DINOv3ViTModel(t.DINOv3ViTConfig(
        **vision(PLAIN), use_gated_mlp=True, hidden_act="silu"))
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
        if isinstance(model, transformers.SiglipVisionModel):
            return output.last_hidden_state.mean(1)
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


def probe(folder, height, width):
    """A model whose features are an image's normalised pixels, but for the last norm, beside two known numbers."""
    pixels = 3 * height * width
    size = pixels + 4 - pixels % 2
    state = {"pos_embed": torch.zeros(1, 1, size), "norm.weight": torch.ones(size), "norm.bias": torch.zeros(size)}
    weight, bias = torch.zeros(size, 3, height, width), torch.zeros(size)
    weight.view(size, pixels)[:pixels] = torch.eye(pixels)
    bias[pixels], bias[pixels + 1] = 1, -1
    state.update({"patch_embed.proj.weight": weight, "patch_embed.proj.bias": bias})
    for name, outputs, inputs in (("attn.qkv", 3 * size, size), ("attn.proj", size, size), ("mlp.fc1", 2, size),
                                  ("mlp.fc2", size, 2)):
        state.update({f"blocks.0.{name}.weight": torch.zeros(outputs, inputs),
                      f"blocks.0.{name}.bias": torch.zeros(outputs)})
    for norm in ("norm1", "norm2"):
        state.update({f"blocks.0.{norm}.weight": torch.ones(size), f"blocks.0.{norm}.bias": torch.zeros(size)})
    save_file(state, f"{folder}/model.safetensors")
    pathlib.Path(folder, "config.json").write_text(json.dumps(
        {"num_heads": 1, "num_classes": 0, "global_pool": "avg", "img_size": [height, width]}))


def processor_rows(mgrq, only):
    """Name, number of files, and the largest difference of pixels in steps of 255, for every processor."""
    found = {}
    for config in processor_goldens.CASES:
        name = config.get("image_processor_type") or config["feature_extractor_type"]
        name = name.removesuffix("Fast").replace("FeatureExtractor", "ImageProcessor")
        if not re.search(only, name):
            continue
        backend = "" if name.startswith("DINOv3") else "Pil"
        pictures = [processor_goldens.picture(*size) for size in processor_goldens.SIZES]
        expected = np.stack([processor_goldens.run(config, picture, backend) for picture in pictures])
        if expected[0].size > 2000:
            continue
        spread = 1.0 if config.get("do_normalize") is False else max(
            processor_goldens.processor(config, backend).image_std)
        rescale = config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1
        with tempfile.TemporaryDirectory() as folder:
            model, images = pathlib.Path(folder, "model"), pathlib.Path(folder, "images")
            model.mkdir()
            images.mkdir()
            probe(model, *expected.shape[2:])
            (model / "preprocessor_config.json").write_text(json.dumps(config))
            for index, picture in enumerate(pictures):
                Image.fromarray(picture).save(images / f"{index}.png")
            output = f"{folder}/pixels.npz"
            subprocess.run([mgrq, "predict", str(model), "--data", str(images), "--output", output], check=True,
                           capture_output=True)
            features = np.load(output)["features"].astype(np.float64)
        pixels = expected[0].size
        high, low = features[:, pixels, None], features[:, pixels + 1, None]
        values = 2 * (features[:, :pixels] - low) / (high - low) - 1
        steps = np.abs(values - expected.reshape(len(expected), -1)).max() * spread / rescale
        cases, largest = found.get(name, (0, 0.0))
        found[name] = (cases + 1, max(largest, float(steps)))
        print(f"processor\t{json.dumps(config)}\t{steps:.1e}", flush=True)
    return found


def written_rows():
    """The rows that docs/models.md has, by their program and model, or by their processor."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")]
             for line in TARGET.read_text().split(MARK)[1].split("<!-- end -->")[0].splitlines() if line.startswith("|")]
    return {tuple(row[:1] if row[0].startswith("`") else row[:2]): row for row in cells}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mgrq")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="", help="a regular expression of names; other rows stay as they are")
    options = parser.parse_args()
    torch.set_num_threads(1)
    run_rows, refused_rows, failures = [], [], []
    written = written_rows()

    def title_of(program, names):
        return " ".join(f"`{name}`" for name in names) if program == "timm" else names[0]

    def keep(program, names, should_run):
        if row := written.get((program, title_of(program, names))):
            (run_rows if should_run else refused_rows).append(tuple(row))

    def sort(program, names, result, should_run):
        title = title_of(program, names)
        if isinstance(result, float):
            run_rows.append((program, title, f"{result:.0e}"))
        else:
            refused_rows.append((program, title, result))
        if isinstance(result, float) != should_run or isinstance(result, float) and not result <= LIMIT:
            failures.append(f"{program} {names[0]}: {result}")
        shown = f"{result:.1e}" if isinstance(result, float) else result
        print(f"{program}\t{names[0]}\t{shown}", flush=True)

    seed = 0
    # Without the names of earlier versions, which stand for others.
    current = set(timm.list_models())
    for facts, names in groups().items():
        should_run = not facts.startswith("no=")
        if not any(re.search(options.only, name) for name in names):
            keep("timm", names, should_run)
            continue
        known = [name for name in names if name in current]
        results = []
        for name in known:
            seed += 1
            try:
                results.append(timm_case(mgrq=options.mgrq, name=name, seed=seed))
            except RuntimeError as error:
                # timm cannot save models whose tensors share memory; another one of the group stands for them.
                if should_run or "share memory" not in str(error):
                    raise
                continue
            if options.short or not should_run:
                break
            if not isinstance(results[-1], float) and should_run:
                print(f"timm\t{name}\t{results[-1]}", flush=True)
        sentences = [result for result in results if not isinstance(result, float)]
        if results:
            sort("timm", names, sentences[0] if sentences else max(results), should_run)
    refused = {"CLIP, for classification", "I-JEPA", "ConvNeXt", "PVT"}
    for name, model in hugging_face_models():
        seed += 1
        if re.search(options.only, name):
            sort("Transformers", [name], hugging_face_case(options.mgrq, model, seed), name not in refused)
        else:
            keep("Transformers", [name], name not in refused)
    for name, side, model in torchvision_models():
        seed += 1
        if re.search(options.only, name):
            sort("torchvision", [name], torchvision_case(options.mgrq, model, side, seed), name not in refused)
        else:
            keep("torchvision", [name], name not in refused)

    lines = ["| program | model | largest relative difference |", "| --- | --- | --- |"]
    lines += [f"| {program} | {title} | {result} |" for program, title, result in run_rows]
    lines += ["", "| program | model | refused |", "| --- | --- | --- |"]
    lines += [f"| {program} | {title} | {result} |" for program, title, result in refused_rows]
    lines += ["", "| image processor | files | largest difference of a pixel, in steps of 255 |", "| --- | --- | --- |"]
    found = processor_rows(options.mgrq, options.only)
    processors = {key[0]: f"| {' | '.join(row)} |" for key, row in written.items() if len(key) == 1}
    processors.update({f"`{name}`": f"| `{name}` | {cases} | {largest:.1g} |" for name, (cases, largest) in found.items()})
    lines += [row for _, row in sorted(processors.items())]
    for name, (_, largest) in found.items():
        if not largest <= (2 if name.startswith("DINOv3") else 1e-2):
            failures.append(f"{name}: {largest} steps of 255")
    if options.write:
        before, rest = TARGET.read_text().split(MARK)
        after = rest.split("<!-- end -->")[1]
        TARGET.write_text(before + MARK + "\n".join(lines) + "\n<!-- end -->" + after)
    for failure in failures:
        print(f"WRONG {failure}", file=sys.stderr)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
