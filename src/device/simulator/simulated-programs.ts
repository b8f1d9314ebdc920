import { resolve } from 'node:path';
import type { ImageSection } from '../drivers/image-section.ts';
import type { DeviceProfile } from '../profile-model.ts';
import { programsOf, roleOf } from './programmer-role.ts';
import { serveProgrammers } from './programmer-server.ts';
import type { ProgrammerServer } from './programmer-server.ts';
import type { ProgrammerResult } from './simulated-protocol.ts';
import type { SimulatedSlot } from './simulated-slot.ts';
import type { SimulatorFiles } from './simulator-files.ts';

/** The programs that a profile of driver `image` runs, working on these slots; undefined for other drivers. */
export async function servePrograms(
  { driver, section }: DeviceProfile,
  files: SimulatorFiles,
  slots: readonly SimulatedSlot[],
): Promise<ProgrammerServer | undefined> {
  if (driver !== 'image') return undefined;
  const image = section as ImageSection;
  return await serveProgrammers(files.programsPath, programsOf(image), (argv, cwd) =>
    runProgram(image, { argv, cwd }, slots),
  );
}

function runProgram(
  section: ImageSection,
  { argv, cwd }: { readonly argv: readonly string[]; readonly cwd: string },
  slots: readonly SimulatedSlot[],
): ProgrammerResult {
  const role = roleOf(section, argv);
  if (!role) return failed('these arguments are none of the profile’s');
  const port = role.places.get('port');
  // A programmer without a port has one device at its probe.
  const slot =
    port === undefined && slots.length === 1
      ? slots[0]
      : slots.find(({ address, target }) =>
          [address, target].some((place) => place !== undefined && isSame(place, port, cwd)),
        );
  return slot?.program(role) ?? failed(`Could not open ${port ?? 'the probe'}`);
}

/** A path may be written from the folder of the simulator, or from that of the programmer. */
function isSame(place: string, port: string | undefined, cwd: string): boolean {
  return port === place || (port !== undefined && resolve(cwd, port) === resolve(place));
}

function failed(why: string): ProgrammerResult {
  return { output: `A fatal error occurred: ${why}\n`, status: 2 };
}
