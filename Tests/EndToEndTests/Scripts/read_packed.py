"""Compares weights as docs/packed-checkpoint.md reads them with those of an export for PyTorch.

    read_packed.py READER.py PACKED TORCH LAYER=INPUTS …

Both files are safetensors; they are read here without the library, which a machine that tests may lack.
"""
import json
import pathlib
import sys
import types

import numpy as np

TYPES = {"F32": "<f4", "U8": "u1"}


def load_file(path):
    data = pathlib.Path(path).read_bytes()
    size = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:size])
    return {name: np.frombuffer(data[size + facts["data_offsets"][0]:size + facts["data_offsets"][1]],
                                TYPES[facts["dtype"]]).reshape(facts["shape"])
            for name, facts in header.items() if name != "__metadata__"}


def main():
    reader, packed, torch, *layers = sys.argv[1:]
    code = compile(pathlib.Path(reader).read_text(), reader, "exec")
    expected = load_file(torch)
    library = types.SimpleNamespace(numpy=types.SimpleNamespace(load_file=load_file))
    for layer, inputs in (words.split("=") for words in layers):
        names = {"np": np, "safetensors": library, "path": packed, "layer": layer, "inputs": int(inputs), "bits": 4}
        exec(code, names)
        assert np.array_equal(names["weight"], expected[f"{layer}.weight"]), layer


if __name__ == "__main__":
    main()
