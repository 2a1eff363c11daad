"""Compares gradients in bfloat16 with those in float32, in PyTorch: cosines over the encoder's parameters of a
reference case.

    python precision.py CASE.json

Prints one JSON line for autocast on the CPU, and one for float32 in which only the convolutions' inputs are rounded to
bfloat16. Needs torch, torchvision and safetensors, and the reference itself, pytorch_lofi.py, beside the case's folder.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from torch.nn import functional as F

case = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(case.parent.parent))
import pytorch_lofi  # noqa: E402

about = json.loads(case.read_text())
tensors = load_file(case.with_suffix(".safetensors"))
prefix = "param.encoder."
state = {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
encoder = pytorch_lofi.narrow_tsm_resnet18(about["frames"], about["encoder"]["width"])
images = tensors["input"].flatten(0, 2).to(memory_format=torch.channels_last)


def gradients(autocast=False):
    encoder.load_state_dict(state, strict=False)
    encoder.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        frames = encoder(images)
    features = frames.float().reshape(about["batch"], about["snippets"], about["frames"], -1).mean(2)
    features.backward(tensors["grad.features"].transpose(1, 2))
    return {name: parameter.grad.clone().flatten() for name, parameter in encoder.named_parameters()}


def tell(what, other):
    cosines = sorted(F.cosine_similarity(full[name], other[name], 0).item() for name in full)
    line = {"what": what, "least": cosines[0], "median": cosines[len(cosines) // 2]}
    line |= {"atLeast99": sum(cosine >= 0.99 for cosine in cosines), "parameters": len(cosines)}
    print(json.dumps(line))


class RoundedConvolution(torch.autograd.Function):
    @staticmethod
    def forward(context, x, weight, stride, padding):
        x, weight = x.bfloat16().float(), weight.bfloat16().float()
        context.save_for_backward(x, weight)
        context.geometry = stride, padding
        return F.conv2d(x, weight, None, stride, padding)

    @staticmethod
    def backward(context, dy):
        x, weight = context.saved_tensors
        dx = torch.nn.grad.conv2d_input(x.shape, weight, dy, *context.geometry)
        return dx, torch.nn.grad.conv2d_weight(x, weight.shape, dy, *context.geometry), None, None


full = gradients()
tell("PyTorch, autocast", gradients(autocast=True))
torch.nn.Conv2d._conv_forward = lambda self, x, weight, bias: RoundedConvolution.apply(
    x, weight, self.stride, self.padding
)
tell("PyTorch, only what goes into convolutions rounded", gradients())
