"""Writes random vision transformers and images, for timing."""
import json
import random
import struct


def write_safetensors(path, tensors):
    """Writes (name, type, shape, bytes) tuples."""
    header, offset = {}, 0
    for name, kind, shape, data in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for *_, data in tensors))


def write_model(folder, dim, depth, heads, side, classes, channels=1, patch=2):
    """Writes a random ViT with a class token, by timm's names.

    Args:
        dim: the width; the MLPs are four times as wide.
        side: the patches along a side of the image.
    """
    noise = random.Random(1)

    def floats(name, shape, scale, shift=0.0):
        count = 1
        for extent in shape:
            count *= extent
        values = [shift + scale * noise.uniform(-1.7, 1.7) for _ in range(count)]
        return name, "F32", shape, struct.pack(f"<{count}f", *values)

    width, hidden, tokens = dim, 4 * dim, side * side + 1
    tensors = [floats("cls_token", [1, 1, width], 0.5), floats("pos_embed", [1, tokens, width], 0.5),
               floats("patch_embed.proj.weight", [width, channels, patch, patch], 1 / patch), floats("patch_embed.proj.bias", [width], 0.1)]
    for block in range(depth):
        def layer(name, outputs, inputs):
            tensors.append(floats(f"blocks.{block}.{name}.weight", [outputs, inputs], inputs ** -0.5))
            tensors.append(floats(f"blocks.{block}.{name}.bias", [outputs], 0.1))
        for norm in ("norm1", "norm2"):
            tensors.append(floats(f"blocks.{block}.{norm}.weight", [width], 0.1, 1.0))
            tensors.append(floats(f"blocks.{block}.{norm}.bias", [width], 0.1))
        layer("attn.qkv", 3 * width, width)
        layer("attn.proj", width, width)
        layer("mlp.fc1", hidden, width)
        layer("mlp.fc2", width, hidden)
    tensors += [floats("norm.weight", [width], 0.1, 1.0), floats("norm.bias", [width], 0.1),
                floats("head.weight", [classes, width], width ** -0.5), floats("head.bias", [classes], 0.1)]
    write_safetensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps({"model_args": {"num_heads": heads}}))


def write_images(path, count, side, channels=1, patch=2):
    """Writes random images of `side` × `side` patches."""
    edge = patch * side
    pixels = random.Random(2).randbytes(count * channels * edge * edge)
    write_safetensors(path, [("images", "U8", [count, channels, edge, edge], pixels)])
