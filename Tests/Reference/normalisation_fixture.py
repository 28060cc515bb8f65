#!/usr/bin/env python3
"""Writes Tests/DatasetsTests/Fixtures/normalised.safetensors: what PyTorch makes of every byte.

    pip install numpy torch==2.13.0+cpu safetensors
    python3 Tests/Reference/normalisation_fixture.py

    images              uint8   [1, 4, 16, 16], each channel holds all 256 bytes
    labels              int64   [1]
    mean, deviation     float32 [4]: those of ImageNet, then those of Fashion-MNIST
    normalised          float32 [1, 4, 16, 16]: (images / 255 - mean) / deviation
"""
import pathlib

import torch
from safetensors.torch import save_file

FILE = pathlib.Path(__file__).resolve().parent.parent / "DatasetsTests" / "Fixtures" / "normalised.safetensors"


def main():
    mean = torch.tensor([0.485, 0.456, 0.406, 0.2860])
    deviation = torch.tensor([0.229, 0.224, 0.225, 0.3530])
    images = (torch.arange(256)[None] * torch.tensor([[1], [3], [5], [7]]) % 256).to(torch.uint8).reshape(1, 4, 16, 16)
    normalised = (images.float() / 255 - mean[:, None, None]) / deviation[:, None, None]
    FILE.parent.mkdir(exist_ok=True)
    save_file({"images": images, "labels": torch.tensor([7]), "mean": mean, "deviation": deviation,
               "normalised": normalised}, FILE)
    FILE.chmod(0o644)


if __name__ == "__main__":
    main()
