import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyDeviceProof } from '../../../../src/custody/device-proof.ts';
import { DeviceMemory } from '../../../../src/device/simulator/device-memory.ts';
import { ownCredential } from '../../../../src/device/simulator/escrow/own-credential.ts';
import { ownValues } from '../../../../src/device/simulator/escrow/own-values.ts';
import { createProtocol } from '../../../../src/device/simulator/simulated-protocols.ts';
import type { DeviceProfile } from '../../../../src/device/profile-model.ts';
import { foreignValues } from '../../../../src/device/simulator/foreign-credential.ts';
import { utf8 } from '../../../../src/kernel/bytes.ts';
import { spkiOf } from '../../../../src/model/hierarchy.ts';
import { endpointKeyOf } from '../../../../src/model/ids.ts';
import { changedProfile, fixtureProfile } from '../bench.ts';

const nothing = (): void => undefined;

/** A device that was provisioned with these values. */
function provisioned(profile: DeviceProfile, values: ReadonlyMap<string, Uint8Array>) {
  const memory = DeviceMemory.scratch({
    ...{ device: 1, hardwareId: 'aa', model: 'W1', profile: profile.name },
  });
  createProtocol({
    ...{ profile, memory, model: 'W1', identity: () => 'aa', send: nothing, restarted: nothing },
  }).provision(values);
  return memory.content;
}

const SHIPPED = [
  ...['u-boot', 'linux-shell', 'zephyr-shell', 'esp-idf-console', 'micropython'],
  ...['zephyr-smp-settings', 'zephyr-smp-fs', 'nrf91', 'esp32-nvs'],
];

describe('a device reads its own memory', () => {
  it.each(SHIPPED)('as %s has written it', (name) => {
    const profile = fixtureProfile(name);
    const values = foreignValues(profile);
    const own = ownValues(profile, provisioned(profile, values));
    expect(own.size).toBeGreaterThanOrEqual(2);
    for (const [value, bytes] of own) expect([value, bytes]).toEqual([value, values.get(value)]);
  });

  it('and finds nothing in one that nobody wrote', () => {
    const profile = fixtureProfile('linux-shell');
    const { content } = DeviceMemory.scratch({
      ...{ device: 1, hardwareId: 'aa', model: 'W1', profile: profile.name },
    });
    expect(ownCredential(profile, ownValues(profile, content))).toBeUndefined();
  });
});

describe('a credential', () => {
  const endpointKey = endpointKeyOf(Uint8Array.from(randomBytes(16)));
  const anchor = Uint8Array.from(randomBytes(32));

  it('by a secret is its name and password, and says whom it believes', () => {
    const profile = fixtureProfile('linux-shell');
    const secret = Uint8Array.from(randomBytes(32));
    const values = new Map([
      ...([['key', utf8(endpointKey)]] as const),
      ...([['secret', utf8(Buffer.from(secret).toString('base64'))]] as const),
      ...([['anchor', utf8(Buffer.from(anchor).toString('hex'))]] as const),
    ]);
    const own = ownCredential(profile, values);
    expect(own).toMatchObject({ endpointKey, custodyAnchor: anchor });
    const [proof] = own?.proofs ?? [];
    const text = Buffer.from(proof?.basic?.slice('Basic '.length) ?? '', 'base64').toString();
    expect(text).toBe(`${endpointKey}:es_${Buffer.from(secret).toString('base64url')}`);
    expect(proof?.committed).toEqual(secret);
  });

  const withKey = (format: string): DeviceProfile =>
    changedProfile('zephyr-smp-settings', (text) =>
      text
        .replace('endpoint_secret:raw', `private_key:${format}`)
        .replace('  endpoint_key:\n', '  anchor:\n    custodyAnchor: raw\n  endpoint_key:\n')
        .replace(
          '    - value: endpoint_key\n',
          '    - value: anchor\n      setting: keyline/anchor\n    - value: endpoint_key\n',
        ),
    );
  const keys = {
    ed25519: generateKeyPairSync('ed25519').privateKey,
    p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  };

  it.each<[keyof typeof keys, string]>([
    ['ed25519', 'raw'],
    ['ed25519', 'hex'],
    ['ed25519', 'pem'],
    ['p256', 'raw'],
    ['p256', 'text'],
    ['p256', 'der'],
    ['p256', 'pem'],
  ])('by an %s key as %s signs a proof that verifies', (kind, format) => {
    const key = keys[kind];
    const raw = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
    const der = key.export({ format: 'der', type: 'pkcs8' });
    const forms: Record<string, Uint8Array> = {
      ...{ raw, hex: utf8(raw.toString('hex')), text: utf8(`es_${raw.toString('base64url')}`) },
      pem: utf8(key.export({ format: 'pem', type: 'pkcs8' }).toString()),
      der: utf8(der.toString('base64')),
    };
    const profile = withKey(format);
    const values = new Map([
      ...([['secret', forms[format] ?? raw]] as const),
      ...([['endpoint_key', utf8(endpointKey)]] as const),
      ...([['anchor', anchor]] as const),
    ]);
    const own = ownCredential(profile, ownValues(profile, provisioned(profile, values)));
    const proof = own?.proofs.find(({ committed }) => Buffer.from(committed).equals(spkiOf(key)));
    const header = proof?.sign?.('https://registry.test', 'nonce') ?? '';
    const said = verifyDeviceProof(header.slice('Bearer '.length));
    expect(said).toMatchObject({ endpointKey, audience: 'https://registry.test', nonce: 'nonce' });
    expect(said.spki).toEqual(spkiOf(key));
    // By another library's word as well: JWS over the first two parts.
    const [head, body, signature = ''] = header.slice('Bearer '.length).split('.');
    const publicKey = { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' } as const;
    const digest = kind === 'p256' ? 'sha256' : null;
    const signed = Buffer.from(signature, 'base64url');
    expect(verify(digest, Buffer.from(`${head}.${body}`), publicKey, signed)).toBe(true);
  });

  it.each([
    ['without an anchor', ['key', 'secret']],
    ['without a secret', ['key', 'anchor']],
    ['without an endpoint key', ['secret', 'anchor']],
  ])('%s is none', (_, names) => {
    const profile = fixtureProfile('linux-shell');
    const all = new Map([
      ...([['key', utf8(endpointKey)]] as const),
      ...([['secret', utf8(Buffer.alloc(32).toString('base64'))]] as const),
      ...([['anchor', utf8('ab'.repeat(32))]] as const),
    ]);
    const some = new Map([...all].filter(([name]) => names.includes(name)));
    expect(() => ownCredential(profile, some)).toThrow(
      expect.objectContaining({ code: 'device-unprepared' }) as Error,
    );
  });
});
