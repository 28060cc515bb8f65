#!/usr/bin/env python3
"""Writes Tests/DatasetsTests/Fixtures/numpy.safetensors: npy and npz files as NumPy writes them.

    pip install numpy==2.4.6 safetensors
    python3 Tests/Reference/numpy_fixtures.py

uint8 [bytes] for each file, as on a disk. Images are [3, 2, 5, 6]: the byte at [n, c, h, w] is
60 n + 30 c + 6 h + w; floats are that by 8. Labels are 2, 0, 1.
"""
import io
import pathlib
import warnings
import zipfile

import numpy as np
from numpy.lib import format as npy
from safetensors.numpy import save_file

FILE = pathlib.Path(__file__).resolve().parent.parent / "DatasetsTests" / "Fixtures" / "numpy.safetensors"


def written(array, version=None):
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        npy.write_array(out, array, version=version)
    return out.getvalue()


def archive(save, **arrays):
    out = io.BytesIO()
    save(out, **arrays)
    return out.getvalue()


def main():
    n, c, h, w = np.indices((3, 2, 5, 6))
    images = (60 * n + 30 * c + 6 * h + w).astype(np.uint8)
    last = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    labels = np.array([2, 0, 1])
    files = {
        "bytes.npy": written(images),
        "bytes-2.npy": written(images, (2, 0)),
        "bytes-3.npy": written(images, (3, 0)),
        "bytes-last.npy": written(last),
        "bytes-fortran.npy": written(np.asfortranarray(images)),
        "bytes-last-fortran.npy": written(np.asfortranarray(last)),
        "float16.npy": written((images / 8).astype("<f2")),
        "float32.npy": written((images / 8).astype("<f4")),
        "float32-last.npy": written((last / 8).astype("<f4")),
        "float64.npy": written((images / 8).astype("<f8")),
        "gray.npy": written(images[:, 0]),
        "stored.npz": archive(np.savez, images=images, labels=labels),
        "deflated.npz": archive(np.savez_compressed, images=images, labels=labels.astype("<i2")),
        "deflated-fortran.npz": archive(np.savez_compressed, images=np.asfortranarray(last), labels=labels.astype("u1")),
        "unlabelled.npz": archive(np.savez, images=(images / 8).astype("<f4"), more=labels),
        "bad-object.npy": written(np.array([{}, None], dtype=object)),
        "bad-big-endian.npy": written((images / 8).astype(">f4")),
        "bad-records.npy": written(np.zeros(3, dtype=[("a", "<f4"), ("b", "|u1")])),
        "bad-complex.npy": written(images.astype("<c8")),
        "bad-integers.npy": written(images.astype("<i4")),
        "bad-rank.npy": written(images[0, 0]),
        "bad-empty.npy": written(images[:0]),
        "bad-nan.npy": written(np.where(images == 65, np.nan, images).astype("<f4")),
        "bad-names.npz": archive(np.savez, pictures=images, arr_0=labels),
        "bad-labels-count.npz": archive(np.savez, images=images, labels=labels[:2]),
        "bad-labels-float.npz": archive(np.savez, images=images, labels=labels.astype("<f4")),
        "bad-labels-negative.npz": archive(np.savez, images=images, labels=-labels),
        "bad-labels-huge.npz": archive(np.savez, images=images, labels=np.array([0, 1, 2 ** 64 - 1], "<u8")),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as out:
        out.writestr("images.npy", files["bytes.npy"])
    files["bad-method.npz"] = packed.getvalue()
    save_file({name: np.frombuffer(content, np.uint8) for name, content in files.items()}, FILE)
    FILE.chmod(0o644)


if __name__ == "__main__":
    main()
