#!/usr/bin/env python3
"""Writes Tests/SafetensorsTests/Fixtures/python.safetensors with the reference implementation.

    pip install numpy torch==2.13.0+cpu safetensors
    python3 Tests/Reference/safetensors_fixture.py

Every tensor that can hold them has the values -2, -0.5, 0, 1, 3, 120 (integers: -2, 0, 1, 3, 100, 120; unsigned:
0, 1, 2, 3, 100, 200) in shape [2, 3]. An odd number of bytes comes last, as the writer sorts by width.
"""
import pathlib

import torch
from safetensors.torch import save_file

FILE = pathlib.Path(__file__).resolve().parent.parent / "SafetensorsTests" / "Fixtures" / "python.safetensors"


def main():
    reals = torch.tensor([[-2, -0.5, 0], [1, 3, 120]])
    signed = torch.tensor([[-2, 0, 1], [3, 100, 120]])
    unsigned = torch.tensor([[0, 1, 2], [3, 100, 200]])
    tensors = {str(kind)[6:]: reals.to(kind) for kind in (torch.float32, torch.float16, torch.bfloat16, torch.float64)}
    tensors |= {str(kind)[6:]: signed.to(kind) for kind in (torch.int8, torch.int16, torch.int32, torch.int64)}
    tensors |= {str(kind)[6:]: unsigned.to(kind) for kind in (torch.uint8, torch.uint16, torch.uint32, torch.uint64)}
    tensors["scalar"] = torch.tensor(0.1)
    tensors["empty"] = torch.zeros(0, 3)
    tensors["odd"] = torch.tensor([True, False, True])
    tensors['name with "quotes", \\ and \n é \U0001F600'] = torch.tensor([1.0])
    FILE.parent.mkdir(exist_ok=True)
    save_file(tensors, FILE, metadata={"purpose": "tab\there"})
    FILE.chmod(0o644)


if __name__ == "__main__":
    main()
