import { pause } from './market.ts';
import type { Floor, Turn } from './market.ts';
import type { Random } from '../random.ts';

/** How many units an upload has, and how often. More than a thousand make an operation of a decision. */
const SIZES: readonly (readonly [weight: number, size: readonly [least: number, most: number]])[] =
  [
    [60, [5, 40]],
    [10, [300, 500]],
    [6, [1_100, 1_600]],
  ];

/** The maker uploads a sealed manifest of new units, or one that was uploaded before, and waits for it. */
export const upload: Turn = async (floor, random) => {
  const { market } = floor;
  const [least, most] = random.weighted(SIZES);
  const before = market.batches.at(-1 - random.below(10));
  const isAgain = before !== undefined && random.chance(20);
  const units = isAgain ? before : market.take(random.between(least, most));
  if (!isAgain) market.begun.push(units);
  const kind = random.chance(40) ? 'planned' : 'as-built';
  if ((await uploadUnits(floor, { ...units, kind }, random)) && !isAgain)
    market.batches.push(units);
};

/** A station registers units as it goes, some of them of an upload that is under way. */
export const register: Turn = async ({ world, client, market }, random) => {
  const begun = market.begun.at(-1 - random.below(4));
  const count = random.between(1, 5);
  const units = begun && random.chance(50) ? { ...begun, count: 3 } : market.take(count);
  const indexes = Array.from({ length: units.count }, (_, at) => units.first + at);
  const { lotId } = world.lot.lot;
  const provisioning = random.chance(70) ? 'verified' : 'planned';
  const body = { provisioning, devices: indexes.map((index) => world.unit(index)) };
  const path = `/v1/lots/${lotId}/devices`;
  const asked = { kind: 'register', indexes } as const;
  const { status } = await client.call(world.maker, { path, body, asked }, random);
  if (status === 200) market.batches.push(units);
};

/** Whether it was seen to have been committed. */
async function uploadUnits(
  { world, client, isOver }: Floor,
  units: { readonly first: number; readonly count: number; readonly kind: 'planned' | 'as-built' },
  random: Random,
): Promise<boolean> {
  const { first, count, kind } = units;
  const { maker } = world;
  const { lotId } = world.lot.lot;
  const { seal, chunks } = await world.seal(first, count, kind);
  const begun = await client.call(
    maker,
    {
      ...{ path: `/v1/lots/${lotId}/uploads`, body: { kind, seal } },
      asked: { kind: 'upload', lotId, first, count },
    },
    random,
  );
  if (begun.status >= 300) return false;
  const { id: uploadId } = begun.body as { id: string };
  for (const [n, csv] of chunks.entries()) {
    const path = `/v1/uploads/${uploadId}/parts/${n}`;
    const asked = { kind: 'part', uploadId, n } as const;
    await client.call(maker, { method: 'PUT', path, csv, asked }, random);
  }
  const committed = await client.call(
    maker,
    {
      ...{ method: 'POST', path: `/v1/uploads/${uploadId}/commit` },
      asked: { kind: 'commit', uploadId },
    },
    random,
  );
  if (committed.status >= 300) return false;
  const { id } = committed.body as { id: string };
  for (;;) {
    const { body } = await client.call(maker, { path: `/v1/operations/${id}` }, random);
    const { state } = body as { state: string };
    if (state === 'succeeded') break;
    if (state === 'failed' || isOver()) return false;
    await pause(random.between(30, 120));
  }
  const path = `/v1/uploads/${uploadId}/results`;
  const asked = { kind: 'committed', uploadId, first, count } as const;
  return (await client.call(maker, { path, asked }, random)).status === 200;
}
