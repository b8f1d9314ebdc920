import type { Answer } from './history.ts';
import type { Floor, Turn } from './market.ts';
import type { Random } from '../random.ts';

interface State {
  readonly config?: { readonly step: number; readonly version: number; readonly digest: string };
}

/** A device proves itself, checks in, and acknowledges what it is to have. */
export const live: Turn = async (floor, random) => {
  const { market } = floor;
  const known = [...market.units.keys()].slice(-200);
  const id = known[random.below(Math.max(1, known.length))];
  const index = id === undefined ? undefined : market.units.get(id);
  if (id === undefined || index === undefined || market.busy.has(id)) return;
  market.busy.add(id);
  try {
    await checkInTwice(floor, { id, index }, random);
  } finally {
    market.busy.delete(id);
  }
};

async function checkInTwice(
  { world, client, market }: Floor,
  { id, index }: { readonly id: string; readonly index: number },
  random: Random,
): Promise<void> {
  const session = await client.call(
    { by: id, authorization: world.proof(index) },
    { method: 'POST', path: '/v1/device/session', asked: { kind: 'session', index } },
    random,
  );
  if (session.status !== 200) return;
  const { accessToken } = session.body as { accessToken: string };
  const device = { by: id, authorization: `Bearer ${accessToken}` };
  const checkIn = async (config?: State['config']): Promise<Answer> => {
    const counter = (market.counters.get(id) ?? 0) + 1;
    market.counters.set(id, counter);
    const body = { counter, ...(config && { config: { ...config, status: 'applied' } }) };
    const acknowledges = config && { acknowledges: config };
    const asked = { kind: 'check-in', deviceId: id, counter, ...acknowledges } as const;
    return await client.call(device, { path: '/v1/device/checkin', body, asked }, random);
  };
  const { status, body } = await checkIn();
  const { config } = body as State;
  if (status !== 200 || !config) return;
  const { step, version, digest } = config;
  const path = `/v1/device/configurations/${step}/${version}`;
  await client.call(device, { path }, random);
  await checkIn({ step, version, digest });
}
