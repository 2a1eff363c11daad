import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage } from '../../../src/engine/collectives/messages.js';
import { serverDef } from '../../../src/engine/collectives/server-def.js';

test('a ServerDef of two ranks, byte by byte', () => {
  const text = (value: string) => Buffer.from(value).toString('hex');
  const task = (number: string, address: string) => `120708${number}1203${text(address)}`;
  const job = `0a06${text('worker')}${task('00', 'a:1')}${task('01', 'b:2')}`;
  const leader = text('/job:worker/replica:0/task:0');
  const expected =
    `0a${(job.length / 2 + 2).toString(16)}0a${(job.length / 2).toString(16)}${job}` +
    `1206${text('worker')}1801` +
    `2221` +
    `82011e0a1c${leader}` +
    `2a04${text('grpc')}`;
  assert.equal(Buffer.from(serverDef(['a:1', 'b:2'], 1)).toString('hex'), expected);
});

test('messages keep all numbers, also those that JSON has not', () => {
  const message = { losses: [NaN, Infinity, -Infinity, 0.1, 1e-300], said: 'é', none: null };
  assert.deepEqual(decodeMessage(encodeMessage(message)), message);
});
