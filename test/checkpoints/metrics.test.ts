import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { MetricsLog, readMetrics } from '../../src/checkpoints/metrics.js';
import { fillDisk } from '../support/full-disk.js';
import { captureStderr } from '../support/checkpoints.js';
import { temporaryFolder } from '../support/temporary.js';

describe('MetricsLog', () => {
  it('appends lines that are in the file at once', (t) => {
    const file = path.join(temporaryFolder(t), 'new', 'metrics.jsonl');
    assert.deepEqual(readMetrics(file), []);
    const log = new MetricsLog(file);
    log.append({ step: 1, loss: 0.5 });
    log.append({ step: 2, note: 'zwei\nZeilen ü' });
    assert.deepEqual(readMetrics(file), [
      { step: 1, loss: 0.5 },
      { step: 2, note: 'zwei\nZeilen ü' },
    ]);
    log.close();
  });

  it('goes back to a position, and on from there', (t) => {
    const file = path.join(temporaryFolder(t), 'metrics.jsonl');
    const log = new MetricsLog(file);
    log.append({ step: 1 });
    const position = log.position();
    log.append({ step: 2 });
    log.close();
    const resumed = new MetricsLog(file);
    resumed.truncate(position);
    assert.equal(resumed.position(), position);
    resumed.append({ step: 'two' });
    assert.equal(readFileSync(file, 'utf8'), '{"step":1}\n{"step":"two"}\n');
    const stderr = captureStderr(t);
    resumed.truncate(10_000);
    assert.match(stderr.join(''), /^warning: .*metrics\.jsonl has \d+ bytes, but had 10000 when the checkpoint was/);
    t.mock.restoreAll();
    assert.equal(readMetrics(file).length, 2);
    resumed.truncate(0);
    assert.deepEqual(readMetrics(file), []);
    resumed.close();
  });

  it('cuts off a line that a crash left unfinished, also a long one', (t) => {
    const file = path.join(temporaryFolder(t), 'metrics.jsonl');
    for (const torn of ['{"step":2,"lo', `{"ids":"${'x'.repeat(200_000)}`]) {
      writeFileSync(file, '{"step":1}\n');
      appendFileSync(file, torn);
      assert.deepEqual(readMetrics(file), [{ step: 1 }]);
      const log = new MetricsLog(file);
      log.append({ step: 2 });
      log.close();
      assert.equal(readFileSync(file, 'utf8'), '{"step":1}\n{"step":2}\n');
    }
    writeFileSync(file, '{"st');
    new MetricsLog(file).close();
    assert.equal(readFileSync(file, 'utf8'), '');
  });

  it('while the disk is full lines wait, and nothing is half-written', (t) => {
    const file = path.join(temporaryFolder(t), 'metrics.jsonl');
    const log = new MetricsLog(file);
    log.append({ step: 1 });
    let full = false;
    fillDisk(t, () => full);
    full = true;
    log.append({ step: 2 });
    log.append({ step: 3 });
    assert.equal(readFileSync(file, 'utf8'), '{"step":1}\n');
    // A checkpoint must not refer to lines that are not on disk.
    assert.throws(() => log.position(), { code: 'ENOSPC' });
    full = false;
    log.append({ step: 4 });
    assert.deepEqual(readMetrics(file), [{ step: 1 }, { step: 2 }, { step: 3 }, { step: 4 }]);
    full = true;
    log.append({ step: 5 });
    full = false;
    assert.equal(log.position(), readFileSync(file).length);
    assert.equal(readMetrics(file).length, 5);
    log.close();
  });

  it('what waits is forgotten where the log goes back', (t) => {
    const file = path.join(temporaryFolder(t), 'metrics.jsonl');
    const log = new MetricsLog(file);
    const start = log.position();
    let full = true;
    fillDisk(t, () => full);
    log.append({ step: 1 });
    log.truncate(start);
    full = false;
    log.append({ step: 2 });
    assert.deepEqual(readMetrics(file), [{ step: 2 }]);
    log.close();
  });

  it('names the line that is broken', (t) => {
    const file = path.join(temporaryFolder(t), 'metrics.jsonl');
    for (const bad of ['{"a":', '[1]', 'null']) {
      writeFileSync(file, `{"step":1}\n${bad}\n{"step":3}\n`);
      assert.throws(() => readMetrics(file), { name: 'UsageError', message: /metrics\.jsonl:2: not a JSON object/ });
    }
  });
});
