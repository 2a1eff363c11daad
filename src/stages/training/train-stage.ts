import { RankLost } from '../../engine/collectives/ranks.js';
import { LofiError, WorkError } from '../../system/errors.js';
import { neverAborted } from '../../system/signals.js';
import { nextPoint } from '../../train/batches/batch-source.js';
import type { Compute, Forward } from '../../train/compute/compute.js';
import { local } from '../../train/compute/local.js';
import { Due } from '../../train/due.js';
import { Diverged, type DivergedStep } from '../../train/guards/divergence.js';
import { agreedBatches } from '../../train/ranks/agreed-batches.js';
import { divided, leavesIdle, microBatches } from '../../train/ranks/division.js';
import { overRanks } from '../../train/compute/over-ranks.js';
import { trainLoop, type Batch, type Position, type StepResult } from '../../train/loop.js';
import { stepsBefore } from '../../train/schedule/pace.js';
import { swapAverages } from '../../train/trained-parts.js';
import { update } from '../../train/update.js';
import type { Run } from '../run/run.js';
import { onceThereIsSpace, unlessDiskFull } from './full-disk.js';
import { withinMemory } from './out-of-memory-advice.js';
import { tellDoneAgain, usableCheckpoint } from './resume.js';
import { rollBack } from './rollback.js';
import { requireSameModel, spreadModel } from './shared-model.js';
import { NotFinite } from './snapshot.js';
import { logStart, stageLog, tellSkipped } from './stage-log.js';
import { StageProgress } from './stage-progress.js';
import type { At, TrainingPlan } from './training-plan.js';

/**
 * Trains a stage to its end. Resumes from its newest checkpoint, logs each step, and writes checkpoints as `checkpoint`
 * states, at each new best, at the end, and when it is stopped. A stage that was interrupted anywhere has the same
 * result, to the bit, as one that was not, because every random stream is named by epoch, step and item.
 *
 * Where several processes train, each computes its part of every step, and rank 0 writes.
 *
 * @param compute - Computes losses and gradients.
 * @throws Stopped once `run.stop` is aborted and the state is saved; WorkError when training diverges for good.
 */
export async function trainStage<B extends Batch>(
  run: Run,
  plan: TrainingPlan<B>,
  compute: Compute = run.team.count > 1 ? overRanks(run.team) : local,
): Promise<void> {
  const { stage, pace } = plan;
  const isAlone = run.team.count === 1;
  const training = new StageTraining(run, plan, compute);
  await training.begin();
  for (let ended = false; !ended;) {
    const log = stageLog(run, stage);
    try {
      await trainLoop<B>({
        title: stage,
        keys: plan.keys,
        pace,
        from: training.progress.position,
        // Several processes stop together, when they agree on a batch.
        stop: isAlone ? run.stop : neverAborted(),
        stallSeconds: run.config.data.stallSeconds,
        batches: (epoch, from) => training.batches(epoch, from, log),
        step: (batch, { epoch, step, lr }) => training.step(batch, { epoch, step }, lr),
        onStep: log,
        afterStep(position, step) {
          training.afterStep(position, step);
        },
        afterEpoch: (epoch, step) => training.afterEpoch(epoch, step, log),
      });
      if (pace.epochs === 0) await training.keepAsGiven();
      ended = true;
    } catch (error) {
      run.team.tell(error);
      if (!(error instanceof Diverged)) {
        training.keepWhatIsDone(error);
        throw error;
      }
      rollBack(run, stage, training.progress, error);
    }
  }
  tellSkipped(run, stage);
}

/** The steps of {@link trainStage}, and the state between them. */
class StageTraining<B extends Batch> {
  readonly progress: StageProgress;
  private readonly due: Due;
  private newest: DivergedStep | undefined;

  constructor(
    private readonly run: Run,
    private readonly plan: TrainingPlan<B>,
    private readonly compute: Compute,
  ) {
    const { everySteps, everyMinutes } = run.config.checkpoint;
    this.progress = new StageProgress(run, plan, plan.source.initial);
    this.due = new Due({ steps: everySteps, minutes: everyMinutes });
  }

  /** Restores the checkpoint to resume from, or deletes the checkpoints and log of an earlier training. */
  async begin(): Promise<void> {
    const { run, plan } = this;
    const from = usableCheckpoint(run, plan.stage, plan.madeOf);
    run.team.same([plan.madeOf, from?.manifest.step, from?.manifest.sha256], (_first, _other, rank) => {
      const what = 'data or checkpoints of its own';
      return new WorkError(`${plan.stage}: rank ${rank} has ${what}: all ranks need the same run folder and videos`);
    });
    if (from) this.progress.resume(from);
    else await this.beginAnew();
    requireSameModel(run.team, plan, this.progress.source);
  }

  private async beginAnew(): Promise<void> {
    const { run, plan } = this;
    tellDoneAgain(run, plan.stage, plan.madeOf);
    run.store.discardAfter(plan.stage, -1);
    run.log.truncate(logStart(run, plan.stage, plan.madeOf.parents));
    if (plan.begin) {
      await run.team.alone(plan.begin);
      spreadModel(run.team, plan.parts);
      for (const { average } of Object.values(plan.parts)) average?.restart();
    }
    // A rollback needs a checkpoint to go back to.
    if (run.config.training.onDivergence === 'rollback') await run.team.alone(() => this.saveOnceThereIsSpace(false));
  }

  /**
   * Yields the batches of an epoch from number `from` on. The source's state changes between them at its update points.
   */
  async *batches(epoch: number, from: number, log: (record: object) => void): AsyncGenerator<B> {
    const { pace, source } = this.plan;
    const total = pace.steps(epoch);
    let step = stepsBefore(pace, epoch) + from;
    for (let at = from, to; at < total; at = to) {
      to = nextPoint(source, at, total);
      const { team, stop } = this.run;
      const own = source.batches(this.progress.source, epoch, at, to);
      for await (const batch of team.count > 1 ? agreedBatches(own, team, stop) : own) {
        const { skipped = [] } = batch;
        step++;
        if (skipped.length > 0) log({ step, epoch: epoch + 1, skipped, time: new Date().toISOString() });
        yield batch;
      }
    }
  }

  step(batch: B, at: At, baseRate: number): StepResult {
    const { run, plan, progress } = this;
    const { options, parts, stage, source } = plan;
    const sizes = batch.groups ?? microBatches(batch.ids.length, options.microBatch);
    const slots = batch.slots ?? batch.ids.map((_, i) => i);
    const read = batch.read ?? slots;
    const idle = leavesIdle(sizes, read, run.team.count);
    const division = { micro: divided(sizes, slots), items: read.length, idle };
    const lr = baseRate * run.config.training.rollbackFactor ** progress.rollbacks;
    const shape = plan.shape(batch);
    progress.whole = false;
    const { drawn } = batch;
    const sampling = drawn?.sampling ?? null;
    const { items, weighted, ...taken } = withinMemory(run.config, stage, { items: Math.max(...sizes), shape }, () =>
      update(parts, division, options.clipNorm, { step: at.step, lr }, forwardOf(plan, batch, at), {
        compute: (...batch) => this.computed(...batch),
        perItem: source.next !== undefined,
        weights: sampling ? slots.map((slot) => drawn!.items[slot]!.weight) : undefined,
      }),
    );
    if (items && drawn) {
      const seen = sampling && { mean: sampling.mean, gain: sampling.gain };
      progress.seen.push({
        shape,
        items: read.map((slot) => drawn.items[slot]!.item),
        losses: [...items],
        sampling: seen,
      });
    }
    const result: StepResult = { ...taken, lr, shape, ...(sampling && { weighted, sampling: sampling.log }) };
    this.newest = { step: at.step + 1, epoch: at.epoch + 1, ids: batch.ids, ...result };
    return result;
  }

  private computed(...batch: Parameters<Compute>): ReturnType<Compute> {
    try {
      return this.compute(...batch);
    } catch (error) {
      // The step has not changed anything yet.
      if (error instanceof RankLost) this.progress.whole = true;
      throw error;
    }
  }

  afterStep(position: Position, step: number): void {
    const { run, plan, progress } = this;
    progress.position = position;
    this.moveSource();
    progress.whole = true;
    run.heartbeat.beat(plan.stage, step, stepsBefore(plan.pace, plan.pace.epochs));
    if (run.team.leads && this.due.is(step)) this.saveIfPossible();
  }

  /** What follows an epoch, done by rank 0 while others wait; these need to know only how far training has come. */
  async afterEpoch(epoch: number, step: number, log: (record: object) => void): Promise<void> {
    const { progress, run } = this;
    progress.whole = run.team.leads;
    await run.team.alone(() => this.closeEpoch(epoch, step, log));
    progress.position = { epochs: epoch + 1, batches: 0 };
    progress.whole = true;
  }

  private async closeEpoch(epoch: number, step: number, log: (record: object) => void): Promise<void> {
    const { plan, progress } = this;
    const finished = epoch + 1 === plan.pace.epochs;
    const measured = await this.inAverages(async () => {
      if (finished) await plan.settle?.();
      return (await plan.validate?.(epoch)) ?? null;
    });
    // If saving fails, the epoch is validated again when the stage resumes.
    progress.whole = false;
    progress.position = { epochs: epoch + 1, batches: 0 };
    if (measured) {
      const { judge: metric, metrics } = measured;
      log({ step, epoch: epoch + 1, metrics, time: new Date().toISOString() });
      const value = metrics[metric]!;
      if (!progress.best || value > progress.best.value) progress.best = { metric, value, step };
    }
    const essential = finished || progress.best?.step === step;
    if (essential) {
      await this.saveOnceThereIsSpace(finished);
      this.due.done();
    } else if (this.due.is(step)) this.saveIfPossible();
    progress.whole = true;
  }

  /** Writes the checkpoint of a stage of 0 epochs, whose parts are as they were given. */
  async keepAsGiven(): Promise<void> {
    await this.run.team.alone(() => this.saveOnceThereIsSpace(true));
  }

  /** Saves the finished steps when training was stopped, or failed because a video cannot be read. */
  keepWhatIsDone(error: unknown): void {
    if (this.run.team.leads && this.progress.whole && error instanceof LofiError) this.saveIfPossible();
  }

  private moveSource(): void {
    const { progress } = this;
    const { source, pace } = this.plan;
    const { epochs, batches } = progress.position;
    const total = pace.steps(epochs);
    if (!source.next || batches !== nextPoint(source, batches - 1, total)) return;
    progress.source = source.next(progress.source, progress.seen);
    progress.seen = [];
  }

  private save(finished: boolean): void {
    const { stage, keys } = this.plan;
    try {
      this.progress.save(finished);
    } catch (error) {
      if (error instanceof NotFinite && this.newest) throw new Diverged(stage, error.message, this.newest, keys);
      throw error;
    }
  }

  /** Writes a checkpoint; if the disk is full, goes on without it. */
  private saveIfPossible(): void {
    unlessDiskFull(this.title(), () => {
      this.save(false);
    });
    this.due.done();
  }

  /** Writes a checkpoint that the result depends on; if the disk is full, waits for space. */
  private saveOnceThereIsSpace(finished: boolean): Promise<void> {
    return onceThereIsSpace(this.title(), this.run.stop, () => {
      this.save(finished);
    });
  }

  private title(): string {
    return `checkpoint of ${this.plan.stage} at step ${this.progress.step}`;
  }

  /** Does `work` with the averages, where there are any, in place of the trained values. */
  private async inAverages<T>(work: () => Promise<T>): Promise<T> {
    swapAverages(this.plan.parts);
    try {
      return await work();
    } finally {
      swapAverages(this.plan.parts);
    }
  }
}

function forwardOf<B extends Batch>(plan: TrainingPlan<B>, batch: B, at: At): Forward {
  if (plan.through === 'tape') return { through: 'tape', loss: (micro) => plan.loss(batch, micro, at) };
  return {
    through: 'encoder',
    record: (micro) => plan.record(batch, micro, at),
    loss: (micro, features) => plan.loss(batch, micro, at, features),
  };
}
