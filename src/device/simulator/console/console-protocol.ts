import { KeylineError } from '../../../kernel/errors.ts';
import { ConsoleScreen } from '../../drivers/console-screen.ts';
import { renderTemplate } from '../../drivers/console-template.ts';
import { knownPattern } from '../../pattern.ts';
import type { DeviceProfile } from '../../profile-model.ts';
import type { ConsoleSection } from '../../schema/console-schema.ts';
import { pickFrom } from '../device-identity.ts';
import { samplePattern } from '../sample-pattern.ts';
import type { ProtocolParts, SimulatedProtocol } from '../simulated-protocol.ts';
import { ConsoleDevice } from './console-device.ts';
import type { ConsoleDialect, DialectParts } from './console-dialect.ts';
import { EspIdfConsole } from './esp-idf-console.ts';
import { fromLatin1 } from './latin1.ts';
import { MicroPythonConsole } from './micropython-console.ts';
import { PosixConsole } from './posix-console.ts';
import { UBootConsole } from './u-boot-console.ts';
import { ZephyrConsole } from './zephyr-console.ts';

/**
 * A console in the dialect that the profile writes for. Throws `usage` for a profile whose console is
 * none of those that are simulated.
 */
export function createConsoleProtocol(parts: ProtocolParts): SimulatedProtocol {
  const section = parts.profile.section as ConsoleSection;
  const dialect = dialectOf(parts.profile);
  const prompt = promptFor(section, dialect(parts).prompt);
  const console = new ConsoleDevice(() => withPrompt(dialect(parts), prompt), {
    send: parts.send,
    restarted: parts.restarted,
  });
  return {
    received: (bytes) => {
      console.received(bytes);
    },
    boot: () => {
      console.boot();
    },
    provision: (values) => {
      for (const line of writtenLines(section, values)) console.runQuietly(line);
    },
  };
}

function dialectOf({ name, section }: DeviceProfile): (parts: DialectParts) => ConsoleDialect {
  const { quote, write } = section as ConsoleSection;
  const sent = write.map(({ send }) => send ?? '').join('\n');
  if (quote === 'u-boot') return (parts) => new UBootConsole(parts);
  // There is no TPM in a simulated gateway.
  if (quote === 'posix' && !/\btpm2_/.test(sent)) return (parts) => new PosixConsole(parts);
  if (quote === 'python') return (parts) => new MicroPythonConsole(parts);
  if (/^settings /m.test(sent)) return (parts) => new ZephyrConsole(parts);
  if (/^nvs_set /m.test(sent)) return (parts) => new EspIdfConsole(parts);
  throw new KeylineError('usage', {
    message: `profile ${name} writes for a console that cannot be simulated`,
    hint: 'Consoles that can: U-Boot, a POSIX shell without a TPM, MicroPython, the shells of Zephyr and ESP-IDF.',
  });
}

/** The dialect's own, unless the profile waits for another one. */
function promptFor({ prompt }: ConsoleSection, usual: string): string {
  const screen = new ConsoleScreen();
  screen.push(Buffer.from(usual));
  if (knownPattern(`^(?:${prompt})$`, '').test(screen.current)) return usual;
  return samplePattern(prompt, pickFrom(prompt)) ?? usual;
}

function withPrompt(dialect: ConsoleDialect, prompt: string): ConsoleDialect {
  const { banner, interrupted, maxLine, endOfInput } = dialect;
  return {
    prompt,
    banner,
    interrupted,
    maxLine,
    ...(endOfInput !== undefined && { endOfInput }),
    run: (line) => dialect.run(line),
  };
}

/** The profile's own steps say where its values go. */
function* writtenLines(
  { start = [], write, quote }: ConsoleSection,
  values: ReadonlyMap<string, Uint8Array>,
): Generator<string> {
  for (const { send, each } of [...start, ...write]) {
    if (send === undefined) continue;
    const whole = each && values.get(each.value);
    const size = each?.size ?? 1;
    for (let offset = 0; offset < (whole?.length ?? 1); offset += size) {
      const line = renderTemplate(send, quote, (name) => {
        const bytes =
          name === 'part'
            ? whole?.subarray(offset, offset + size)
            : name === 'offset'
              ? Buffer.from(String(offset))
              : values.get(name);
        return { use: (borrow) => borrow(bytes ?? new Uint8Array()) };
      });
      yield fromLatin1(line);
    }
  }
}
