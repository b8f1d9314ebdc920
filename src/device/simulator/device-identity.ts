import { createHash } from 'node:crypto';
import { KeylineError } from '../../kernel/errors.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { acceptHardwareId } from '../hardware-id.ts';
import type { IdentityRules } from '../profile-model.ts';
import type { Pick } from './sample-pattern.ts';
import { samplePattern } from './sample-pattern.ts';

const ATTEMPTS = 1_000;

/**
 * A hardware id that the profile takes, always the same one for a seed. Throws `usage` when none is
 * found that fits the pattern.
 */
export function makeHardwareId(rules: IdentityRules, seed: string): string {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const pick = pickFrom(`${seed}/${attempt}`);
    const id = rules.kind === 'mac' ? macFrom(pick) : samplePattern(rules.pattern, pick);
    if (id !== undefined && isAccepted(id, rules)) return id;
  }
  throw new KeylineError('usage', {
    message: `no hardware id was found that matches ${rules.pattern}`,
    hint: 'Write the profile’s identity.pattern with letters, classes, counts and groups alone.',
  });
}

/** Always the same numbers for a seed, spread evenly. */
export function pickFrom(seed: string): Pick {
  let block = Buffer.alloc(0);
  let count = 0;
  let at = 0;
  return (below) => {
    if (at + 4 > block.length) {
      block = createHash('sha256').update(`${seed}#${count++}`).digest();
      at = 0;
    }
    at += 4;
    return block.readUInt32BE(at - 4) % Math.max(1, below);
  };
}

/** Neither a group's nor locally administered. */
function macFrom(pick: Pick): string {
  return Array.from({ length: 6 }, (_, at) => {
    const byte = pick(256);
    return (at === 0 ? byte & 0xfc : byte).toString(16).padStart(2, '0');
  }).join('');
}

function isAccepted(id: string, rules: IdentityRules): boolean {
  try {
    return acceptHardwareId(id, rules) === id;
  } catch (error) {
    if (error instanceof DeviceFailure) return false;
    throw error;
  }
}
