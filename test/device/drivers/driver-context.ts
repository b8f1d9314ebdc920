import { Secret } from '../../../src/kernel/secret.ts';
import type { DriverContext } from '../../../src/device/driver.ts';
import type { Port } from '../../../src/device/ports/port.ts';
import type { DeviceProfile } from '../../../src/device/profile-model.ts';
import { parseProfile } from '../../../src/device/profile.ts';
import { WireLog } from '../../../src/device/wire-log.ts';
import { valuesOf } from '../../../src/device/values.ts';
import type { DeviceValues } from '../../../src/device/values.ts';

/** A context without a log; `lentPath` is what a program would open. */
export function contextOf(
  port: Port,
  options: { readonly signal?: AbortSignal; readonly lentPath?: string } = {},
): DriverContext & { readonly notes: string[]; readonly releases: string[] } {
  const notes: string[] = [];
  const log = new WireLog({
    sink: ({ bytes }) => {
      notes.push(Buffer.from(bytes).toString());
    },
  });
  const releases: string[] = [];
  return {
    port,
    signal: options.signal ?? new AbortController().signal,
    log,
    releasePort: async (use) => {
      const path = options.lentPath ?? '/dev/ttyTEST';
      releases.push('released');
      try {
        return await use(path);
      } finally {
        releases.push('taken back');
      }
    },
    notes,
    releases,
  };
}

/** Values by name; bytes are secret, text is not. */
export function valuesWith(values: Readonly<Record<string, Uint8Array | string>>): DeviceValues {
  return valuesOf(
    Object.entries(values).map(([name, value]) => [
      name,
      {
        isSecret: typeof value !== 'string',
        content: Secret.copyOf(typeof value === 'string' ? new TextEncoder().encode(value) : value),
      },
    ]),
  );
}

/** The profile in this text; its mistakes as an error. */
export function profileFrom(text: string): DeviceProfile {
  const { profile, issues } = parseProfile(text);
  if (!profile) throw new Error(JSON.stringify(issues));
  return profile;
}
