import { KeylineError } from '../../kernel/errors.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { parseEndpointKey } from '../../model/ids.ts';
import type { EndpointKey } from '../../model/ids.ts';
import { driverKind } from '../driver.ts';
import type { Captures, Driver, DriverContext, Evidence, Held } from '../driver.ts';
import { knownPattern } from '../pattern.ts';
import type { DeviceProfile } from '../profile-model.ts';
import type { DeviceValues } from '../values.ts';
import { buildImage, IMAGE_ENDINGS } from './image-build.ts';
import { ImageFolder } from './image-folder.ts';
import { FAILURE_WORDS, runProgrammer } from './image-programmer.ts';
import { checkImageSection, ImageSection } from './image-section.ts';
import type { ImageFile, ProgrammerStep } from './image-section.ts';

const TIMEOUT_MS = 60_000;
const READBACK = 'readback.bin';
const SCRIPT = 'script.txt';

/** A data image for each device, written by the programmer that the profile names. */
export const imageKind = driverKind({
  name: 'image',
  section: ImageSection,
  check: checkImageSection,
  create: createImageDriver,
});

/** One run of steps: its folder, the port lent to it, and the image's path once there is one. */
interface Session {
  readonly context: DriverContext;
  readonly folder: ImageFolder;
  readonly portPath: string;
  readonly imagePath: string | undefined;
}

function createImageDriver(profile: DeviceProfile, section: ImageSection): Driver {
  const { file, identify, model, inspect } = section;

  const run = async (step: ProgrammerStep, session: Session): Promise<string> => {
    const { context, folder } = session;
    const paths = {
      port: session.portPath,
      baud: String(profile.port.baudRate),
      image: session.imagePath,
      readback: folder.place(READBACK),
      script: folder.place(SCRIPT),
    };
    const argv = step.argv.map((text) => filled(text, paths));
    if (step.script !== undefined) {
      await folder.write(SCRIPT, Buffer.from(filled(step.script, paths)));
    }
    context.log.note(`run ${step.argv.join(' ')}`);
    return await runProgrammer({
      argv,
      success: knownPattern(step.success),
      failure: knownPattern(step.failure ?? FAILURE_WORDS, step.failure === undefined ? 'im' : 'm'),
      timeoutMs: step.timeoutMs ?? TIMEOUT_MS,
      signal: context.signal,
    });
  };

  /** The port is the programmer's from here to the end of `work`. */
  const withProgrammer = <T>(
    context: DriverContext,
    work: (session: Session) => Promise<T>,
    values?: DeviceValues,
  ): Promise<T> =>
    context.releasePort(async (portPath) => {
      await using folder = await ImageFolder.create();
      const imagePath = values && (await writeImage(folder, file, values));
      return await work({ context, folder, portPath, imagePath });
    });

  const ask = (context: DriverContext, step: ProgrammerStep): Promise<string> =>
    withProgrammer(context, async (session) => found(step, await run(step, session)));

  const driver: Driver = {
    identify: (context) => {
      if (!identify) throw new Error('a profile that was not checked');
      return ask(context, identify);
    },

    inspect: async (context): Promise<Held> => {
      if (!inspect) return { kind: 'unknown' };
      return await withProgrammer(context, async (session) => {
        await run(inspect, session);
        const bytes = await session.folder.read(READBACK);
        if (!bytes || bytes.length === 0) {
          throw new DeviceFailure('programmer-failed', 'the programmer read nothing back');
        }
        const held = heldIn(bytes);
        bytes.fill(0);
        return held;
      });
    },

    captures: async (context): Promise<Captures> => {
      const captures: Record<string, string> = {};
      for (const [name, step] of Object.entries(section.captures ?? {})) {
        captures[name] = await ask(context, step);
      }
      return captures;
    },

    write: async (context, values): Promise<Captures> => {
      await withProgrammer(context, (session) => runAll(section.write, session, run), values);
      return {};
    },

    verify: async (context, values): Promise<Evidence> => {
      await withProgrammer(context, (session) => runAll(section.verify, session, run), values);
      const programs = section.verify.map(({ argv }) => argv[0] ?? '').join(', ');
      return { kind: 'programmer', detail: `${programs} compared the image`.slice(0, 512) };
    },
  };
  return model ? { ...driver, model: (context) => ask(context, model) } : driver;
}

async function runAll(
  steps: readonly ProgrammerStep[],
  session: Session,
  run: (step: ProgrammerStep, session: Session) => Promise<string>,
): Promise<void> {
  for (const step of steps) await run(step, session);
}

/** A value that does not fit is this unit's failure; the profile's own mistakes were found by its check. */
async function writeImage(
  folder: ImageFolder,
  file: ImageFile,
  values: DeviceValues,
): Promise<string> {
  const image = imageOf(file, values);
  try {
    return await folder.write(`image.${IMAGE_ENDINGS[file.format]}`, image);
  } finally {
    image.fill(0);
  }
}

function imageOf(file: ImageFile, values: DeviceValues): Uint8Array {
  try {
    return buildImage(file, (name) => values.get(name).use((bytes) => Uint8Array.from(bytes)));
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    throw new DeviceFailure('write-refused', error.message);
  }
}

function filled(text: string, paths: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\{([a-z]+)\}/g, (whole, name: string) => paths[name] ?? whole);
}

function found(step: ProgrammerStep, output: string): string {
  const match = knownPattern(step.success).exec(output);
  return (match?.[1] ?? match?.[0] ?? '').trim();
}

/** Endpoint keys stand in images as text. Two of them do not tell which one counts. */
function heldIn(bytes: Uint8Array): Held {
  const isBlank = bytes.every((byte) => byte === 0xff) || bytes.every((byte) => byte === 0);
  if (isBlank) return { kind: 'none' };
  const text = Buffer.from(bytes).toString('latin1');
  const keys = new Set<EndpointKey>();
  for (const [candidate] of text.matchAll(/ek_[0-9a-z]{26}/g)) {
    const endpointKey = parseEndpointKey(candidate);
    if (endpointKey) keys.add(endpointKey);
  }
  const [endpointKey] = keys;
  return endpointKey !== undefined && keys.size === 1
    ? { kind: 'endpoint-key', endpointKey }
    : {
        kind: 'other',
        detail: `the image’s place is not blank and names ${keys.size} endpoint keys`,
      };
}
