import { join } from 'node:path';
import { LOT, passing, reopenBench } from './station.ts';

/**
 * A line that is killed at some instant: devices come and come again, and every line on standard output
 * is an event that was acknowledged before it was printed.
 */
const [folder = '', round = '', withWitness = ''] = process.argv.slice(2);
const witness = withWitness === 'witness' ? { witness: join(folder, 'witness.jws') } : {};
const ledger = await reopenBench(folder).open(witness);
await ledger.admit({ lotId: LOT, size: 5000, spare: 10, ranges: [{ from: 0, count: 5010 }] });
process.stdout.write('open\n');
for (let at = 0; ; at++) {
  // Two of three are new; the third was here in an earlier round.
  const hardwareId = at % 3 === 0 ? `device-${at}` : `device-${round}-${at}`;
  const { index, state } = await ledger.reserve({ hardwareId, lotId: LOT });
  const say = (what: string): void => {
    process.stdout.write(`${ledger.head().seq} ${what} ${index} ${hardwareId}\n`);
  };
  if (state === 'reserved') say('reserved');
  if (state === 'done') continue;
  if (state !== 'reserved' && state !== 'failed') {
    const reason = 'the run ended while it was written';
    await ledger.record({
      type: 'failed',
      lotId: LOT,
      index,
      hardwareId,
      code: 'interrupted',
      reason,
    });
    say('failed');
  }
  for (const event of passing(index, hardwareId)) {
    await ledger.record(event);
    say(event.type);
  }
}
