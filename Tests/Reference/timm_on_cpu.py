"""Imports timm where PyTorch is a CPU build.

torchvision from PyPI is built against the CUDA build of PyTorch, so its compiled operators do not
load beside a CPU build, and its import then stops at two names that it cannot find. None of them is
used here; declaring them is enough.
"""
import torch

try:
    import torchvision  # noqa: F401
except RuntimeError:
    _names = torch.library.Library("torchvision", "DEF")
    for _name in ("nms", "qnms"):
        _names.define(_name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import timm  # noqa: E402,F401
from timm.models.vision_transformer import VisionTransformer  # noqa: E402,F401
