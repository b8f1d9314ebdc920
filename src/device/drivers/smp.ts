import { equalBytes } from '../../kernel/bytes.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { parseEndpointKey } from '../../model/ids.ts';
import { driverKind } from '../driver.ts';
import type { Captures, Driver, DriverContext, Evidence, Held } from '../driver.ts';
import type { DeviceProfile } from '../profile-model.ts';
import type { DeviceValues } from '../values.ts';
import { lendValue } from './lend-value.ts';
import { awaitRestart } from './restart.ts';
import { SmpClient } from './smp-client.ts';
import {
  isDigestOf,
  smpCommit,
  smpEcho,
  smpFileDigest,
  smpGet,
  smpReset,
  smpSave,
  smpSet,
  smpUpload,
} from './smp-commands.ts';
import { askForText, askQuestion } from './smp-question.ts';
import { checkSmpSection, SmpSection } from './smp-section.ts';
import type { SmpTarget } from './smp-section.ts';

const TIMEOUT_MS = 2_000;
const ATTEMPTS = 3;

/** Credentials by the Simple Management Protocol over a serial line: settings and files. */
export const smpKind = driverKind({
  name: 'smp',
  section: SmpSection,
  check: checkSmpSection,
  create: createSmpDriver,
});

function createSmpDriver(profile: DeviceProfile, section: SmpSection): Driver {
  const { timeoutMs = TIMEOUT_MS, attempts = ATTEMPTS, inspect } = section;
  const clientFor = ({ port, signal }: DriverContext): SmpClient =>
    new SmpClient({ port, signal, bitsPerSecond: profile.port.baudRate, timeoutMs, attempts });
  const begin = (context: DriverContext, step: string): SmpClient => {
    context.log.note(step);
    context.port.discardInput();
    return clientFor(context);
  };

  const { restart: timing = {} } = section;
  const restart = async (context: DriverContext): Promise<void> => {
    if (timing === false) return;
    await smpReset(begin(context, 'restart'));
    await awaitRestart(context, timing, () => smpEcho(begin(context, 'wait for the device')));
  };

  const driver: Driver = {
    identify: (context) => askForText(begin(context, 'identify'), known(section.identify)),

    inspect: async (context): Promise<Held> => {
      if (!inspect) return { kind: 'unknown' };
      const client = begin(context, 'inspect');
      if (inspect.digest !== undefined) {
        const found = await smpFileDigest(client, inspect.digest);
        return found
          ? { kind: 'digest', digest: Buffer.from(found.digest).toString('hex') }
          : { kind: 'none' };
      }
      const text = await askQuestion(client, known(inspect.endpointKey));
      if (text === undefined) return { kind: 'none' };
      const endpointKey = parseEndpointKey(text);
      return endpointKey
        ? { kind: 'endpoint-key', endpointKey }
        : { kind: 'other', detail: 'what stands in the place of an endpoint key is none' };
    },

    captures: async (context): Promise<Captures> => {
      const client = begin(context, 'captures');
      const captures: Record<string, string> = {};
      for (const [name, question] of Object.entries(section.captures ?? {})) {
        captures[name] = await askForText(client, question);
      }
      return captures;
    },

    write: async (context, values): Promise<Captures> => {
      const client = begin(context, 'write');
      for (const target of section.write) {
        await lendValue(values.get(target.value), (bytes) => put(client, target, bytes));
      }
      if (section.write.some(({ setting }) => setting !== undefined)) {
        if (section.commit ?? true) await smpCommit(client);
        // Until this returns nothing outlasts a restart.
        await smpSave(client);
      }
      return {};
    },

    verify: async (context, values): Promise<Evidence> => {
      // What was only set and not saved must be gone before anything is read.
      await restart(context);
      return checkAll(begin(context, 'verify'), section.write, values);
    },
  };
  const { model } = section;
  return {
    ...driver,
    ...(timing !== false && { restart }),
    ...(model && { model: (context) => askForText(begin(context, 'model'), model) }),
  };
}

async function put(client: SmpClient, target: SmpTarget, bytes: Uint8Array): Promise<void> {
  if (target.setting !== undefined) await smpSet(client, target.setting, bytes);
  else await smpUpload(client, known(target.file), bytes);
}

/** Each value exactly: a digest where the device computes one, else the bytes themselves. */
async function checkAll(
  client: SmpClient,
  targets: readonly SmpTarget[],
  values: DeviceValues,
): Promise<Evidence> {
  for (const target of targets) {
    await lendValue(values.get(target.value), (bytes) => check(client, target, bytes));
  }
  const places = targets.map(({ setting, file }) => setting ?? known(file)).join(', ');
  // The weaker of two kinds is what can be said of all.
  return targets.every(({ file }) => file !== undefined)
    ? { kind: 'digest', detail: `SHA-256 of ${places}`.slice(0, 512) }
    : { kind: 'readback', detail: `read back ${places}`.slice(0, 512) };
}

async function check(client: SmpClient, target: SmpTarget, bytes: Uint8Array): Promise<void> {
  if (target.setting !== undefined) {
    // One more than there are: a longer value that begins alike is not the one that was written.
    const stored = await smpGet(client, target.setting, bytes.length + 1);
    const isSame = stored && equalBytes(stored, bytes);
    const isGone = !stored || stored.length === 0;
    stored?.fill(0);
    judge(isSame === true, isGone, target.setting);
  } else {
    const path = known(target.file);
    const found = await smpFileDigest(client, path);
    judge(found !== undefined && isDigestOf(found, bytes), !found, path);
  }
}

function judge(isSame: boolean, isGone: boolean, place: string): void {
  if (isSame) return;
  throw isGone
    ? new DeviceFailure('not-stored', `${place} was not kept`)
    : new DeviceFailure('verify-mismatch', `${place} holds something else than was written`);
}

/** The profile's check has seen that it is there. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a profile that was not checked');
  return value;
}
