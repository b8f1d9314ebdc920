import { Secret } from '../kernel/secret.ts';
import type { LotSecrets } from '../model/lot-secrets.ts';
import { blockOf, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { UnitNeeds } from '../model/unit.ts';
import type { DeriveSource } from './derive-source.ts';

/**
 * What one job of a worker needs of a lot's secrets, to be posted: never the lot secret. The buffers
 * are transferred, so that the sender has no copy left; the worker wipes them after the job.
 */
export interface PostedSecrets {
  readonly firstBlock: number;
  /** 32 bytes for each block from `firstBlock` on. */
  readonly blocks: Uint8Array<ArrayBuffer>;
  readonly issuerKey?: Uint8Array<ArrayBuffer>;
  readonly groupKey?: Uint8Array<ArrayBuffer>;
  readonly from: number;
  /** Certificates of a grant's table, from unit `from` on. */
  readonly certificates?: readonly Uint8Array[];
  /** Device keys of a grant's table, 32 bytes for each unit from `from` on. */
  readonly deviceKeys?: Uint8Array<ArrayBuffer>;
}

/** Takes what the range's rows need. Throws `outside-grant` as the secrets do. */
export function takeSecrets(source: DeriveSource, range: Range, needs: UnitNeeds): PostedSecrets {
  const { lot, secrets } = source;
  const { from } = range;
  const firstBlock = blockOf(from);
  const count = blockOf(rangeEnd(range) - 1) - firstBlock + 1;
  const blocks = packed(count, (at) => secrets.blockSecret(firstBlock + at));
  const taken = { firstBlock, blocks, from };
  if (lot.scheme === 'azure-dps') {
    const groupKey = copyOf(secrets.groupKey());
    if (groupKey) return { ...taken, groupKey };
    return {
      ...taken,
      deviceKeys: packed(range.count, (at) => secrets.deviceKey(from + at)),
    };
  }
  if (lot.scheme === 'x509-p256' && needs.certificate) {
    const issuerKey = copyOf(secrets.issuerKey());
    if (issuerKey) return { ...taken, issuerKey };
    const certificates = Array.from(
      { length: range.count },
      // A missing one stays empty here; the worker refuses it by its index.
      (_, at) => secrets.certificate(from + at) ?? new Uint8Array(),
    );
    return { ...taken, certificates };
  }
  return taken;
}

/** The buffers that are posted by transfer. */
export function transferOf(posted: PostedSecrets): ArrayBuffer[] {
  const { blocks, issuerKey, groupKey, deviceKeys } = posted;
  return [blocks, issuerKey, groupKey, deviceKeys].flatMap((bytes) =>
    bytes ? [bytes.buffer] : [],
  );
}

/** The worker's side: secrets of one job, whose buffers are wiped on disposal. */
export function postedSecrets(posted: PostedSecrets): LotSecrets {
  const { firstBlock, blocks, issuerKey, groupKey, from, certificates, deviceKeys } = posted;
  const from32 = (bytes: Uint8Array | undefined, at: number): Secret | undefined => {
    const value = bytes?.subarray(at * 32, (at + 1) * 32);
    return value?.some((byte) => byte !== 0) ? Secret.copyOf(value) : undefined;
  };
  return {
    ranges: [],
    blockSecret(block) {
      const secret = from32(blocks, block - firstBlock);
      if (!secret) throw new Error('a block was not posted');
      return secret;
    },
    issuerKey: () => issuerKey && Secret.copyOf(issuerKey),
    groupKey: () => groupKey && Secret.copyOf(groupKey),
    certificate(index) {
      const certificate = certificates?.[index - from];
      return certificate?.length ? certificate : undefined;
    },
    deviceKey: (index) => from32(deviceKeys, index - from),
    [Symbol.dispose]() {
      for (const bytes of [blocks, issuerKey, groupKey, deviceKeys]) bytes?.fill(0);
    },
  };
}

/** 32-byte secrets one after the other; zeroes, which are no key, where there is none. */
function packed(count: number, read: (at: number) => Secret | undefined): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(count * 32);
  try {
    for (let at = 0; at < count; at++) {
      using secret = read(at);
      secret?.use((bytes) => {
        all.set(bytes, at * 32);
      });
    }
  } catch (error) {
    all.fill(0);
    throw error;
  }
  return all;
}

function copyOf(secret: Secret | undefined): Uint8Array<ArrayBuffer> | undefined {
  using borrowed = secret;
  return borrowed?.use((bytes) => Uint8Array.from(bytes));
}
