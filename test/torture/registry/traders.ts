import type { Random } from '../random.ts';
import type { AskedDecision, Verdict } from './history.ts';
import type { Floor, Offer, Turn } from './market.ts';
import type { Member } from './world.ts';

interface Item {
  readonly deviceId: string;
  readonly serial: string;
  readonly state: string;
}

/** An account offers devices, decides on what it was offered, or takes an offer back. */
export function trade(handle: string): Turn {
  return async (floor, random) => {
    const { market } = floor;
    const mine = market.offers.filter(({ destination }) => destination === handle);
    const given = market.offers.filter(({ source }) => source === handle);
    const act = random.weighted([
      [4, 'offer'],
      [mine.length > 0 ? 5 : 0, 'decide'],
      [given.length > 0 ? 2 : 0, 'withdraw'],
    ]);
    const recent = (offers: readonly Offer[]): Offer | undefined =>
      offers.at(-1 - random.below(Math.min(8, offers.length)));
    if (act === 'offer') await offer(floor, handle, random);
    if (act === 'decide') await decide(floor, recent(mine), random);
    if (act === 'withdraw') await withdraw(floor, recent(given), random);
  };
}

/** An offer, on which both sides sometimes say something at once. */
async function offer(floor: Floor, handle: string, random: Random): Promise<void> {
  const { world, client, market } = floor;
  const member = world.member(handle);
  const devices = choose(floor, handle, random);
  if (!devices) return;
  const others = world.members.filter(({ by }) => by !== handle);
  const to = others[random.below(others.length)]?.by ?? '';
  const note = market.note();
  const answer = await client.call(
    member,
    {
      ...{ path: '/v1/transfers', body: { to, devices, includePlanned: random.chance(80), note } },
      asked: { kind: 'transfer', to, note },
    },
    random,
  );
  if (answer.status !== 201) return;
  const { id } = answer.body as { id: string };
  const made: Offer = { id, source: handle, destination: to };
  market.offers.push(made);
  if (!random.chance(50)) return;
  const sides = [decide, random.chance(60) ? withdraw : decide, decide];
  await Promise.all(sides.map((side, at) => side(floor, made, random.fork(at))));
}

/** Some that it is believed to have, or, for the maker, units of its lot. */
function choose({ world, market }: Floor, handle: string, random: Random): unknown {
  const batch = market.batches.at(-1 - random.below(6));
  if (handle === world.maker.by && batch && random.chance(70)) {
    const { lotId } = world.lot.lot;
    const first = batch.first + (random.chance(50) ? 0 : random.below(batch.count));
    return { lotId, first, last: batch.first + batch.count - 1 };
  }
  const ids = market.some(handle, random.between(1, 12), random);
  return ids.length > 0 ? { ids } : undefined;
}

async function decide(floor: Floor, one: Offer | undefined, random: Random): Promise<void> {
  if (!one) return;
  const { world, client } = floor;
  const member = world.member(one.destination);
  const items = await look(floor, member, one, random);
  const decision = draw(items, random);
  if (!decision) return;
  const answer = await client.call(
    member,
    {
      ...{ path: `/v1/transfers/${one.id}/decision`, body: decision },
      asked: { kind: 'decide', transferId: one.id, decision },
    },
    random,
  );
  if (answer.status === 200) await look(floor, member, one, random);
}

async function withdraw(floor: Floor, one: Offer | undefined, random: Random): Promise<void> {
  if (!one) return;
  const { world, client } = floor;
  const member = world.member(one.source);
  const items = random.chance(40) ? await look(floor, member, one, random) : [];
  const devices = random.shuffled(items.map(({ deviceId }) => deviceId)).slice(0, 5);
  const some = devices.length > 0 ? { devices } : {};
  await client.call(
    member,
    {
      ...{ path: `/v1/transfers/${one.id}/withdrawal`, body: some },
      asked: { kind: 'withdraw', transferId: one.id, ...some },
    },
    random,
  );
}

function draw(items: readonly Item[], random: Random): AskedDecision | undefined {
  const verdict = (): Verdict => (random.chance(70) ? 'accept' : 'refuse');
  const ids = random.shuffled(items.slice(0, 40).map(({ deviceId }) => deviceId));
  if (ids.length === 0) return undefined;
  if (random.chance(40)) return { default: verdict(), except: [] };
  if (random.chance(30)) return { default: verdict(), except: ids.slice(0, 3) };
  const some = ids.slice(0, random.between(1, 6));
  return { items: some.map((deviceId) => ({ deviceId, decision: verdict() })) };
}

/** What is in a transfer, from which everybody learns who has what. */
async function look(
  { client, market }: Floor,
  member: Member,
  { id, destination }: Offer,
  random: Random,
): Promise<readonly Item[]> {
  const path = `/v1/transfers/${id}/items?limit=1000`;
  const { status, body } = await client.call(member, { path }, random);
  if (status !== 200) return [];
  const { items } = body as { items: readonly Item[] };
  for (const { deviceId, serial, state } of items) {
    market.units.set(deviceId, Number(/\d+$/.exec(serial)?.[0]) - 1);
    if (state === 'accepted') market.owners.set(deviceId, destination);
  }
  return items;
}
