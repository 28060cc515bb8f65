#!/usr/bin/env python3
"""Makes the files of torch.save that CheckpointsTests read: one small ViT, wrapped as training programs wrap theirs.

    pip install numpy torch==2.13.0+cpu timm==1.0.31 safetensors
    python3 Tests/Reference/torch_fixtures.py

Folder Tests/CheckpointsTests/Goldens/torch:

    config.json            the model, as timm writes it
    reference.safetensors  `input` [images, channels, height, width] and `logits` [images, classes]
    legacy.pth             the format from before PyTorch 1.6
    training.pth           the weights at “model”, among everything that training programs put beside them
    ema.pth                “model” with other weights, and “model_ema”
    ema-module.pth         the same with the averages at “module” of “model_ema”, beside their decay
    ema-model.pth          the same with the averages at “ema_model”
    several-averages.pth   “model”, and two models in “ema”
    net.pth                the weights at “net”, a key that no program is known for
    lightning.ckpt         prefix “model.”, and a loss's weight
    students.pth           two models, at “a” and “b”
    object.pth             the model itself, pickled
    script.pt, export.pt2  a TorchScript program and an exported one
    sharded                the weights in two files of torch.save with an index
"""
import argparse
import collections
import datetime
import json
import pathlib
import sys
import types
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import numpy as np
import torch
from safetensors.torch import save_file

import timm_on_cpu  # noqa: F401
from timm.models.vision_transformer import VisionTransformer

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "CheckpointsTests" / "Goldens" / "torch"
ARGUMENTS = dict(img_size=8, patch_size=4, in_chans=1, num_classes=3, embed_dim=8, depth=1, num_heads=2, mlp_ratio=2.0)


def without_paths(archive, packages):
    """Writes an archive again without the folder of the packages, which traces of an exported program name."""
    with zipfile.ZipFile(archive) as file:
        members = {name: file.read(name).replace(f"{packages}/".encode(), b"") for name in file.namelist()}
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name), content)


def stand_in(module, name, bases):
    """A class that pickles under the name of one from a package that need not be installed."""
    kind = type(name, bases, {"__module__": module})
    parent = ""
    for part in module.split("."):
        parent = f"{parent}.{part}".lstrip(".")
        sys.modules.setdefault(parent, types.ModuleType(parent))
    setattr(sys.modules[module], name, kind)
    return kind


def main():
    torch.manual_seed(2406)
    FOLDER.mkdir(parents=True, exist_ok=True)
    model = VisionTransformer(**ARGUMENTS).eval()
    for value in model.parameters():
        value.data = torch.randn(value.shape) * 0.4
    state = model.state_dict()
    images = torch.randn(2, 1, 8, 8)
    with torch.no_grad():
        logits = model.double()(images.double()).float()
    model.float()
    save_file({"input": images, "logits": logits}, FOLDER / "reference.safetensors")
    config = {"architecture": "vision_transformer", "num_classes": 3, "model_args": ARGUMENTS}
    (FOLDER / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    torch.save(state, FOLDER / "legacy.pth", _use_new_zipfile_serialization=False)

    node = stand_in("yacs.config", "CfgNode", (dict,))(LR=0.1)
    node.__dict__["__immutable__"] = True
    mapping = stand_in("omegaconf.dictconfig", "DictConfig", (object,))()
    mapping.__dict__.update(_content={"lr": 0.1}, _parent=None)
    training = {
        "model": collections.OrderedDict(state), "epoch": 3, "best": np.float64(0.5), "loss": np.array([1.0, 0.5]),
        "args": argparse.Namespace(
            lr=0.1, output=pathlib.PurePosixPath("out"), device=torch.device("cpu"), betas=(0.9, 0.99), big=2 ** 80),
        "config": node, "hydra": mapping, "started": datetime.datetime(2024, 2, 29, 12, 0),
        "meters": collections.defaultdict(list, {"top1": [1.0]}), "names": types.SimpleNamespace(classes={"a", "b"}),
        "optimizer": {"state": {0: {"step": torch.tensor(1.0), "exp_avg": torch.zeros(2)}}, "param_groups": [{}]},
        "dtype": torch.float32, "size": torch.Size([1, 2]), "rng": np.random.RandomState(1).get_state()[:1],
        "raw": b"\x00\x01",
    }
    torch.save(training, FOLDER / "training.pth")
    other = {key: value + 1 for key, value in state.items()}
    torch.save({"model": other, "model_ema": state}, FOLDER / "ema.pth")
    torch.save({"model": other, "model_ema": {"decay": 0.999, "module": state}}, FOLDER / "ema-module.pth")
    torch.save({"model": other, "ema_model": state}, FOLDER / "ema-model.pth")
    torch.save({"model": other, "ema": {"a": state, "b": dict(other)}}, FOLDER / "several-averages.pth")
    torch.save({"net": state, "epoch": 1}, FOLDER / "net.pth")
    torch.save({
        "state_dict": {**{"model." + key: value for key, value in state.items()}, "criterion.weight": torch.ones(3)},
        "hyper_parameters": {"lr": 0.1}, "pytorch-lightning_version": "2.1.0", "callbacks": {},
    }, FOLDER / "lightning.ckpt")
    torch.save({"a": state, "b": other}, FOLDER / "students.pth")
    torch.save(model, FOLDER / "object.pth")
    small = torch.nn.Linear(2, 2)
    torch.jit.script(small).save(FOLDER / "script.pt")
    torch.export.save(torch.export.export(small, (torch.zeros(1, 2),)), FOLDER / "export.pt2")
    without_paths(FOLDER / "export.pt2", pathlib.Path(torch.__file__).parents[1])

    sharded = FOLDER / "sharded"
    sharded.mkdir(exist_ok=True)
    names = sorted(state)
    halves = {"pytorch_model-00001-of-00002.bin": names[:9], "pytorch_model-00002-of-00002.bin": names[9:]}
    for file, part in halves.items():
        torch.save({name: state[name].clone() for name in part}, sharded / file)
    index = {"metadata": {"total_size": sum(4 * value.numel() for value in state.values())},
             "weight_map": {name: file for file, part in halves.items() for name in part}}
    (sharded / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")
    (sharded / "config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()
