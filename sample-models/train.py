#!/usr/bin/env python3
"""Trains a sample vision transformer on Fashion-MNIST and writes what `sample-models/` holds.

    pip install torch==2.13.0+cpu timm safetensors        # a CPU build of PyTorch is enough
    apt-get install dataset-fashion-mnist                 # the images, MIT licence
    python3 sample-models/train.py --model fashion-vit --work /tmp/fashion-vit

MODEL is fashion-vit, fashion-deit or fashion-swin; the DeiT is distilled from the ViT that lies here.
The work folder keeps the state after every epoch; the same command goes on from there. When the
last epoch is done, it writes beside this script:

    MODEL/model.safetensors      float32 weights of the averaged model, timm key names
    MODEL/config.json            architecture, preprocessing, labels and measured accuracy

and, with fashion-vit, the images that all of them use:

    fashion-mnist/calibration.safetensors   512 training images, no labels
    fashion-mnist/evaluation.safetensors    1,000 test images with labels
"""
import argparse
import gzip
import json
import math
import os
import pathlib
import struct
import sys
import time
import typing

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests" / "Reference"))

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

import timm_on_cpu  # noqa: F401
from timm.models.deit import VisionTransformerDistilled
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import VisionTransformer

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
MEAN, STD = 0.2860, 0.3530
LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


class Recipe(typing.NamedTuple):
    """What is trained, and how."""

    architecture: str
    make: type
    arguments: dict
    # Cycles of cosine decay: epochs, batch, learning rate at the start, share of images with a blanked rectangle,
    # largest shift in pixels, label smoothing. Each cycle starts from the averaged model of the one before.
    cycles: list
    # Whether products are computed in bfloat16; the weights are float32 all the same.
    mixed_precision: bool = True
    first_conv: str = "patch_embed.proj"
    classifier: object = "head"


RECIPES = {
    "fashion-vit": Recipe(
        "vision_transformer", VisionTransformer,
        dict(img_size=28, patch_size=4, in_chans=1, num_classes=10, embed_dim=128, depth=6, num_heads=4,
             mlp_ratio=4.0, class_token=True, global_pool="token"),
        [(14, 128, 1.2e-3, 0.25, 2, 0.1), (5, 64, 6e-4, 0.0, 1, 0.05)], mixed_precision=False),
    "fashion-deit": Recipe(
        "vision_transformer_distilled", VisionTransformerDistilled,
        dict(img_size=28, patch_size=4, in_chans=1, num_classes=10, embed_dim=96, depth=6, num_heads=3,
             mlp_ratio=4.0),
        [(9, 128, 1.5e-3, 0.2, 2, 0.1), (8, 128, 1e-3, 0.0, 1, 0.05)],
        classifier=["head", "head_dist"]),
    "fashion-swin": Recipe(
        "swin_transformer", SwinTransformer,
        dict(img_size=28, patch_size=2, in_chans=1, num_classes=10, embed_dim=48, depths=[2, 4], num_heads=[3, 6],
             window_size=7, mlp_ratio=4.0),
        [(8, 128, 1.5e-3, 0.25, 2, 0.1), (6, 128, 1e-3, 0.0, 1, 0.05)],
        classifier="head.fc"),
}


def read_idx(name):
    """Reads one gzip-compressed IDX file of unsigned bytes."""
    with gzip.open(DATA / name) as file:
        raw = file.read()
    rank = raw[3]
    shape = struct.unpack(f">{rank}I", raw[4:4 + 4 * rank])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def normalise(images):
    """uint8 [n, 28, 28] → float32 [n, 1, 28, 28] in the model's units."""
    return (images[:, None].float() / 255 - MEAN) / STD


def augment(x, generator, blanked, shift):
    """Mirrors half of the images, shifts each by a few pixels, blanks a small rectangle in some of them."""
    n, _, height, width = x.shape
    flip = torch.rand(n, generator=generator) < 0.5
    x = torch.where(flip[:, None, None, None], x.flip(-1), x)
    padded = F.pad(x, (shift, shift, shift, shift), value=-MEAN / STD)
    dy, dx = torch.randint(0, 2 * shift + 1, (2, n), generator=generator)
    rows = dy[:, None] + torch.arange(height)
    columns = dx[:, None] + torch.arange(width)
    x = padded[torch.arange(n)[:, None, None], 0, rows[:, :, None], columns[:, None, :]][:, None].clone()
    for i in torch.nonzero(torch.rand(n, generator=generator) < blanked).flatten().tolist():
        h, w = torch.randint(4, 11, (2,), generator=generator).tolist()
        top = int(torch.randint(0, height - h + 1, (1,), generator=generator))
        left = int(torch.randint(0, width - w + 1, (1,), generator=generator))
        x[i, :, top:top + h, left:left + w] = 0
    return x


@torch.no_grad()
def logits_of(model, images):
    model.eval()
    return torch.cat([model(normalise(part)) for part in images.split(250)])


def new_optimiser(model):
    """AdamW without decay on norms, biases, the class token and positions."""
    decay, plain = [], []
    for name, parameter in model.named_parameters():
        unweighted = parameter.ndim < 2 or any(part in name for part in ("token", "pos_embed", "bias_table"))
        (plain if unweighted else decay).append(parameter)
    return torch.optim.AdamW([dict(params=decay, weight_decay=0.05), dict(params=plain, weight_decay=0)], lr=1e-3)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=RECIPES, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the state between epochs")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(2406)

    images = torch.from_numpy(read_idx("train-images-idx3-ubyte.gz").copy())
    labels = torch.from_numpy(read_idx("train-labels-idx1-ubyte.gz").astype(np.int64))
    test_images = torch.from_numpy(read_idx("t10k-images-idx3-ubyte.gz").copy())
    test_labels = torch.from_numpy(read_idx("t10k-labels-idx1-ubyte.gz").astype(np.int64))

    recipe = RECIPES[args.model]
    model = recipe.make(drop_path_rate=0.05, **recipe.arguments)
    average = recipe.make(**recipe.arguments)
    taught = None
    if recipe.make is VisionTransformerDistilled:
        model.set_distilled_training(True)
        teacher = VisionTransformer(**RECIPES["fashion-vit"].arguments)
        teacher.load_state_dict(load_file(HERE / "fashion-vit" / "model.safetensors"))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            taught = F.softmax(logits_of(teacher, images).float(), 1)
    average.load_state_dict(model.state_dict())
    optimiser = new_optimiser(model)
    state_path = args.work / "state.pt"
    first = 0
    if state_path.exists():
        state = torch.load(state_path)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["epoch"] + 1
    plan = [(k, cycle) for cycle in recipe.cycles for k in range(cycle[0])]
    for epoch in range(first, len(plan)):
        in_cycle, (cycle_epochs, batch, peak, blanked, shift, smoothing) = plan[epoch]
        per_epoch = len(images) // batch
        if in_cycle == 0 and epoch > 0:
            model.load_state_dict(average.state_dict())
            optimiser = new_optimiser(model)
        generator = torch.Generator().manual_seed(2406 + epoch)
        torch.manual_seed(2406 + epoch)
        order = torch.randperm(len(images), generator=generator)
        started, running = time.time(), 0.0
        model.train()
        for i in range(per_epoch):
            step = in_cycle * per_epoch + i
            warm = min(1.0, (step + 1) / 500)
            rate = peak * warm * 0.5 * (1 + math.cos(math.pi * step / (cycle_epochs * per_epoch))) + 1e-6
            for group in optimiser.param_groups:
                group["lr"] = rate
            index = order[i * batch:(i + 1) * batch]
            x = augment(normalise(images[index]), generator, blanked, shift)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.mixed_precision):
                outputs = model(x)
            loss = loss_of(outputs, labels[index], smoothing, None if taught is None else taught[index])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            keep = min(0.998, (step + 1) / (step + 10))
            with torch.no_grad():
                for a, b in zip(average.parameters(), model.parameters()):
                    a.lerp_(b, 1 - keep)
            running += loss.item()
        accuracy = (logits_of(average, test_images).argmax(1) == test_labels).float().mean().item() * 100
        print(f"epoch {epoch + 1}/{len(plan)}  loss {running / per_epoch:.4f}  top-1 {accuracy:.2f} %  "
              f"{time.time() - started:.0f} s", flush=True)
        temporary = state_path.with_suffix(".new")
        torch.save(dict(model=model.state_dict(), average=average.state_dict(), optimiser=optimiser.state_dict(),
                        epoch=epoch), temporary)
        temporary.replace(state_path)
    write(args.model, average, images, test_images, test_labels)


def loss_of(outputs, labels, smoothing, taught):
    """Cross-entropy with the labels; a distilled model's second head learns the teacher's probabilities instead."""
    if taught is None:
        return F.cross_entropy(outputs.float(), labels, label_smoothing=smoothing)
    return (0.5 * F.cross_entropy(outputs[0].float(), labels, label_smoothing=smoothing)
            + 0.5 * F.cross_entropy(outputs[1].float(), taught))


def write(name, model, images, test_images, test_labels):
    """Writes the checkpoint and its configuration, and with the ViT the two image sets."""
    recipe = RECIPES[name]
    accuracy = (logits_of(model, test_images).argmax(1) == test_labels).float().mean().item() * 100
    calibration = torch.randperm(len(images), generator=torch.Generator().manual_seed(1))[:512].sort().values
    chosen = torch.randperm(len(test_images), generator=torch.Generator().manual_seed(2))[:1000].sort().values
    subset = (logits_of(model, test_images[chosen]).argmax(1) == test_labels[chosen]).sum().item()
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors",
              metadata={"format": "pt"})
    config = {
        "architecture": recipe.architecture,
        "num_classes": 10,
        "model_args": recipe.arguments,
        "label_names": LABELS,
        "pretrained_cfg": {"input_size": [1, 28, 28], "mean": [MEAN], "std": [STD], "crop_pct": 1.0,
                           "interpolation": "bicubic", "first_conv": recipe.first_conv,
                           "classifier": recipe.classifier},
        "measured": {"test_images": 10000, "top1": round(accuracy, 2), "evaluation_images": 1000,
                     "evaluation_top1": subset / 10},
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    if name == "fashion-vit":
        data = HERE / "fashion-mnist"
        data.mkdir(exist_ok=True)
        save_file({"images": images[calibration][:, None].contiguous()}, data / "calibration.safetensors")
        save_file({"images": test_images[chosen][:, None].contiguous(), "labels": test_labels[chosen]},
                  data / "evaluation.safetensors")
    print(f"10,000 test images: top-1 {accuracy:.2f} %; the 1,000 evaluation images: {subset} right")


if __name__ == "__main__":
    main()
