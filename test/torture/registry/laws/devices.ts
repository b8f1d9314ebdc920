import { mayHaveHappened, successOf } from '../history.ts';
import { byKey } from '../scene.ts';
import type { Check, Scene } from '../scene.ts';

/** One owner a device, to whom its custody leads; what devices said is kept. */
export const checkDevices: Check = (scene, add) => {
  const { history, state } = scene;
  const [maker] = state.accounts.filter(({ kind }) => kind === 'oem');
  for (const [index, rows] of byKey(state.devices, ({ lotIndex }) => String(lotIndex))) {
    if (rows.length > 1) add('one-owner', `unit ${index} is ${rows.length} devices`);
  }
  const credentials = byKey(state.credentials, ({ deviceId }) => deviceId);
  const custody = byKey(state.custody, ({ deviceId }) => deviceId);
  const accepted = byKey(
    state.transferItems.filter((item) => item.state === 'accepted'),
    ({ deviceId }) => deviceId,
  );
  const asked = askedIndexes(scene);
  for (const { id, lotIndex, accountId, custodyStep } of state.devices) {
    const [credential, ...more] = credentials.get(id) ?? [];
    const isIts = credential?.endpointKey === history.credentials[lotIndex];
    if (!isIts || more.length > 0)
      add('one-owner', `unit ${lotIndex} has not its credential alone`);
    if (!asked(lotIndex)) add('nothing-unasked', `nobody registered unit ${lotIndex}`);
    const steps = (custody.get(id) ?? []).toSorted((a, b) => a.step - b.step);
    let owner = maker?.id;
    for (const [at, step] of steps.entries()) {
      if (step.step !== at + 1 || step.fromAccountId !== owner) {
        add('custody-follows', `step ${step.step} of ${id} does not follow the one before`);
      }
      owner = step.toAccountId;
    }
    if (owner !== accountId) {
      add('one-owner', `${id} is ${accountId}’s, and its custody leads to ${String(owner)}`);
    }
    const times = accepted.get(id)?.length ?? 0;
    if (steps.length !== custodyStep || times !== custodyStep) {
      add(
        'custody-follows',
        `${id} is at step ${custodyStep}, has ${steps.length} custody rows and was accepted ${times} times`,
      );
    }
  }
  const known = new Set(state.devices.map(({ id }) => id));
  for (const { deviceId } of state.credentials) {
    if (!known.has(deviceId))
      add('one-owner', `a credential is of ${deviceId}, which is not there`);
  }
  checkCheckIns(scene, add);
};

const checkCheckIns: Check = ({ history, state }, add) => {
  const devices = new Map(state.devices.map((device) => [device.id, device]));
  const configurations = new Map(
    state.configurations.map((row) => [`${row.deviceId} ${row.step}.${row.configVersion}`, row]),
  );
  for (const call of history.calls) {
    if (call.asked.kind !== 'check-in' || !successOf(call)) continue;
    const { deviceId, counter, acknowledges } = call.asked;
    const device = devices.get(deviceId);
    if ((device?.counter ?? 0) < counter) {
      add('acknowledged-stays', `check-in ${counter} of ${deviceId} is forgotten`);
    }
    if (!acknowledges) continue;
    const { step, version, digest } = acknowledges;
    const row = configurations.get(`${deviceId} ${step}.${version}`);
    if (row?.digest !== digest) {
      add('acknowledged-stays', `configuration ${step}.${version} of ${deviceId} is gone`);
    }
    // Of an earlier owner it may have come too late.
    if (device?.custodyStep === step && device.ackStep !== step) {
      add('acknowledged-stays', `that ${deviceId} has configuration ${step} is forgotten`);
    }
  }
};

/** Whether somebody may have registered a unit. */
function askedIndexes({ history }: Scene): (index: number) => boolean {
  const asked = new Set<number>();
  for (const call of history.calls) {
    if (!mayHaveHappened(call)) continue;
    if (call.asked.kind === 'register') call.asked.indexes.forEach((index) => asked.add(index));
    if (call.asked.kind !== 'upload') continue;
    const { first, count } = call.asked;
    for (let n = 0; n < count; n++) asked.add(first + n);
  }
  return (index) => asked.has(index);
}
