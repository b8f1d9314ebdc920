import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex, utf8 } from '../../src/kernel/bytes.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { sha256, walkChain } from '../../src/custody/chain.ts';
import type { CustodyDevice } from '../../src/custody/chain.ts';
import { acceptConfiguration, signConfiguration } from '../../src/custody/configuration.ts';
import { encodeDelivery, parseDelivery } from '../../src/custody/delivery.ts';
import type { Delivery } from '../../src/custody/delivery.ts';
import { signFirstStatement, signNextStatement } from '../../src/custody/statement.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import type { EndpointKey, ProvisioningKey } from '../../src/model/ids.ts';

interface Vectors {
  readonly provisioningKey: ProvisioningKey;
  readonly endpointKey: EndpointKey;
  readonly trustAnchor: string;
  readonly manufacturer: string;
  readonly owners: readonly string[];
  readonly statements: readonly string[];
  readonly head: string;
  readonly configuration: string;
  readonly digest: string;
  readonly step: number;
  readonly version: number;
  readonly trustAnchors: readonly string[];
  readonly body: string;
  readonly delivery: string;
}

const VECTORS = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/custody/keyline-v1.json'), 'utf8'),
) as Vectors;

const PLANNED = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/vectors/keyline-v1.json'), 'utf8'),
) as unknown;

const OTHER = 'ek_v0tyrd7by69fqhtv3anch4vyb4' as EndpointKey;
const OTHER_KEY = 'kp_00000000000000000000000000' as ProvisioningKey;

function bytes(hex: string): Uint8Array {
  const value = fromHex(hex);
  if (!value) throw new Error('no hexadecimal');
  return value;
}

const device: CustodyDevice = {
  provisioningKey: VECTORS.provisioningKey,
  endpointKey: VECTORS.endpointKey,
  trustAnchor: bytes(VECTORS.trustAnchor),
};

function reasonOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    if (error instanceof KeylineError && error.code === 'custody-invalid') {
      return error.facts['reason'];
    }
    throw error;
  }
  return 'accepted';
}

describe('the vectors made without keyline', () => {
  const delivery = parseDelivery(bytes(VECTORS.delivery));

  test('begin at the manufacturer key of the derivation’s own vectors', () => {
    expect(JSON.stringify(PLANNED)).toContain(
      Buffer.from(VECTORS.manufacturer, 'hex').toString('base64'),
    );
  });

  test('lead from the anchor to the third owner', () => {
    const { owner, step, head } = walkChain(device, delivery.manufacturer, delivery.statements);
    expect(toHex(owner)).toBe(VECTORS.owners[2]);
    expect(step).toBe(2);
    expect(toHex(head)).toBe(VECTORS.head);
  });

  test('give the configuration and the digest to acknowledge', () => {
    const { configuration, digest } = acceptConfiguration(device, delivery, undefined);
    expect(configuration).toMatchObject({ step: VECTORS.step, version: VECTORS.version });
    expect(configuration.trustAnchors.map(toHex)).toEqual(VECTORS.trustAnchors);
    expect(Buffer.from(configuration.body).toString()).toBe(VECTORS.body);
    expect(toHex(digest)).toBe(VECTORS.digest);
  });

  test('are written again byte for byte', () => {
    expect(toHex(encodeDelivery(delivery))).toBe(VECTORS.delivery);
  });

  test('are refused with any one bit of them turned', () => {
    const whole = bytes(VECTORS.delivery);
    fc.assert(
      fc.property(fc.nat({ max: whole.length * 8 - 1 }), (bit) => {
        const turned = Uint8Array.from(whole);
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const reason = reasonOf(() =>
          acceptConfiguration(device, parseDelivery(turned), undefined),
        );
        expect(reason).not.toBe('accepted');
      }),
      { numRuns: 300 },
    );
  });

  test('are refused cut short or with bytes after them', () => {
    const whole = bytes(VECTORS.delivery);
    expect(reasonOf(() => parseDelivery(whole.subarray(0, -1)))).toBe('malformed');
    expect(reasonOf(() => parseDelivery(Uint8Array.of(...whole, 0)))).toBe('malformed');
  });
});

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const keys = { manufacturer: pair(), oem: pair(), customer: pair(), thief: pair() };
const own: CustodyDevice = { ...device, trustAnchor: sha256(spkiOf(keys.manufacturer)) };
const { provisioningKey, endpointKey } = own;

const first = signFirstStatement({ provisioningKey, owner: spkiOf(keys.oem) }, keys.manufacturer);
const onward = { provisioningKey, endpointKey, owner: spkiOf(keys.customer), step: 1 };
const second = signNextStatement({ ...onward, previous: sha256(first) }, keys.oem);
const wanted = {
  ...{ provisioningKey, endpointKey, step: 1, version: 1 },
  ...{ trustAnchors: [sha256(utf8('technicians'))], body: utf8('{}') },
};
const good: Delivery = {
  manufacturer: spkiOf(keys.manufacturer),
  statements: [first, second],
  configuration: signConfiguration(wanted, keys.customer),
};

describe('a device', () => {
  test('takes what its present owner signed, whatever the nonces of the signatures', () => {
    expect(acceptConfiguration(own, good, undefined).configuration).toEqual(wanted);
  });

  const forged: Record<string, [string, Partial<Delivery>]> = {
    'whose manufacturer is another': ['anchor', { manufacturer: spkiOf(keys.thief) }],
    'without a statement': ['malformed', { statements: [] }],
    'whose first statement a thief signed': [
      'signature',
      {
        statements: [
          signFirstStatement({ provisioningKey, owner: spkiOf(keys.oem) }, keys.thief),
          second,
        ],
      },
    ],
    'of another provisioning key': [
      'foreign',
      {
        statements: [
          signFirstStatement(
            { provisioningKey: OTHER_KEY, owner: spkiOf(keys.oem) },
            keys.manufacturer,
          ),
        ],
      },
    ],
    'that gives another device on': [
      'foreign',
      {
        statements: [
          first,
          signNextStatement({ ...onward, endpointKey: OTHER, previous: sha256(first) }, keys.oem),
        ],
      },
    ],
    'that a former owner’s successor did not get': [
      'signature',
      {
        statements: [first, signNextStatement({ ...onward, previous: sha256(first) }, keys.thief)],
      },
    ],
    'that leaves a step out': [
      'step',
      {
        statements: [
          first,
          signNextStatement({ ...onward, step: 2, previous: sha256(first) }, keys.oem),
        ],
      },
    ],
    'that rests on another statement': [
      'step',
      {
        statements: [first, signNextStatement({ ...onward, previous: sha256(second) }, keys.oem)],
      },
    ],
    'given twice': ['signature', { statements: [first, first] }],
    'cut back to the former owner': ['signature', { statements: [first] }],
    'with a configuration of the former owner': [
      'signature',
      { configuration: signConfiguration(wanted, keys.oem) },
    ],
    'with another device’s configuration': [
      'foreign',
      { configuration: signConfiguration({ ...wanted, endpointKey: OTHER }, keys.customer) },
    ],
    'with a configuration of another step': [
      'step',
      { configuration: signConfiguration({ ...wanted, step: 0 }, keys.customer) },
    ],
    'whose configuration is a statement': ['malformed', { configuration: second }],
  };

  test.each(Object.entries(forged))('refuses a chain %s', (_name, [reason, part]) => {
    const delivery = { ...good, ...part };
    if ('configuration' in part && part.configuration === second) {
      // Signed by the present owner, so that its shape is what is wrong with it.
      delivery.configuration = signNextStatement(
        { ...onward, step: 2, previous: sha256(second) },
        keys.customer,
      );
    }
    expect(reasonOf(() => acceptConfiguration(own, delivery, undefined))).toBe(reason);
  });

  test.each([
    [{ step: 1, version: 1 }, 'not-newer'],
    [{ step: 1, version: 2 }, 'not-newer'],
    [{ step: 2, version: 1 }, 'not-newer'],
    [{ step: 0, version: 9 }, 'accepted'],
  ])('that holds %j finds version 1 of step 1 %s', (held, expected) => {
    expect(reasonOf(() => acceptConfiguration(own, good, held))).toBe(expected);
  });

  test('follows no chain of more owners than it would check', () => {
    const statements = Array.from({ length: 65 }, () => second);
    const encoded = encodeDelivery({ ...good, statements });
    expect(reasonOf(() => parseDelivery(encoded))).toBe('malformed');
  });
});
