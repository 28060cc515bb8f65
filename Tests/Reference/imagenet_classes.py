#!/usr/bin/env python3
"""Writes Sources/Datasets/Files/ImageNetClasses.swift: the WordNet ids of the 1,000 classes of ImageNet-1k.

    pip install torch==2.13.0+cpu timm==1.0.31
    python3 Tests/Reference/imagenet_classes.py

In sorted order, in which every model of ImageNet-1k numbers its classes.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import timm_on_cpu  # noqa: F401
from timm.data import ImageNetInfo

TARGET = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "Datasets" / "Files" / "ImageNetClasses.swift"
PER_LINE = 11

names = ImageNetInfo("imagenet-1k").label_names()
assert len(names) == 1000 and names == sorted(names) and all(len(name) == 9 and name[0] == "n" for name in names)
lines = [" ".join(names[start:start + PER_LINE]) for start in range(0, len(names), PER_LINE)]
TARGET.write_text("""/// The WordNet ids of the 1,000 classes of ImageNet-1k, in sorted order, which is the order of their numbers.
///
/// Written by Tests/Reference/imagenet_classes.py.
enum ImageNetClasses {
    /// The number of a class by its WordNet id, such as `n01440764`.
    static let numbers = Dictionary(
        uniqueKeysWithValues: names.split(whereSeparator: \\.isWhitespace).enumerated().map { (String($1), $0) })

    /// Whether a folder's name is a WordNet id.
    static func isWordNet(_ name: String) -> Bool {
        name.utf8.count == 9 && name.hasPrefix("n") && name.dropFirst().allSatisfy { "0"..."9" ~= $0 }
    }

    private static let names = \"\"\"
        """ + "\n        ".join(lines) + """
        \"\"\"
}
""")
