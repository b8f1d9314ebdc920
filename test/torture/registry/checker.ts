import { checkAnswers } from './laws/answers.ts';
import { checkDevices } from './laws/devices.ts';
import { checkRecords } from './laws/records.ts';
import { checkTransfers } from './laws/transfers.ts';
import { checkUploads } from './laws/uploads.ts';
import type { Scene, Violation } from './scene.ts';

const CHECKS = [checkAnswers, checkUploads, checkDevices, checkTransfers, checkRecords];

/** Everything that breaks a law, of what clients saw and what is left; it asks nobody else. */
export function check(scene: Scene): Violation[] {
  const found: Violation[] = [];
  for (const one of CHECKS) {
    one(scene, (law, what) => {
      found.push({ law, what });
    });
  }
  return found;
}
