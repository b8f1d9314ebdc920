import { readFileSync, writeFileSync } from 'node:fs';
import { buildImage } from '../drivers/image-build.ts';
import type { ImageSection, ProgrammerStep } from '../drivers/image-section.ts';
import { answerFor, someAnswer } from './answer-text.ts';
import type { ProgrammerRole } from './programmer-role.ts';
import { faultOf } from './simulated-fault.ts';
import type { SimulatedFaults } from './simulated-fault.ts';
import type { ProgrammerResult, ProtocolParts, SimulatedProtocol } from './simulated-protocol.ts';

const IMAGE = 'image';
const BOOT_LOADER = 'ESP-ROM:esp32c3-api1-20210207\r\nwaiting for download\r\n';

/** A chip in its boot loader: its line says nothing that matters, and its flash has one place for an image. */
export function createProgrammableDevice(parts: ProtocolParts): SimulatedProtocol {
  return new ImageDevice(parts);
}

class ImageDevice implements SimulatedProtocol {
  readonly #parts: ProtocolParts;
  readonly #section: ImageSection;

  constructor(parts: ProtocolParts) {
    this.#parts = parts;
    this.#section = parts.profile.section as ImageSection;
  }

  boot(): void {
    this.#parts.send(Buffer.from(BOOT_LOADER));
  }

  received(): void {
    // Only a programmer knows how to speak with a boot loader.
  }

  provision(values: ReadonlyMap<string, Uint8Array>): void {
    const image = buildImage(this.#section.file, (name) =>
      Uint8Array.from(values.get(name) ?? Buffer.from('x')),
    );
    this.#parts.memory.store({ [IMAGE]: image });
  }

  program(role: ProgrammerRole, faults: SimulatedFaults, unplug: () => void): ProgrammerResult {
    if (faultOf(faults, 'silent')) return failed('No serial data received.');
    if (faultOf(faults, 'drop') ?? faultOf(faults, 'noise') ?? faultOf(faults, 'drop-input')) {
      return failed('Invalid head of packet (0xFE)');
    }
    // A programmer resets the chip into its boot loader before it says a word to it.
    this.#parts.restarted();
    const { step, places } = role;
    const image = places.get('image');
    switch (role.kind) {
      case 'identify':
        return told(step, this.#parts.identity());
      case 'model':
        return told(step, this.#parts.model);
      case 'capture':
        return done(step);
      case 'inspect':
        return this.#readBack(step, places.get('readback'));
      case 'write':
        return image === undefined
          ? done(step)
          : this.#write(step, readFileSync(image), { faults, unplug });
      case 'verify':
        return image === undefined ? done(step) : this.#verify(step, readFileSync(image));
    }
  }

  #readBack(step: ProgrammerStep, path: string | undefined): ProgrammerResult {
    const { file } = this.#section;
    const image = this.#parts.memory.read(IMAGE) ?? Buffer.alloc(file.sizeBytes, 0xff);
    if (path !== undefined) writeFileSync(path, image, { mode: 0o600 });
    return done(step);
  }

  #write(
    step: ProgrammerStep,
    image: Buffer,
    { faults, unplug }: { readonly faults: SimulatedFaults; readonly unplug: () => void },
  ): ProgrammerResult {
    const fault = faultOf(faults, 'unplug');
    const isCut = fault !== undefined && fault.after < image.length;
    const arrived = Buffer.from(image);
    // Flash is erased before it is written.
    if (isCut) arrived.fill(0xff, fault.after);
    const isStored = this.#parts.memory.store({ [IMAGE]: Uint8Array.from(arrived) });
    if (isCut) {
      unplug();
      return failed('The port is gone: device disconnected');
    }
    if (!isStored) return failed('Failed to write to target: flash is write protected');
    this.#parts.restarted();
    return done(step);
  }

  #verify(step: ProgrammerStep, image: Buffer): ProgrammerResult {
    const stored = this.#parts.memory.read(IMAGE);
    return stored?.equals(image) ? done(step) : failed('Verify failed (digest mismatch)');
  }
}

function done(step: ProgrammerStep): ProgrammerResult {
  return { output: `${someAnswer(step.success)}\n`, status: 0 };
}

function told(step: ProgrammerStep, text: string): ProgrammerResult {
  const answer = answerFor(step.success, text);
  return answer === undefined
    ? failed('nothing that this can say matches the profile’s pattern')
    : { output: `${answer}\n`, status: 0 };
}

function failed(why: string): ProgrammerResult {
  return { output: `A fatal error occurred: ${why}\n`, status: 2 };
}
