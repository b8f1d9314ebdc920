import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/kernel/bytes.ts';
import { secretsDigest } from '../../src/model/grant-secrets.ts';
import { grantPlaintext, openGrantPlaintext } from '../../src/seals/grant-file.ts';
import { signGrant, verifyGrant } from '../../src/seals/grant.ts';
import type { GrantStatement } from '../../src/seals/grant.ts';
import { signStatement } from '../../src/seals/jws.ts';
import { openStationCard } from '../../src/seals/station-card.ts';
import type { StationCard } from '../../src/seals/station-card.ts';
import { otherKey, ownerKey, payloadOf, refusal, sealFixture, withPart } from './fixtures.ts';

const jws = sealFixture('grant.jws');
const statement = payloadOf(jws) as unknown as GrantStatement;
const station = await openStationCard(sealFixture('station.jws'));
const during = new Date('2026-06-01T00:00:00Z');
const BLOCK_0 = 'e52cfd4efcf1c6b90f436ec7ca1b0bb2d4b76c36334e4594d04836dfb77bd565';
const secretsText = `{"blocks":{"0":"${Buffer.from(BLOCK_0, 'hex').toString('base64url')}"}}`;

const open = (
  grant: string,
  by: { text?: string; station?: StationCard; now?: Date } = {},
): ReturnType<typeof openGrantPlaintext> =>
  grantPlaintext(grant, by.text ?? secretsText).use((bytes) =>
    openGrantPlaintext(Uint8Array.from(bytes), by.station ?? station, by.now ?? during),
  );

/** A grant that its owner signs with something else in it. */
const signed = async (change: Partial<GrantStatement>): Promise<string> =>
  signGrant({ ...statement, ...change }, await ownerKey());

describe('a grant', () => {
  it('signed with openssl opens, and is what keyline signs, byte for byte', async () => {
    expect((await verifyGrant(jws)).statement).toEqual(statement);
    expect(await signGrant(statement, await ownerKey())).toBe(jws);
  });

  it('gives the block secrets of its ranges and throws for every other block', async () => {
    const { secrets } = await open(jws);
    using block = secrets.blockSecret(0);
    expect(block.use((bytes) => Buffer.from(bytes).toString('hex'))).toBe(BLOCK_0);
    expect(secrets.ranges).toEqual([{ from: 0, count: 4096 }]);
    for (const index of [1, 2, 4096, -1]) {
      expect(() => secrets.blockSecret(index)).toThrow(
        expect.objectContaining({ code: 'outside-grant' }),
      );
    }
    expect(secrets.groupKey()).toBeUndefined();
    expect(secrets.issuerKey()).toBeUndefined();
  });

  it('made by somebody else is forged, even where everything else is right', async () => {
    expect(await refusal(open(await signGrant(statement, otherKey())))).toBe('grant-forged');
  });

  it('that brings a forged descriptor along is refused', async () => {
    const lot = payloadOf(statement.lot);
    const forged = await signStatement('keyline-lot+jws', lot, otherKey());
    const grant = await signGrant({ ...statement, lot: forged }, otherKey());
    expect(await refusal(open(grant))).toBe('descriptor-invalid: signer');
  });

  it('for another station, by key or by recipient, is foreign', async () => {
    const other = { ...station, stationKey: `MCowBQYDK2VwAyEA${'A'.repeat(43)}=` };
    expect(await refusal(open(jws, { station: other }))).toBe('grant-foreign');
    const moved = { ...station, recipient: `age1${'q'.repeat(58)}` };
    expect(await refusal(open(jws, { station: moved }))).toBe('grant-foreign');
  });

  it('opens in its last second and not after it', async () => {
    expect(await refusal(open(jws, { now: new Date('2026-12-31T23:59:59Z') }))).toBe('not refused');
    const late = new Date('2026-12-31T23:59:59.001Z');
    expect(await refusal(open(jws, { now: late }))).toBe('grant-expired');
  });

  it('with an end that no calendar has counts as ended', async () => {
    expect(await refusal(open(await signed({ notAfter: '2026-13-45T00:00:00Z' })))).toBe(
      'grant-expired',
    );
  });

  it.each(Object.keys(statement))('with another %s is altered', async (name) => {
    const altered = withPart(jws, 1, (json) => {
      const payload = JSON.parse(json) as Record<string, unknown>;
      payload[name] = name === 'ranges' ? [{ from: 0, count: 8192 }] : '2030-01-01T00:00:00Z';
      return JSON.stringify(payload);
    });
    expect(await refusal(open(altered))).toMatch(/^grant-(altered|invalid)/);
  });

  it('with other secrets than it was signed with is altered', async () => {
    const other = secretsText.replace('5', '6');
    expect(other).not.toBe(secretsText);
    expect(await refusal(open(jws, { text: other }))).toBe('grant-altered');
    expect(await refusal(open(jws, { text: `${secretsText} ` }))).toBe('grant-altered');
  });

  it.each<[string, string]>([
    ['lacks a block', '{"blocks":{}}'],
    ['has a block beyond its ranges', secretsText.replace('}}', `,"1":"${'A'.repeat(43)}"}}`)],
    ['has a block under another name', secretsText.replace('"0"', '"00"')],
    ['has a short block', '{"blocks":{"0":"AAAA"}}'],
    ['has a block in another spelling', secretsText.replace(/.(?="}})/, 'B')],
    [
      'has a CA key that its scheme has not',
      secretsText.replace('}}', `},"issuerKey":"${'A'.repeat(43)}"}`),
    ],
    ['has device keys that its scheme has not', secretsText.replace('}}', '},"deviceKeys":{}}')],
    ['has something unknown', secretsText.replace('}}', '},"more":1}')],
    ['is no JSON', 'blocks'],
    ['is a list', '[]'],
  ])('whose owner signed secrets in which it %s is invalid', async (_name, text) => {
    const grant = await signed({ secretsDigest: secretsDigest(text) });
    expect(await refusal(open(grant, { text }))).toBe('grant-invalid');
  });

  it.each<[string, GrantStatement['ranges']]>([
    ['half a block', [{ from: 0, count: 2048 }]],
    ['a range that begins in a block', [{ from: 1, count: 4096 }]],
    [
      'the same block twice',
      [
        { from: 0, count: 4096 },
        { from: 0, count: 4096 },
      ],
    ],
    [
      'ranges that touch',
      [
        { from: 0, count: 4096 },
        { from: 4096, count: 4096 },
      ],
    ],
    [
      'ranges out of order',
      [
        { from: 8192, count: 4096 },
        { from: 0, count: 4096 },
      ],
    ],
  ])('of %s is invalid', async (_name, ranges) => {
    expect(await refusal(verifyGrant(await signed({ ranges })))).toBe('grant-invalid');
  });

  it('with an unknown field in its statement is invalid', async () => {
    const grant = await signStatement(
      'keyline-grant+jws',
      { ...statement, more: 1 },
      await ownerKey(),
    );
    expect(await refusal(verifyGrant(grant))).toBe('grant-invalid');
  });

  it.each<[string, Uint8Array]>([
    ['no JSON', utf8('grant')],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe)],
    ['a member more', utf8(JSON.stringify({ grant: jws, secrets: secretsText, more: 1 }))],
    ['no secrets', utf8(JSON.stringify({ grant: jws }))],
    [
      'something after it',
      concat(utf8(JSON.stringify({ grant: jws, secrets: secretsText })), utf8('x')),
    ],
  ])('file with %s is invalid', async (_name, plaintext) => {
    expect(await refusal(openGrantPlaintext(plaintext, station, during))).toBe('grant-invalid');
  });

  it('file in which a descriptor stands for the grant is invalid', async () => {
    expect(await refusal(open(sealFixture('lot.jws')))).toBe('grant-invalid');
  });
});
