import type { Home } from '../home/home.ts';
import { utf8 } from '../kernel/bytes.ts';
import { toPem } from '../kernel/pem.ts';
import { createLot } from './create-lot.ts';
import type { LotEffects, LotRequest } from './create-lot.ts';
import { reportDraft, showLot } from './show-lot.ts';
import type { LotReport } from './show-lot.ts';
import { protectedFiles } from './protected-files.ts';
import { openWhole, writeWhole } from './write-whole.ts';
import type { WholeOutput } from './write-whole.ts';

/** What surrounds the making of a lot, and where a request goes. */
export interface CreateEffects extends LotEffects {
  readonly signal: AbortSignal;
  readonly csr?: WholeOutput | undefined;
}

/** Makes a lot, writes the request for its issuing CA where there is one, and reports on it. */
export async function createLotFor(
  home: Home,
  request: LotRequest,
  effects: CreateEffects,
): Promise<{ report: LotReport; warnings: readonly string[] }> {
  const { csr: output, signal, credentials } = effects;
  const inputs = protectedFiles(home, credentials);
  await using file = output && (await openWhole(output, { secret: false, inputs, signal }));
  const { lot, csr, warnings } = await createLot(home, request, effects);
  if (!csr) return { report: await showLot(home, lot.lotId), warnings };
  if (file) await writeWhole(file, utf8(toPem('CERTIFICATE REQUEST', csr)));
  return { report: reportDraft(lot), warnings };
}
