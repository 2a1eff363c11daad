"""A training step of a composite LSTM model in PyTorch, for tools/bench/lstm.ts: `nn.LSTM`, which has no peepholes.

The decoders have no input. PyTorch wants one, so that they get a channel of zeros.
"""
import argparse
import json
import os
import resource
import statistics
import time

import torch
from torch import nn

parser = argparse.ArgumentParser()
for name in ('layers', 'units', 'input', 'batch', 'past', 'future', 'steps'):
    parser.add_argument(f'--{name}', type=int, required=True)
args = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(os.cpu_count())


class Composite(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(args.input, args.units, args.layers)
        self.decoders = nn.ModuleList(nn.LSTM(1, args.units, args.layers) for _ in range(2))
        self.outputs = nn.ModuleList(nn.Linear(args.units, args.input) for _ in range(2))

    def forward(self, past, future):
        _, state = self.encoder(past)
        loss = 0
        for decoder, output, target in zip(self.decoders, self.outputs, (past.flip(0), future)):
            frames = output(decoder(past.new_zeros(target.shape[0], args.batch, 1), state)[0])
            loss = loss + 0.5 * (frames - target).square().sum(2).mean()
        return loss


def resident():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**30


torch.ones(8, 8) @ torch.ones(8, 8)
before = resident()
model = Composite()
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
sequence = torch.rand(args.past + args.future, args.batch, args.input)
times = []
for _ in range(args.steps + 2):
    begun, used = time.perf_counter(), time.process_time()
    optimizer.zero_grad(set_to_none=True)
    loss = model(sequence[:args.past], sequence[args.past:])
    loss.backward()
    optimizer.step()
    loss.item()
    times.append((time.perf_counter() - begun, time.process_time() - used))
seconds, processor = (statistics.median(column) for column in zip(*times[2:]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps(dict(what=f'pytorch {torch.__version__}', seconds_per_step=round(seconds, 4),
                      processor_per_step=round(processor, 4), peak_gib=round(peak, 4),
                      step_gib=round(peak - before, 4))))
