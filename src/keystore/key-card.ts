import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { Check } from 'typebox/value';
import type { Home } from '../home/home.ts';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { isId } from '../model/ids.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { namesIn } from '../home/names-in.ts';

const closed = { additionalProperties: false } as const;
const Timestamp = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` });

/** Where the secret of a key is. */
export const KeyHome = Type.Union([
  Type.Object(
    {
      type: Type.Literal('file'),
      protection: Type.Union([Type.Literal('passphrase'), Type.Literal('recipients')]),
      recipients: Type.Optional(Type.Array(Type.String())),
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('pkcs11'),
      module: Type.String({ minLength: 1 }),
      slot: Type.Integer({ minimum: 0 }),
      tokenSerial: Type.String(),
      objectId: Type.String({ pattern: '^[0-9a-f]{2,64}$' }),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('memory') }, closed),
]);
export type KeyHome = Static<typeof KeyHome>;

/** What is public of a provisioning key; docs/shapes.md. A convenience: an opened key is compared with it. */
export const KeyCard = Type.Object(
  {
    provisioningKey: Type.Unsafe<ProvisioningKey>(
      Type.String({ pattern: '^kp_[0-9a-hjkmnp-tv-z]{26}$' }),
    ),
    use: Type.Union([Type.Literal('factory'), Type.Literal('field')]),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    createdAt: Timestamp,
    /** From then on the key opens no new lots. */
    retiredAt: Type.Optional(Timestamp),
    /** SPKI DER in base64. */
    sealKey: Type.String(),
    /** SPKI DER in base64. */
    manufacturerKey: Type.String(),
    home: KeyHome,
    test: Type.Optional(Type.Literal(true)),
  },
  closed,
);
export type KeyCard = Static<typeof KeyCard>;

/** Every key of the home, oldest first; none where there is no home yet. Throws `key-damaged`. */
export async function listKeyCards(home: Home): Promise<readonly KeyCard[]> {
  const cards: KeyCard[] = [];
  for (const name of await namesIn(home.keysDir)) {
    const key = basename(name, '.json');
    if (name.endsWith('.json') && isId('kp', key)) {
      cards.push(await readKeyCard(home, key as ProvisioningKey));
    }
  }
  const order = (card: KeyCard): string => `${card.createdAt} ${card.provisioningKey}`;
  return cards.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/**
 * The card that `reference` (a `kp_…` or a label) names; without it the only key, or the only one that
 * is not retired. Throws `not-found` and `ambiguous`.
 */
export async function findKeyCard(home: Home, reference?: string): Promise<KeyCard> {
  if (reference !== undefined && isId('kp', reference)) {
    return readKeyCard(home, reference as ProvisioningKey);
  }
  const cards = await listKeyCards(home);
  const fitting = cards.filter((card) => reference === undefined || card.label === reference);
  const active = fitting.filter((card) => card.retiredAt === undefined);
  const [card, ...others] = fitting.length > 1 && active.length === 1 ? active : fitting;
  if (card === undefined) {
    const what = reference === undefined ? 'no key' : `no key ${JSON.stringify(reference)}`;
    const hint = cards.length === 0 ? 'Make one with `keyline key create`.' : undefined;
    throw new KeylineError('not-found', {
      message: `there is ${what} in ${home.path}`,
      ...(hint && { hint }),
    });
  }
  if (others.length === 0) return card;
  throw new KeylineError('ambiguous', {
    message: `${fitting.length} keys could be meant`,
    hint: 'Name the key by its kp_… or its label.',
    facts: { keys: fitting.map(({ provisioningKey }) => provisioningKey) },
  });
}

/** Reads one card. Throws `not-found`, and `key-damaged` for a card that is not what it should be. */
export async function readKeyCard(home: Home, key: ProvisioningKey): Promise<KeyCard> {
  const path = home.keyCard(key);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    throw new KeylineError('not-found', { message: `there is no key ${key} in ${home.path}` });
  }
  const card = parse(text);
  if (card?.provisioningKey === key) return card;
  throw new KeylineError('key-damaged', {
    message: `the key card ${path} is damaged`,
    facts: { path },
  });
}

/** Writes a card; the caller holds the home's lock. */
export async function writeKeyCard(home: Home, card: KeyCard): Promise<void> {
  const content = `${JSON.stringify(card, null, 2)}\n`;
  await writeFileAtomic(home.keyCard(card.provisioningKey), content, { mode: 0o644, force: true });
}

function parse(text: string): KeyCard | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Check(KeyCard, value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
