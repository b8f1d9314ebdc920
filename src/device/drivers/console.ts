import { randomBytes } from 'node:crypto';
import { fromHex, utf8 } from '../../kernel/bytes.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { endpointKeyOf, parseEndpointKey } from '../../model/ids.ts';
import { driverKind } from '../driver.ts';
import type { Captures, Driver, DriverContext, Evidence, Held } from '../driver.ts';
import type { DeviceProfile } from '../profile-model.ts';
import { ConsoleSection } from '../schema/console-schema.ts';
import type { DeviceValues } from '../values.ts';
import { checkConsole } from './console-check.ts';
import { ConsoleSession } from './console-session.ts';
import type { ConsoleSettings } from './console-settings.ts';
import { consoleSettings } from './console-settings.ts';
import type { BlockName, StepTools } from './console-steps.ts';
import { runSteps, stepsOf } from './console-steps.ts';
import type { Lookup } from './console-template.ts';
import { challengeText, runChecks } from './console-verify.ts';

/** A dialogue with a prompt: U-Boot, a shell, the console of an RTOS, an interpreter, a test firmware. */
export const consoleKind = driverKind({
  name: 'console',
  section: ConsoleSection,
  check: checkConsole,
  create: (profile, section) => new ConsoleDriver(profile, section),
});

/** Reading again does no harm, and noise on a line is common. */
const READING_ATTEMPTS = 3;
const MOST_FACT_CHARACTERS = 256;

type Found = ReadonlyMap<string, string>;

class ConsoleDriver implements Driver {
  readonly #profile: DeviceProfile;
  readonly #section: ConsoleSection;
  readonly #settings: ConsoleSettings;
  readonly model?: (context: DriverContext) => Promise<string>;
  readonly captures?: (context: DriverContext) => Promise<Captures>;
  readonly restart?: (context: DriverContext) => Promise<void>;

  constructor(profile: DeviceProfile, section: ConsoleSection) {
    this.#profile = profile;
    this.#section = section;
    this.#settings = consoleSettings(section);
    if (section.model) this.model = (context) => this.#told('model', context);
    if (section.facts) this.captures = (context) => this.#facts(context);
    const { restart } = section;
    if (restart) {
      this.restart = (context) =>
        this.#visit(context, this.#lookup({}), async (tools) => {
          await runSteps('restart', restart, tools);
        });
    }
  }

  identify(context: DriverContext): Promise<string> {
    return this.#told('identify', context);
  }

  async inspect(context: DriverContext): Promise<Held> {
    if (!this.#section.inspect) return { kind: 'unknown' };
    return heldOf(await this.#read('inspect', context));
  }

  async write(context: DriverContext, values: DeviceValues): Promise<Captures> {
    await this.#visit(context, this.#lookup({ values }), (tools) =>
      runSteps('write', this.#section.write, tools),
    );
    return {};
  }

  async verify(context: DriverContext, values: DeviceValues): Promise<Evidence> {
    const { verify } = this.#section;
    await this.restart?.(context);
    return await retried(async () => {
      const challenge = Uint8Array.from(randomBytes(32));
      const lookup = this.#lookup({ values, challenge });
      const captured = await this.#visit(context, lookup, (tools) =>
        runSteps('verify', verify.steps, tools),
      );
      return runChecks(verify.checks, { captured, values, challenge, rawNames: this.#rawNames() });
    });
  }

  async #told(block: 'identify' | 'model', context: DriverContext): Promise<string> {
    const name = block === 'identify' ? 'id' : block;
    return (await this.#read(block, context)).get(name) ?? '';
  }

  async #facts(context: DriverContext): Promise<Captures> {
    const found = await this.#read('facts', context);
    return Object.fromEntries([...found].map(([name, text]) => [name, plain(text)]));
  }

  #read(block: BlockName, context: DriverContext): Promise<Found> {
    return retried(() =>
      this.#visit(context, this.#lookup({}), (tools) =>
        runSteps(block, stepsOf(this.#section, block), tools),
      ),
    );
  }

  /** From whatever state the console is in; after a failure nothing is left half typed. */
  async #visit<T>(
    context: DriverContext,
    lookup: Lookup,
    work: (tools: StepTools) => Promise<T>,
  ): Promise<T> {
    const session = new ConsoleSession(context, this.#settings);
    const { quote } = this.#section;
    const tools = { context, session, settings: this.#settings, quote, lookup };
    try {
      await session.sync(async () => {
        await runSteps('login', stepsOf(this.#section, 'login'), tools);
      });
      await runSteps('start', stepsOf(this.#section, 'start'), tools);
      return await work(tools);
    } catch (error) {
      await session.abandon();
      throw error;
    }
  }

  #lookup(given: { readonly values?: DeviceValues; readonly challenge?: Uint8Array }): Lookup {
    return (name) => {
      const source = this.#profile.values.get(name);
      if (source && given.values) return given.values.get(name);
      const text =
        name === 'challenge' && given.challenge
          ? challengeText(given.challenge)
          : source?.kind === 'constant' && source.text;
      if (typeof text !== 'string') throw new Error(`there is no value ${name} here`);
      const bytes = utf8(text);
      return { use: (borrow) => borrow(bytes) };
    };
  }

  #rawNames(): ReadonlySet<string> {
    const isRaw = (name: string): boolean => {
      const source = this.#profile.values.get(name);
      return source !== undefined && 'format' in source && source.format === 'raw';
    };
    return new Set([...this.#profile.values.keys()].filter(isRaw));
  }
}

/** Steps that only ask are asked again when their answer was garbled. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isGarbled = error instanceof DeviceFailure && error.code === 'garbage';
      if (!isGarbled || attempt >= READING_ATTEMPTS) throw error;
    }
  }
}

function heldOf(found: Found): Held {
  const key = found.get('endpoint_key') ?? '';
  if (key !== '') {
    const endpointKey = parseEndpointKey(key) ?? keyOfHex(key);
    return endpointKey
      ? { kind: 'endpoint-key', endpointKey }
      : { kind: 'other', detail: 'an endpoint key that is none of keyline’s' };
  }
  const digest = (found.get('digest') ?? '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digest)) return { kind: 'digest', digest };
  if (digest !== '' || (found.get('held') ?? '') !== '') {
    return { kind: 'other', detail: 'a credential that does not say whose it is' };
  }
  return { kind: 'none' };
}

function keyOfHex(text: string) {
  const bytes = fromHex(text.toLowerCase());
  return bytes?.length === 16 ? endpointKeyOf(bytes) : undefined;
}

/** What the ledger takes: no control characters, no more than it has room for. */
function plain(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, MOST_FACT_CHARACTERS);
}
