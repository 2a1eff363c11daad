"""The pyramid head in PyTorch: an independent version of src/models/heads/pyramid, written from the equations with
torch's own modules.

  python pyramid.py time --batch 4 --snippets 256 --features 1280 --width 256 --classes 8 [--blocks conv] [--steps 5]
  python pyramid.py step CASE        (CASE.json, CASE.safetensors → CASE.out.safetensors)

`time` prints a line of JSON: the median seconds of a forward and a backward pass, by the clock and in processor time.
`step` runs one pass on the parameters (`param.*`, in PyTorch's names and layouts), features and instances of a case,
and writes logits, offsets, the terms of the loss, positives and gradients. It assigns instances to locations itself.
../pyramid.ts calls both. Needs torch and safetensors. OMP_NUM_THREADS sets the number of threads.
"""
import argparse
import json
import math
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn


class TimeConv(nn.Conv1d):
    """A convolution over time of [B, T, C]."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


def conv(inputs, out, kernel=3, stride=1, **options):
    return TimeConv(inputs, out, kernel, stride, kernel // 2, **options)


class Look(nn.Module):
    """Queries, keys or values: a depthwise convolution, a normalisation and a projection."""

    def __init__(self, width, stride):
        super().__init__()
        self.conv = conv(width, width, 3, stride, groups=width, bias=False)
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, width)

    def forward(self, x):
        return self.linear(self.norm(self.conv(x)))


class Attention(nn.Module):
    def __init__(self, o, stride):
        super().__init__()
        self.heads, self.window = o.heads, o.window
        self.query, self.key, self.value = (Look(o.width, stride) for _ in range(3))
        self.out = nn.Linear(o.width, o.width)

    def forward(self, x, mask):
        q, k, v = (self.split(look(x)) for look in (self.query, self.key, self.value))
        t = q.shape[2]
        if self.window == -1 or t <= 64:
            place = torch.arange(t)
            seen = mask[:, None, None, :].expand(-1, 1, t, -1)
            if self.window != -1:
                seen = seen & ((place[:, None] - place[None]).abs() <= self.window // 2)
            # Rows that see nothing are not video: their values are masked later.
            seen = seen | (~mask)[:, None, :, None]
            y = F.scaled_dot_product_attention(q, k, v, seen)
        else:
            y = self.local(q, k, v, mask)
        return self.out(y.transpose(1, 2).flatten(2))

    def split(self, x):
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def local(self, q, k, v, mask, size=32):
        """Blocks of queries, each with its own keys and a halo of half a window on either side."""
        b, h, t, d = q.shape
        halo = self.window // 2
        blocks = -(-t // size)
        missing = blocks * size - t
        q = F.pad(q, (0, 0, 0, missing)).unflatten(2, (blocks, size))
        k, v = (F.pad(x, (0, 0, halo, halo + missing)).unfold(2, size + 2 * halo, size).transpose(3, 4) for x in (k, v))
        there = F.pad(mask, (halo, halo + missing)).unfold(1, size + 2 * halo, size)
        apart = torch.arange(size)[:, None] - (torch.arange(size + 2 * halo)[None] - halo)
        seen = (apart.abs() <= halo) & there[:, None, :, None]
        seen = seen | ~seen.any(-1, keepdim=True)
        y = F.scaled_dot_product_attention(q, k, v, seen)
        return y.flatten(2, 3)[:, :, :t]


class AttentionBlock(nn.Module):
    def __init__(self, o, stride):
        super().__init__()
        self.stride, self.drop_path = stride, o.drop_path
        self.norm1 = nn.LayerNorm(o.width)
        self.attention = Attention(o, stride)
        self.norm2 = nn.LayerNorm(o.width)
        self.mlp = nn.Sequential(nn.Linear(o.width, 4 * o.width), nn.GELU(), nn.Linear(4 * o.width, o.width))
        self.scale1, self.scale2 = (nn.Parameter(torch.full((o.width,), 1e-4)) for _ in range(2))

    def keep(self, x, mask):
        x = x * mask[..., None]
        if self.drop_path == 0:
            return x
        return x * (torch.rand(len(x), 1, 1) >= self.drop_path) / (1 - self.drop_path)

    def forward(self, x, mask):
        shorter = mask[:, ::self.stride]
        looked = self.attention(self.norm1(x) * mask[..., None], shorter)
        if self.stride > 1:
            x = F.max_pool1d(x.transpose(1, 2), 3, self.stride, 1).transpose(1, 2) * shorter[..., None]
        x = x + self.keep(self.scale1 * looked, shorter)
        return x + self.keep(self.scale2 * self.mlp(self.norm2(x)), shorter), shorter


class ConvBlock(nn.Module):
    def __init__(self, o, stride):
        super().__init__()
        self.stride = stride
        self.conv1 = conv(o.width, 2 * o.width, 3, stride)
        self.conv2 = conv(2 * o.width, o.width)
        self.downsample = conv(o.width, o.width, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x, mask):
        shorter = mask[:, ::self.stride]
        inner = F.relu(self.conv1(x)) * shorter[..., None]
        return F.relu(self.conv2(inner) + self.downsample(x)) * shorter[..., None], shorter


class NormalisedConv(nn.Module):
    """A convolution without bias, normalisation and ReLU."""

    def __init__(self, inputs, out):
        super().__init__()
        self.conv = conv(inputs, out, bias=False)
        self.norm = nn.LayerNorm(out)

    def forward(self, x, mask):
        return F.relu(self.norm(self.conv(x))) * mask[..., None]


class Branch(nn.Module):
    def __init__(self, o, out):
        super().__init__()
        self.hidden = nn.ModuleList(NormalisedConv(o.width, o.width) for _ in range(o.head_layers - 1))
        self.last = conv(o.width, out)

    def forward(self, x, mask):
        for layer in self.hidden:
            x = layer(x, mask)
        return self.last(x)


class Pyramid(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.o = o
        block = AttentionBlock if o.blocks == 'attention' else ConvBlock
        self.embedding = nn.ModuleList([NormalisedConv(o.features, o.width), NormalisedConv(o.width, o.width)])
        self.stem = nn.ModuleList(block(o, 1) for _ in range(o.stem))
        self.branch = nn.ModuleList(block(o, 2) for _ in range(o.levels - 1))
        self.neck = nn.ModuleList(nn.LayerNorm(o.width) for _ in range(o.levels))
        self.classes, self.boundaries = Branch(o, o.classes), Branch(o, 2)
        self.scale = nn.Parameter(torch.ones(o.levels))

    def forward(self, features, valid):
        """[B, T, features] → logits, offsets and masks of each level."""
        last = 2 ** (self.o.levels - 1)
        x = F.pad(features, (0, 0, 0, -features.shape[1] % last))
        mask = torch.arange(x.shape[1])[None] < torch.tensor(valid)[:, None]
        for layer in self.embedding:
            x = layer(x, mask)
        for block in self.stem:
            x, mask = block(x, mask)
        levels = [(x, mask)]
        for block in self.branch:
            levels.append(block(*levels[-1]))
        seen = [(norm(x) * mask[..., None], mask) for norm, (x, mask) in zip(self.neck, levels)]
        return ([self.classes(x, mask) for x, mask in seen],
                [F.relu(self.boundaries(x, mask) * scale) for (x, mask), scale in zip(seen, self.scale)],
                [mask for _, mask in seen])


def assign(o, masks, valid, snippets, instances):
    """For each level: the classes [T, K], the offsets [T, 2] in strides, and which locations learn."""
    segments = []
    for start, end, label in instances:
        s, e = max(0.0, start), min(valid / snippets, end)
        if e > s and e - s >= 0.5 * (end - start):
            segments.append((s * snippets - 0.5, e * snippets - 0.5, label))
    result = []
    for level, mask in enumerate(masks):
        n, stride = len(mask), 2 ** level
        if not segments:
            result.append((torch.zeros(n, o.classes), torch.zeros(n, 2), torch.zeros(n, dtype=torch.bool)))
            continue
        place = torch.arange(n, dtype=torch.float64)[:, None] * stride
        s, e, label = (torch.tensor(column, dtype=torch.float64)[None] for column in zip(*segments))
        ends = torch.stack([place - s, e - place], -1)
        least = 0 if level == 0 else stride if o.overlap else 2 * stride
        most = math.inf if level == o.levels - 1 else 4 * stride
        fits = (ends.amin(-1) > 0) & ((place - (s + e) / 2).abs() < o.centre_radius * stride)
        fits &= (ends.amax(-1) >= least) & (ends.amax(-1) <= most)
        length = torch.where(fits, (e - s).expand_as(fits), math.inf)
        shortest, which = length.min(1)
        learns = torch.isfinite(shortest) & mask
        alike = (length <= shortest[:, None] + 1e-3) & fits & learns[:, None]
        classes = (alike.double() @ F.one_hot(label[0].long(), o.classes).double()).clamp(max=1).float()
        offsets = ends[torch.arange(n), which] / stride * learns[:, None]
        result.append((classes, offsets.float(), learns))
    return tuple(torch.cat(column) for column in zip(*result))


def loss(o, outputs, targets, normalizer):
    logits, offsets, masks = (torch.cat(levels, 1) for levels in outputs)
    classes, wanted, learns = (torch.stack(column) for column in zip(*targets))
    smooth = classes * (1 - o.label_smoothing) + o.label_smoothing / (o.classes + 1)
    x, t = logits[masks], smooth[masks]
    p = torch.sigmoid(x)
    p_t = p * t + (1 - p) * (1 - t)
    alpha_t = 0.25 * t + 0.75 * (1 - t)
    divisor = max(1.0, normalizer) * len(logits)
    cls = (alpha_t * (1 - p_t) ** 2 * F.binary_cross_entropy_with_logits(x, t, reduction='none')).sum() / divisor
    (a, b), (c, d) = offsets[learns].unbind(-1), wanted[learns].unbind(-1)
    shared = torch.minimum(a, c) + torch.minimum(b, d)
    iou = shared / (a + b + c + d - shared).clamp(min=1e-8)
    hull = (torch.maximum(a, c) + torch.maximum(b, d)).clamp(min=1e-8)
    reg = (1 - iou + (0.5 * (b - a - d + c) / hull) ** 2).sum() / divisor
    return cls + o.loss_weight * reg, cls, reg


def step(case):
    from safetensors.torch import load_file, save_file
    with open(case + '.json') as file:
        data = json.load(file)
    o = argparse.Namespace(**data['options'])
    tensors = load_file(case + '.safetensors')
    net = Pyramid(o)
    net.load_state_dict({k[len('param.'):]: v for k, v in tensors.items() if k.startswith('param.')})
    features = tensors['features'].requires_grad_()
    snippets, valid = features.shape[1], data['valid']
    outputs = net(features, valid)
    targets = [assign(o, [mask[b] for mask in outputs[2]], valid[b], snippets, data['instances'][b])
               for b in range(len(valid))]
    total, cls, reg = loss(o, outputs, targets, data['normalizer'])
    total.backward()
    result = {'grad.' + k: v.grad for k, v in net.named_parameters()}
    result |= {f'logits.{i}': v for i, v in enumerate(outputs[0])}
    result |= {f'offsets.{i}': v for i, v in enumerate(outputs[1])}
    result |= {'total': total, 'cls': cls, 'reg': reg, 'grad.features': features.grad}
    result['positives'] = sum(learns.sum() for _, _, learns in targets).float()
    save_file({k: v.detach().contiguous().clone() for k, v in result.items()}, case + '.out.safetensors')


def measure(o):
    torch.manual_seed(0)
    net = Pyramid(o)
    features = torch.randn(o.batch, o.snippets, o.features)
    valid = [o.snippets] * o.batch
    n = o.instances
    instances = [(i / n + 0.01, i / n + 0.01 + 0.1 * (i + 1) / n, i % o.classes) for i in range(n)]
    seconds, processor = [], []
    for _ in range(o.steps + 2):
        begun, used = time.perf_counter(), time.process_time()
        net.zero_grad(set_to_none=True)
        outputs = net(features, valid)
        targets = [assign(o, [mask[b] for mask in outputs[2]], valid[b], o.snippets, instances) for b in range(o.batch)]
        total = loss(o, outputs, targets, 50)[0]
        total.backward()
        total.item()
        seconds.append(time.perf_counter() - begun)
        processor.append(time.process_time() - used)
    print(json.dumps(dict(what='pytorch ' + torch.__version__, seconds=round(statistics.median(seconds[2:]), 5),
                          processor=round(statistics.median(processor[2:]), 5))))


def main():
    p = argparse.ArgumentParser()
    commands = p.add_subparsers(dest='command', required=True)
    c = commands.add_parser('step')
    c.add_argument('case')
    c = commands.add_parser('time')
    for name, value in dict(batch=4, snippets=256, features=1280, width=256, classes=8, heads=4, levels=6, stem=2,
                            window=19, head_layers=3, instances=4, steps=5).items():
        c.add_argument('--' + name.replace('_', '-'), type=int, default=value)
    c.add_argument('--blocks', choices=['attention', 'conv'], default='attention')
    c.set_defaults(drop_path=0.1, overlap=True, centre_radius=1.5, label_smoothing=0.0, loss_weight=1.0)
    o = p.parse_args()
    step(o.case) if o.command == 'step' else measure(o)


if __name__ == '__main__':
    main()
