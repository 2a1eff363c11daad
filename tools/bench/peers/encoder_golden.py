"""Golden cases of the encoders: one training pass of a narrow torchvision network, for numerical parity tests.

    python encoder_golden.py resnet34 --width 2 --frames 3 --seed 8 --out resnet34
    python encoder_golden.py resnet50 --width 2 --side 33 --seed 8 --out resnet50
    python encoder_golden.py r2plus1d-18 --width 2 --side 20 --snippets 3 --frames 3 --seed 1 --out r2plus1d-18
    python encoder_golden.py mobilenet-v2 --width 0.35 --frozen --out mobilenet-v2
    python encoder_golden.py alexnet --groups 2 --width 0.25 --side 40 --frames 2 --out alexnet
    python encoder_golden.py fusion --kind single --width 0.25 --side 32 --frames 2 --out fusion-single
    python encoder_golden.py fusion --kind early --width 0.25 --side 32 --frames 3 --out fusion-early
    python encoder_golden.py fusion --kind late --width 0.25 --side 32 --frames 3 --out fusion-late
    python encoder_golden.py fusion --kind slow --width 0.25 --side 24 --frames 10 --snippets 1 --out fusion-slow

Each command writes <out>.json and <out>.safetensors in the form of the LoFi step's case: param.encoder.*, input,
features, grad.features, grad.encoder.*, after.encoder.*running*, all in PyTorch's names and layouts (without TSM's
`.net`). `encoder-case.ts` in this folder compares them with our encoder. Needs torch, torchvision and safetensors.

The first three cases are those of test/fixtures/encoders, and so are those of alexnet and of the four kinds of fusion
in their preset `mini`, made of layers of torch.nn with torchvision's names of AlexNet. A seed whose gradients jump
under a 1e-7 change of the input (because a ReLU flips) is refused. With the 52 batch normalisations of MobileNetV2
every seed is, so it needs --frozen.
"""
import argparse
import json

import torch
import torch.nn.functional as F
import torchvision
from safetensors.torch import save_file
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.video import resnet as video


def shift(x, frames, div):
    """TSM: of x [N*F, C, H, W] the first C/div channels take the next frame's values, the next C/div the previous
    one's."""
    nf, c, h, w = x.shape
    v = x.view(nf // frames, frames, c, h, w)
    f = c // div
    y = torch.zeros_like(v)
    y[:, :-1, :f] = v[:, 1:, :f]
    y[:, 1:, f:2 * f] = v[:, :-1, f:2 * f]
    y[:, :, 2 * f:] = v[:, :, 2 * f:]
    return y.view(nf, c, h, w)


def shifted(conv, o):
    """Shifts the convolution's input by a hook, so that its name does not change."""
    if o.shift:
        conv.register_forward_pre_hook(lambda _, x: (shift(x[0], o.frames, o.shift),))


def resnet(o):
    block, blocks = {'resnet18': (BasicBlock, [2, 2, 2, 2]), 'resnet34': (BasicBlock, [3, 4, 6, 3]),
                     'resnet50': (Bottleneck, [3, 4, 6, 3])}[o.encoder]
    net, width = ResNet(block, blocks), int(o.width)
    net.inplanes = width
    net.conv1, net.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
    for i in range(4):
        stage = net._make_layer(block, width << i, blocks[i], stride=1 if i == 0 else 2)
        setattr(net, f'layer{i + 1}', stage)
        for b in stage:
            shifted(b.conv1, o)
    net.fc = nn.Identity()
    return net


def r2plus1d(o):
    net, width = torchvision.models.video.r2plus1d_18(), int(o.width)
    between = -(-45 * width // 64)
    net.stem[0] = nn.Conv3d(3, between, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False)
    net.stem[1] = nn.BatchNorm3d(between)
    net.stem[3] = nn.Conv3d(between, width, (3, 1, 1), 1, (1, 0, 0), bias=False)
    net.stem[4] = nn.BatchNorm3d(width)
    net.inplanes = width
    for i in range(4):
        stage = net._make_layer(video.BasicBlock, video.Conv2Plus1D, width << i, 2, stride=1 if i == 0 else 2)
        setattr(net, f'layer{i + 1}', stage)
    net.fc = nn.Identity()
    return net


def mobilenet(o):
    """With Keras' arithmetic, which the ImageNet weights of small widths need: padding "same" and eps 1e-3."""
    net = torchvision.models.mobilenet_v2(width_mult=o.width)
    net.classifier = nn.Identity()

    def same(conv, x):
        total = [max((-(-s // 2) - 1) * 2 + 3 - s, 0) for s in x[0].shape[-2:]]
        (top, bottom), (left, right) = [(t // 2, t - t // 2) for t in total]
        return (F.pad(x[0], (left, right, top, bottom)),)

    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps, module.momentum = 1e-3, 0.1
        if isinstance(module, nn.Conv2d) and module.stride == (2, 2):
            module.padding = (0, 0)
            module.register_forward_pre_hook(same)
        if isinstance(module, torchvision.models.mobilenetv2.InvertedResidual) and module.use_res_connect:
            first = module.conv[0]
            shifted(first[0], o)
    return net


classics = ('alexnet', 'fusion')


# Channels, filter and step of the first convolution, padding of AlexNet's, units of FC6 and FC7, grids of AlexNet and
# of the fusion networks.
sizes = {'mini': dict(channels=(12, 32, 48, 48, 32), first=(5, 2, 2), pad=2, hidden=128, grid=(2, 3)),
         'full': dict(channels=(96, 256, 384, 384, 256), first=(11, 4, 3), pad=0, hidden=4096, grid=(6, 7))}


class Classic(nn.Module):
    """AlexNet and the fusion networks. PyTorch's LRN divides alpha by its size."""

    def __init__(self, o, preset='mini'):
        super().__init__()
        alex = o.encoder == 'alexnet'
        self.o, own = o, sizes[preset]
        self.pad = own['pad']
        first, step = own['first'][0], own['first'][1 if alex else 2]
        widths = [o.groups * max(1, round(c * o.width / o.groups)) for c in own['channels']]
        hidden = max(1, round(own['hidden'] * o.width))
        # Extents and strides in time of the first three convolutions.
        time = {'early': [(o.frames, 1)], 'slow': [(4, 2), (2, 2), (2, 2)]}.get(o.kind, [])
        if o.kind == 'slow' and o.frames != 10:
            raise SystemExit('slow fusion is written here for 10 frames')
        time += [(1, 1)] * (5 - len(time))
        layers, inputs = {}, 3
        for i, (name, out, k) in enumerate(zip(('0', '3', '6', '8', '10'), widths, (first, 5, 3, 3, 3))):
            groups = o.groups if i in (1, 3, 4) else 1
            (kt, st), stride = time[i], step if i == 0 else 1
            if kt == 1:
                layers[name] = nn.Conv2d(inputs, out, k, stride, 0, groups=groups)
            else:
                layers[name] = nn.Conv3d(inputs, out, (kt, k, k), (st, stride, stride), 0)
            inputs = out
        self.features = nn.ModuleDict(layers)
        self.pool = nn.MaxPool2d(3 if alex else 2, 2)
        self.lrn = nn.LocalResponseNorm(5, 1e-4, 0.75 if alex else 0.5, 2.0)
        side = own['grid'][0 if alex else 1]
        self.grid = nn.AdaptiveAvgPool2d(side)
        towers = 2 if o.kind == 'late' else 1
        self.classifier = nn.ModuleDict({'1': nn.Linear(towers * inputs * side * side, hidden),
                                         '4': nn.Linear(hidden, hidden)})

    def padded(self, x, conv):
        """Zeros around images, as many as the convolution needs: AlexNet's own, else TensorFlow's "same"."""
        (k, s) = conv.kernel_size[-1], conv.stride[-1]
        if self.o.encoder == 'alexnet':
            return F.pad(x, (self.pad if s > 1 else (k - 1) // 2,) * 4)
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n in x.shape[-2:]]
        (top, bottom), (left, right) = [(t // 2, t - t // 2) for t in total]
        return F.pad(x, (left, right, top, bottom))

    def tower(self, x):
        """x [N, T, 3, H, W] -> maps [N, T', C, h, w]."""
        for i, conv in enumerate(self.features.values()):
            n, t = x.shape[:2]
            if isinstance(conv, nn.Conv3d):
                y = conv(self.padded(x, conv).transpose(1, 2)).transpose(1, 2)
                n, t = y.shape[:2]
                y = y.reshape(n * t, *y.shape[2:])
            else:
                y = conv(self.padded(x.reshape(n * t, *x.shape[2:]), conv))
            y = F.relu(y)
            if i < 2:
                y = self.lrn(y)
            if i in (0, 1, 4):
                y = self.pool(y)
            x = y.reshape(n, t, *y.shape[1:])
        return x

    def forward(self, x):
        """x [N, F, 3, H, W] -> features [N, C]."""
        maps = self.tower(x[:, [0, -1]] if self.o.kind == 'late' else x)
        if self.o.kind == 'late':
            maps = maps.reshape(maps.shape[0], 1, -1, *maps.shape[3:])
        n, t = maps.shape[:2]
        y = self.grid(maps.reshape(n * t, *maps.shape[2:])).flatten(1)
        y = F.relu(self.classifier['4'](F.relu(self.classifier['1'](y))))
        return y.reshape(n, t, -1).mean(1)


def build(o):
    torch.manual_seed(o.seed)
    if o.encoder in classics:
        return Classic(o)
    make = {'r2plus1d-18': r2plus1d, 'mobilenet-v2': mobilenet}.get(o.encoder, resnet)
    net = make(o).train(not o.frozen)
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
            if o.frozen:
                nn.init.uniform_(module.running_mean, -0.3, 0.3)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
    return net


def encode(net, x, o):
    """x [B, L, F, 3, H, W] -> features [B, C, L]."""
    b, l, f = x.shape[:3]
    if o.encoder in classics:
        y = net(x.reshape(b * l, *x.shape[2:])).view(b, l, -1)
    elif o.encoder == 'r2plus1d-18':
        y = net(x.reshape(b * l, *x.shape[2:]).transpose(1, 2)).view(b, l, -1)
    else:
        y = net(x.reshape(b * l * f, *x.shape[3:])).view(b, l, f, -1).mean(2)
    return y.transpose(1, 2)


def step(o, noise=0):
    net = build(o)
    initial = {k: v.detach().clone() for k, v in net.state_dict().items() if v.is_floating_point()}
    x = torch.randn(o.batch, o.snippets, o.frames, 3, o.side, o.side)
    if o.encoder in classics:
        x *= 300  # Values at which LRN's alpha matters.
    seen = x * (1 + 1e-7 * torch.randn(x.shape, generator=torch.Generator().manual_seed(noise))) if noise else x
    features = encode(net, seen, o)
    given = torch.randn(features.shape, generator=torch.Generator().manual_seed(o.seed + 1))
    features.backward(given)
    return net, initial, x, features, given


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('encoder', choices=('resnet18', 'resnet34', 'resnet50', 'r2plus1d-18', 'mobilenet-v2', *classics))
    p.add_argument('--width', type=float, required=True)
    p.add_argument('--shift', type=int, default=4, help='1/shift of the channels; 0: none')
    p.add_argument('--batch', type=int, default=1)
    p.add_argument('--snippets', type=int, default=2)
    p.add_argument('--frames', type=int, default=4)
    p.add_argument('--side', type=int, default=32)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--kind', choices=('single', 'early', 'late', 'slow'), default='single', help='of fusion')
    p.add_argument('--groups', type=int, default=1, help='of alexnet')
    p.add_argument('--frozen', action='store_true', help='normalise by running statistics')
    p.add_argument('--out', required=True)
    o = p.parse_args()
    if o.encoder == 'r2plus1d-18' or o.encoder in classics:
        o.shift = 0
    if o.encoder in classics:
        o.frozen = True
    net, initial, x, features, given = step(o)
    grads = {k: v.grad for k, v in net.named_parameters()}
    worst = 0.0
    for noise in range(1, 9):
        other = step(o, noise)[0]
        worst = max([worst] + [((v.grad - grads[k]).abs().max() / grads[k].abs().max()).item()
                               for k, v in other.named_parameters()])
    if not worst < 1e-4:
        raise SystemExit(f'seed {o.seed}: gradients change by {worst:.1e} under a 1e-7 change of the input; '
                         'take another seed')
    tensors = {'param.encoder.' + k: v for k, v in initial.items()}
    tensors.update({'grad.encoder.' + k: v for k, v in grads.items()})
    tensors.update({'after.encoder.' + k: v for k, v in net.state_dict().items() if 'running' in k})
    tensors.update({'input': x, 'features': features, 'grad.features': given})
    save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, o.out + '.safetensors')
    with open(o.out + '.json', 'w') as file:
        factor = o.encoder in ('mobilenet-v2', *classics)
        width = o.width if factor else int(o.width)
        own = {'alexnet': dict(preset='mini', groups=o.groups, lrn='perElement'),
               'fusion': dict(preset='mini', kind=o.kind, lrn='perElement')}.get(o.encoder)
        json.dump(dict(seed=o.seed, batch=o.batch, snippets=o.snippets, frames=o.frames, side=o.side,
                       normalization='running' if o.frozen else 'batch',
                       encoder=dict(type=o.encoder, width=width, shift_div=o.shift,
                                    **({o.encoder: own} if own else {})),
                       peer=dict(torch=torch.__version__.split('+')[0],
                                 torchvision=torchvision.__version__.split('+')[0])), file, indent=2)
        file.write('\n')
    print(json.dumps(dict(parameters=sum(v.numel() for v in net.parameters()), gradient_noise=worst)))


if __name__ == '__main__':
    main()
