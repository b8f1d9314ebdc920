import { successOf } from '../history.ts';
import type { Batch } from '../market.ts';
import type { Check, Scene } from '../scene.ts';
import { nameOf } from './answers.ts';

const ROWS_A_PART = 65_536;
/** As in the table of docs/registry.md: what became of a row. */
const CREATED = 0;
const UNCHANGED = 1;
/** Another account has the device by then. */
const CONFLICT = 2;

/** What was uploaded is there, and every part that counts as applied was. */
export const checkUploads: Check = (scene, add) => {
  const { history, state } = scene;
  const units = new Map(state.devices.map((device) => [device.lotIndex, device]));
  const uploads = new Map(state.uploads.map((upload) => [upload.id, upload]));
  const parts = new Map(state.uploadParts.map((part) => [`${part.uploadId} ${part.n}`, part]));
  const asked = askedUnits(scene);
  for (const call of history.calls) {
    const success = successOf(call);
    if (!success) continue;
    const { kind } = call.asked;
    if (kind === 'upload') {
      const { id } = success.body as { id: string };
      if (!uploads.has(id)) add('acknowledged-stays', `upload ${id} is gone`);
    }
    if (kind === 'part') {
      const part = parts.get(`${call.asked.uploadId} ${call.asked.n}`);
      const { digest } = success.body as { digest: string };
      if (part?.digest !== digest) add('acknowledged-stays', `${nameOf(call)} is gone`);
    }
    if (kind === 'commit') {
      const { id } = success.body as { id: string };
      const isKnown = state.operations.some((operation) => operation.id === id);
      if (!isKnown) add('acknowledged-stays', `operation ${id} is gone`);
    }
    if (kind === 'register') {
      const { outcomes } = success.body as { outcomes: { outcome: string }[] };
      for (const [at, index] of call.asked.indexes.entries()) {
        const device = units.get(index);
        const isConflict = outcomes[at]?.outcome === 'conflict' && (device?.custodyStep ?? 0) > 0;
        if (device?.uploadId !== null || (!isConflict && !isGood(outcomes[at]?.outcome))) {
          add('acknowledged-stays', `${nameOf(call)} registered unit ${index}, which is not there`);
        }
      }
    }
    if (kind === 'committed') {
      for (const [row, outcome] of readOutcomes(success.body as string)) {
        const index = call.asked.first + row - 1;
        const device = units.get(index);
        if (device?.uploadId !== null) {
          add('acknowledged-stays', `unit ${index}, which was ${outcome}, is not there`);
        }
      }
    }
  }
  for (const { uploadId, n, outcomes, appliedAt } of state.uploadParts) {
    const range = asked.get(uploadId);
    if (appliedAt === null || !range) continue;
    const first = range.first + n * ROWS_A_PART;
    const count = Math.min(ROWS_A_PART, range.count - n * ROWS_A_PART);
    if (outcomes?.length !== count) add('part-applied', `part ${n} of ${uploadId} lacks outcomes`);
    for (const [at, byte] of (outcomes ?? []).entries()) {
      const device = units.get(first + at);
      const isKnown = byte === CREATED || byte === UNCHANGED;
      const isGone = byte === CONFLICT && (device?.custodyStep ?? 0) > 0;
      if (!device) add('part-applied', `unit ${first + at} counts as registered, and is not there`);
      else if (!isKnown && !isGone) {
        add('part-applied', `unit ${first + at} was given outcome ${byte}`);
      }
    }
  }
  checkCommitted(scene, add);
};

const checkCommitted: Check = ({ state }, add) => {
  const hidden = new Set(state.devices.map(({ uploadId }) => uploadId));
  for (const { id, state: stands, operationId } of state.uploads) {
    if (stands !== 'committed') continue;
    const operation = state.operations.find((one) => one.id === operationId);
    if (operation?.state !== 'succeeded') {
      add(
        'part-applied',
        `upload ${id} is committed, its operation is ${String(operation?.state)}`,
      );
    }
    if (hidden.has(id)) add('part-applied', `upload ${id} is committed, and hides a device`);
    const undone = state.uploadParts.filter(
      ({ uploadId, appliedAt }) => uploadId === id && appliedAt === null,
    );
    if (undone.length > 0) add('part-applied', `upload ${id} is committed without a part`);
  }
};

/** Which units an upload brings, as far as somebody was told its id. */
function askedUnits({ history }: Scene): ReadonlyMap<string, Batch> {
  const found = new Map<string, Batch>();
  for (const call of history.calls) {
    const { id } = (successOf(call)?.body ?? {}) as { id?: string };
    if (call.asked.kind === 'upload' && id !== undefined) found.set(id, call.asked);
  }
  return found;
}

function isGood(outcome: string | undefined): boolean {
  return outcome === 'created' || outcome === 'unchanged';
}

function* readOutcomes(ndjson: string): Iterable<readonly [row: number, outcome: string]> {
  for (const line of ndjson.split('\n')) {
    if (line === '') continue;
    const { row, outcome } = JSON.parse(line) as { row: number; outcome: string };
    yield [row, outcome];
  }
}
