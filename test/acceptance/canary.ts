import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { u64 } from '../../src/kernel/bytes.ts';
import { expand, labelled } from '../../src/kernel/hkdf.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { deriveBlockSecret, deriveLotSecret, softwareExpander } from '../../src/model/hierarchy.ts';
import type { LotId } from '../../src/model/ids.ts';
import type { Ran } from './cli.ts';
import { KNOWN } from './workspace.ts';

/** A name for people, and every text in which the secret could stand somewhere. */
export interface Canary {
  readonly name: string;
  readonly forms: readonly string[];
}

/** The secrets of a workspace whose lot A1 has this id: provisioning, lot, block and unit secrets. */
export async function canariesOf(lotId: LotId, identity: string): Promise<Canary[]> {
  const bytes = Buffer.from(KNOWN.provisioningSecret.slice(3), 'base64url');
  using provisioning = Secret.copyOf(bytes);
  using lotSecret = await deriveLotSecret(softwareExpander(provisioning), lotId);
  using block = deriveBlockSecret(lotSecret, 0);
  const canaries = [
    canary('provisioning secret', provisioning),
    canary('lot secret', lotSecret),
    canary('block secret', block),
    { name: 'age identity', forms: [identity, identity.toLowerCase()] },
  ];
  for (let index = 0; index < 10; index++) {
    using unit = expand(block, labelled('keyline/v1 endpoint-secret', u64(index)), 32);
    canaries.push(canary(`endpoint secret ${index}`, unit));
  }
  return canaries;
}

function canary(name: string, secret: Secret): Canary {
  const bytes = secret.use((lent) => Buffer.from(lent));
  const hex = bytes.toString('hex');
  return {
    name,
    forms: [
      ...[hex, hex.toUpperCase(), bytes.toString('base64url')],
      // Without the padding, and where it stands in the middle of something longer.
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('latin1'),
      [...bytes].join(','),
    ],
  };
}

/** Where a canary was seen: in what a command printed, or in a file that is not one of `allowed`. */
export function findLeaks(
  canaries: readonly Canary[],
  ran: Ran,
  files: { readonly folder: string; readonly allowed: readonly string[] },
): string[] {
  const places: [string, string][] = [
    ['stdout', ran.stdout],
    ['stderr', ran.stderr],
    ...readdirSync(files.folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !files.allowed.includes(name))
      .map((name) => [name, join(files.folder, name)] as const)
      .filter(([, path]) => statSync(path).isFile())
      .map(([name, path]): [string, string] => [name, readFileSync(path, 'latin1')]),
  ];
  return places.flatMap(([place, text]) =>
    canaries
      .filter(({ forms }) => forms.some((form) => text.includes(form)))
      .map(({ name }) => `${name} in ${place}`),
  );
}
