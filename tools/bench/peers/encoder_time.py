"""Prints a line of JSON with seconds and peak memory of a forward and backward pass of a network, channels last: of
torchvision's with TSM's shift, ResNet-18 with batch statistics or MobileNetV2-0.35 with running statistics; or AlexNet
(in one group) or a fusion network by layers of torch.nn (`encoder_golden.py`). timm's EfficientNet-Lite0 is frozen: a
forward pass without gradients.

  python encoder_time.py --frames 16 --size 112 [--encoder resnet18|mobilenet-v2] [--steps 5] [--bf16]
  python encoder_time.py --frames 64 --size 112 --encoder efficientnet-lite0
  python encoder_time.py --frames 160 --size 48 --encoder alexnet|single|early|late|slow [--preset mini|full]

Frames are in snippets of 8, for the latter of 10. One pass runs before those that count. Needs torch and torchvision,
and timm for EfficientNet.
OMP_NUM_THREADS sets the number of threads.
"""
import argparse
import json
import resource
import statistics
import time

import torch
import torchvision

from encoder_golden import Classic


class TemporalShift(torch.nn.Module):
    """A convolution of x [N*8, C, H, W]; the first C/8 channels look one frame ahead, the next C/8 one frame back."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        nt, c, h, w = x.shape
        v = x.view(nt // 8, 8, c, h, w)
        f = c // 8
        y = torch.zeros_like(v)
        y[:, :-1, :f] = v[:, 1:, :f]
        y[:, 1:, f:2 * f] = v[:, :-1, f:2 * f]
        y[:, :, 2 * f:] = v[:, :, 2 * f:]
        return self.net(y.view(nt, c, h, w))


def resnet18():
    net = torchvision.models.resnet18(weights=None)
    net.fc = torch.nn.Identity()
    for name in ('layer1', 'layer2', 'layer3', 'layer4'):
        for block in getattr(net, name):
            block.conv1 = TemporalShift(block.conv1)
    return net.train()


def mobilenet_v2():
    net = torchvision.models.mobilenet_v2(weights=None, width_mult=0.35)
    net.classifier = torch.nn.Identity()
    for block in net.features:
        if getattr(block, 'use_res_connect', False):
            block.conv[0] = TemporalShift(block.conv[0])
    return net.eval()


def efficientnet_lite0():
    import timm
    return timm.create_model('efficientnet_lite0', num_classes=0).eval().requires_grad_(False)


def classic(o):
    alex = o.encoder == 'alexnet'
    keys = argparse.Namespace(encoder='alexnet' if alex else 'fusion', kind='single' if alex else o.encoder, groups=1,
                              width=1.0, frames=10)
    return Classic(keys, o.preset)


def channels_last(net):
    """Filters in the layout in which PyTorch is fastest on images, and on their sequences."""
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.to(memory_format=torch.channels_last)
        if isinstance(module, torch.nn.Conv3d):
            module.to(memory_format=torch.channels_last_3d)
    return net


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--frames', type=int, required=True)
    p.add_argument('--size', type=int, required=True)
    p.add_argument('--encoder', default='resnet18',
                   choices=['resnet18', 'mobilenet-v2', 'efficientnet-lite0', 'alexnet', 'single', 'early', 'late',
                            'slow'])
    p.add_argument('--preset', choices=['mini', 'full'], default='mini')
    p.add_argument('--steps', type=int, default=5)
    p.add_argument('--bf16', action='store_true')
    o = p.parse_args()
    torch.manual_seed(0)
    own = {'resnet18': resnet18, 'mobilenet-v2': mobilenet_v2,
           'efficientnet-lite0': efficientnet_lite0}.get(o.encoder)
    frozen = o.encoder == 'efficientnet-lite0'
    snippet = 1 if frozen else 8 if own else 10
    net = channels_last(own() if own else classic(o))
    x = torch.randn(o.frames, 3, o.size, o.size).to(memory_format=torch.channels_last)
    if not own:
        x = x.unflatten(0, (-1, snippet))

    def step():
        if frozen:
            with torch.inference_mode(), torch.autocast('cpu', torch.bfloat16, enabled=o.bf16):
                return net(x)
        net.zero_grad(set_to_none=True)
        with torch.autocast('cpu', torch.bfloat16, enabled=o.bf16):
            y = net(x)
        features = y.float().view(o.frames // snippet, -1, y.shape[-1]).mean(1)
        features.backward(torch.ones_like(features))

    seconds = []
    for _ in range(o.steps + 1):
        begun = time.time()
        step()
        seconds.append(time.time() - begun)
    norm = 0 if frozen else sum(float(q.grad.double().pow(2).sum()) for q in net.parameters()) ** 0.5
    print(json.dumps(dict(what='pytorch ' + torch.__version__, frames=o.frames, size=o.size,
                          precision='bfloat16' if o.bf16 else 'float32',
                          seconds_per_step=round(statistics.median(seconds[1:]), 4),
                          peak_gib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3),
                          grad_norm=round(norm, 4))))


if __name__ == '__main__':
    main()
