import type { SimulatedFault } from '../../src/device/simulator/simulated-fault.ts';
import type { ProfileName } from './impatient-profile.ts';
import type { Random } from './random.ts';

/** A fault that a board has as long as it is in a slot: what it says of itself, or what it holds already. */
export function drawBoardFault(random: Random, slots: number): SimulatedFault | undefined {
  if (!random.chance(14)) return undefined;
  return random.weighted<SimulatedFault>([
    [2, { kind: 'blank-id' }],
    [3, { kind: 'changing-id', at: 'question' }],
    [3, { kind: 'changing-id', at: 'boot' }],
    [3, { kind: 'provisioned' }],
    [4, { kind: 'duplicate-id', slot: random.between(1, slots) }],
  ]);
}

/** A fault of a cable or a flash that lasts a round. */
export function drawPassingFault(random: Random, profile: ProfileName): SimulatedFault | undefined {
  if (!random.chance(30)) return undefined;
  const every = random.between(7, 160);
  const after = random.between(1, 700);
  return random.weighted<SimulatedFault>([
    [3, { kind: 'drop', every }],
    [5, { kind: 'drop-input', every }],
    [3, { kind: 'noise', every }],
    [1, { kind: 'slow', perByteMs: 1 }],
    [2, { kind: 'silent' }],
    [4, { kind: 'wrong-answer' }],
    [3, { kind: 'refuse' }],
    // A programmer that verifies without a restart in between cannot see that a device forgets.
    [profile === 'esp32-nvs' ? 0 : 4, { kind: 'forget' }],
    [5, { kind: 'unplug', after, replugMs: random.between(1, 200) }],
    [3, { kind: 'unplug', after, replugMs: undefined }],
  ]);
}
