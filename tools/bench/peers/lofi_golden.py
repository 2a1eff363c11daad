"""Golden case of LoFi's joint training step: a narrow TSM-ResNet-18 and G-TAD, one step in PyTorch.

    python lofi_golden.py --seed 121 --out lofi-step
    python lofi_golden.py --precision lofi-step.json

The first writes <out>.json and <out>.safetensors: param.*, input, label.*, uniform (the draws of the loss), features,
map, start, end, grad.features, grad.* and after.*running*, of `encoder.` and `head.`, in PyTorch's names and layouts
(without TSM's `.net`). tools/parity.ts compares them with ours. Parameters and input are representable in float16, and
stored in it. A seed whose gradients jump under a 1e-7 change of the input (a ReLU or a neighbour flips) is refused.

The second tells how far the encoder's gradients under autocast to bfloat16 point away from those in float32.

The case of test/fixtures/lofi-step is the one of the first line. Needs torch, torchvision and safetensors.
"""
import argparse
import json
import math

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from encoder_golden import build, encode


# ---------------------------------------------------------------- G-TAD (Xu et al. 2020)
def neighbours(x, k):
    """[B, C, T] -> [B, C, T, k]: the k nearest snippets of each, itself included, in squared Euclidean distance."""
    with torch.no_grad():
        distances = (x[:, :, :, None] - x[:, :, None, :]).square().sum(1)
        nearest = distances.topk(k, largest=False).indices
    b, c, t = x.shape
    return x.gather(2, nearest.view(b, 1, t * k).expand(b, c, t * k)).view(b, c, t, k)


class GCNeXt(nn.Module):
    def __init__(self, channels, width, groups, k):
        super().__init__()
        self.k = k
        self.tconvs = nn.Sequential(nn.Conv1d(channels, width, 1), nn.ReLU(),
                                    nn.Conv1d(width, width, 3, padding=1, groups=groups), nn.ReLU(),
                                    nn.Conv1d(width, channels, 1))
        self.sconvs = nn.Sequential(nn.Conv2d(2 * channels, width, 1), nn.ReLU(),
                                    nn.Conv2d(width, width, 1, groups=groups), nn.ReLU(),
                                    nn.Conv2d(width, channels, 1))

    def forward(self, x):
        near = neighbours(x, self.k)
        edges = torch.cat([near, x[..., None].expand_as(near)], 1)
        return F.relu(self.tconvs(x) + x + self.sconvs(edges).amax(-1))


def align(x, low, high, bins):
    """1-D RoIAlign of x [C, T] over [low, high]: [C, bins]; sampling ratio 0, no half-pixel shift."""
    t = x.shape[1]
    size = max(high - low, 1.0) / bins
    samples = max(1, math.ceil(size))
    columns = []
    for p in range(bins):
        total = 0
        for i in range(samples):
            at = low + p * size + (i + 0.5) * size / samples
            if -1 <= at <= t:
                at = min(max(at, 0.0), t - 1.0)
                left = min(int(at), t - 2)
                total = total + x[:, left] * (left + 1 - at) + x[:, left + 1] * (at - left)
        columns.append(total / samples if torch.is_tensor(total) else torch.zeros_like(x[:, 0]))
    return torch.stack(columns, 1)


class GTAD(nn.Module):
    """features [B, F, T] -> map [B, 2, durations, starts] (0 regression, 1 classification), start and end [B, T]."""

    def __init__(self, feat, h1d, h2d, h3d, gcn_groups, gcn_width, k, conv_groups, inner, context):
        super().__init__()
        self.inner, self.context, self.k = inner, context, k
        gcnext = lambda: GCNeXt(h1d, gcn_width, gcn_groups, k)
        self.conv = nn.Conv1d(feat, h1d, 3, padding=1, groups=conv_groups)
        self.base, self.graph = gcnext(), gcnext()
        self.start = nn.Sequential(gcnext(), nn.Conv1d(h1d, 1, 1))
        self.end = nn.Sequential(gcnext(), nn.Conv1d(h1d, 1, 1))
        self.loc = nn.Sequential(nn.Conv2d(h1d * (inner + context), h3d, 1), nn.ReLU(),
                                 nn.Conv2d(h3d, h2d, 1), nn.ReLU(),
                                 nn.Conv2d(h2d, h2d, 1), nn.ReLU(), nn.Conv2d(h2d, h2d, 1), nn.ReLU(),
                                 nn.Conv2d(h2d, 2, 1))

    def forward(self, x):
        t = x.shape[2]
        base = self.base(F.relu(self.conv(x)))
        graph = self.graph(base)
        around = neighbours(graph, self.k).mean(-1)
        cells = []
        for d in range(t):
            for s in range(t):
                # Cells that end behind the video are no anchors; the authors' code aligns [0, 0] for them.
                n, low = (d + 1, s - (d + 1) / 2) if s + d < t else (0, 0.0)
                high = s + d + n / 2 if n else 0.0
                parts = [torch.stack([align(one, low, high, bins) for one in of])
                         for of, bins in ((graph, self.inner), (around, self.context))]
                cells.append(torch.cat(parts, 2).flatten(1))
        aligned = torch.stack(cells, 2).view(x.shape[0], -1, t, t)
        start, end = (torch.sigmoid(layers(base))[:, 0] for layers in (self.start, self.end))
        return torch.sigmoid(self.loc(aligned)), start, end


# ---------------------------------------------------------------- labels and loss
def overlap(a, z, start, end):
    return max(0.0, min(z, end) - max(a, start))


def labels(instances, t):
    """Spans of each video in 0..1 -> tIoU of each anchor [B, T, T] (durations, starts), start and end [B, T]."""
    b = len(instances)
    tiou, start, end = torch.zeros(b, t, t), torch.zeros(b, t), torch.zeros(b, t)
    for v, spans in enumerate(instances):
        for s in range(t):
            for d in range(t - s):
                a, z = s / t, (s + d + 1) / t
                shared = [(overlap(a, z, *span), span[1] - span[0]) for span in spans]
                tiou[v, d, s] = max(i / (z - a + length - i) for i, length in shared)
            for label, edge in ((start, 0), (end, 1)):
                a, z = (s - 0.5) / t, (s + 1.5) / t
                label[v, s] = max(overlap(a, z, span[edge] - 1.5 / t, span[edge] + 1.5 / t) / (z - a) for span in spans)
    return tiou, start, end


def balanced(p, positive):
    """Binary cross-entropy whose two sides weigh one half each; a side without elements contributes nothing."""
    sides = [-torch.log(p[positive] + 1e-6), -torch.log(1 - p[~positive] + 1e-6)]
    return sum(0.5 * side.mean() for side in sides if side.numel())


def loss(output, label, uniform):
    """uniform [2, B, T, T]: the draws that thin anchors of middle and low tIoU to the number of high ones."""
    (anchors, start, end), (tiou, started, ended) = output, label
    t = tiou.shape[-1]
    valid = (torch.arange(t)[:, None] + torch.arange(t) < t).expand_as(tiou)
    tem = balanced(start, started > 0.5) + balanced(end, ended > 0.5)
    cls = balanced(anchors[:, 1][valid], tiou[valid] > 0.9)
    g = tiou[valid]
    high, middle, low = g > 0.7, (g > 0.3) & (g <= 0.7), (g > 0) & (g <= 0.3)
    kept = high
    for band, draws in ((middle, uniform[0]), (low, uniform[1])):
        kept = kept | band & (draws[valid] * band.sum() < high.sum())
    reg = 0.5 * (anchors[:, 0][valid][kept] - g[kept]).square().mean()
    return tem + 10 * reg + cls, tem, reg, cls


# ---------------------------------------------------------------- cases
def half(tensor):
    return tensor.half().float()


def model(o):
    net = build(o)
    head = GTAD(feat=int(o.width) * 8, **o.head)
    with torch.no_grad():
        for p in (*net.parameters(), *head.parameters()):
            p.copy_(half(p))
    return nn.ModuleDict({'encoder': net, 'head': head})


def instances_of(o, draws):
    spans = []
    for _ in range(o.batch):
        a = torch.rand(4, generator=draws).tolist()
        first, second = 0.3 * a[0], 0.55 + 0.15 * a[2]
        spans.append([[first, first + 0.12 + 0.15 * a[1]], [second, second + 0.12 + 0.15 * a[3]]])
    return spans


def step(o, noise=0):
    net = model(o)
    initial = {k: v.detach().clone() for k, v in net.state_dict().items() if v.is_floating_point()}
    x = half(torch.randn(o.batch, o.snippets, o.frames, 3, o.side, o.side))
    draws = torch.Generator().manual_seed(o.seed + 1)
    instances = instances_of(o, draws)
    uniform = torch.rand(2, o.batch, o.snippets, o.snippets, generator=draws)
    label = labels(instances, o.snippets)
    seen = x * (1 + 1e-7 * torch.randn(x.shape, generator=torch.Generator().manual_seed(noise))) if noise else x
    features = encode(net['encoder'], seen, o)
    features.retain_grad()
    output = net['head'](features)
    terms = loss(output, label, uniform)
    terms[0].backward()
    named = {'input': x, 'features': features, 'grad.features': features.grad, 'uniform': uniform}
    named |= dict(zip(('map', 'start', 'end'), output)) | dict(zip(('label.iou', 'label.start', 'label.end'), label))
    return net, initial, named, instances, terms


def golden(o):
    net, initial, named, instances, terms = step(o)
    grads = {k: p.grad for k, p in net.named_parameters()}
    worst = 0.0
    for noise in range(1, 17):
        other = step(o, noise)[0]
        worst = max([worst] + [((p.grad - grads[k]).abs().max() / grads[k].abs().max().clamp(min=1e-12)).item()
                               for k, p in other.named_parameters()])
    if not worst < 1e-4:
        raise SystemExit(f'seed {o.seed}: a 1e-7 change of the input moves gradients by {worst:.1e}; take another seed')
    tensors = {'param.' + k: v.half() if 'running' not in k else v for k, v in initial.items()}
    tensors |= {'grad.' + k: v for k, v in grads.items()}
    tensors |= {'after.' + k: v for k, v in net.state_dict().items() if 'running' in k}
    tensors |= named | {'input': named['input'].half()}
    save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, o.out + '.safetensors')
    about = dict(seed=o.seed, batch=o.batch, snippets=o.snippets, frames=o.frames, side=o.side,
                 encoder=dict(width=int(o.width), shift_div=o.shift), head=dict(feat=int(o.width) * 8, **o.head),
                 instances=instances, loss=dict(zip(('total', 'tem', 'reg', 'cls'), (term.item() for term in terms))))
    with open(o.out + '.json', 'w') as file:
        json.dump(about, file, indent=1)
        file.write('\n')
    print(json.dumps(about['loss'] | dict(anchors_over_09=int((named['label.iou'] > 0.9).sum()), gradient_noise=worst)))


def precision(file):
    with open(file) as stream:
        about = json.load(stream)
    tensors = {k: v.float() for k, v in load_file(file.replace('.json', '.safetensors')).items()}
    o = options(about)
    net = build(o)
    prefix = 'param.encoder.'

    def gradients(autocast):
        net.load_state_dict({k[len(prefix):]: v for k, v in tensors.items() if k.startswith(prefix)}, strict=False)
        net.zero_grad()
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=autocast):
            features = encode(net, tensors['input'], o)
        features.float().backward(tensors['grad.features'])
        return {k: p.grad.clone().flatten() for k, p in net.named_parameters()}

    full, low = gradients(False), gradients(True)
    cosines = sorted(F.cosine_similarity(full[k], low[k], 0).item() for k in full)
    print(json.dumps(dict(least=cosines[0], median=cosines[len(cosines) // 2], parameters=len(cosines))))


def options(about):
    width, shift = about['encoder']['width'], about['encoder']['shift_div']
    same = {k: about[k] for k in ('seed', 'batch', 'snippets', 'frames', 'side')}
    return argparse.Namespace(**same, encoder='resnet18', width=width, shift=shift, frozen=False)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--precision', metavar='CASE.json')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--batch', type=int, default=2)
    p.add_argument('--snippets', type=int, default=6)
    p.add_argument('--frames', type=int, default=3)
    p.add_argument('--side', type=int, default=16)
    p.add_argument('--width', type=int, default=2)
    p.add_argument('--shift', type=int, default=4)
    p.add_argument('--out')
    o = p.parse_args()
    if o.precision:
        precision(o.precision)
        return
    o.encoder, o.frozen = 'resnet18', False
    o.head = dict(h1d=8, h2d=8, h3d=16, gcn_groups=4, gcn_width=8, k=3, conv_groups=4, inner=4, context=2)
    golden(o)


if __name__ == '__main__':
    main()
