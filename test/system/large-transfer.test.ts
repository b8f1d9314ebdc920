import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findAccount } from '../../src/service/store/accounts.ts';
import { analyze } from '../../src/service/store/analyze.ts';
import { registerRows } from '../../src/service/store/register-rows.ts';
import { transferTurn } from '../../src/service/transfer-worker.ts';
import { ServiceRig } from '../service/rig.ts';
import type { TestMember } from '../service/rig.ts';
import { startCluster } from './postgres.ts';
import type { Cluster } from './postgres.ts';

const ORIGIN = { actor: 'registry' } as const;
const DEVICES = 100_000;
let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster[Symbol.asyncDispose]());

it.each(['SQLite', 'PostgreSQL'])(
  'takes 100,000 devices in one request on %s, and hands all of them on by a standing approval',
  async (database) => {
    await using rig = await ServiceRig.start(
      {},
      database === 'SQLite' ? undefined : await cluster.database(),
    );
    const [oem, reseller, customer] = [await party(rig), await party(rig), await party(rig)];
    await rig.store.change(ORIGIN, async (change) => {
      const context = { accountId: oem.accountId, lotId: 'kl_lot', provisioningKey: 'kp_one' };
      const state = { scheme: 'psk', provisioning: 'verified', uploadId: 'up_one' } as const;
      const rows = Array.from({ length: DEVICES }, (_, index) => ({
        serial: `S-${String(index).padStart(6, '0')}`,
        ...{ lotIndex: index, endpointKey: `ek_${index}` },
      }));
      await registerRows(change, { ...context, ...state }, rows);
      await change.db.updateTable('devices').set({ uploadId: null }).execute();
    });
    // As the commit of an upload does.
    await analyze(rig.store, ['devices', 'credentials']);
    const exported = async (of: Party): Promise<string[]> => {
      const headers = { ...of.headers, accept: 'application/x-ndjson' };
      const { body } = await rig.app.inject({ url: '/v1/devices', headers });
      return body.split('\n').filter((line) => line !== '');
    };
    const ids = (await exported(oem)).map((line) => (JSON.parse(line) as { id: string }).id);
    expect(new Set(ids).size).toBe(DEVICES);

    const all = { state: 'completed', counts: { offered: 0, accepted: DEVICES } };
    const turn = () => transferTurn(rig.store, new AbortController().signal);
    const offered = await post(rig, oem, '/v1/transfers', {
      to: reseller.handle,
      devices: { ids },
    });
    expect(offered.json()).toMatchObject({ state: 'open', items: DEVICES });
    const { id } = offered.json<{ id: string }>();
    const url = `/v1/transfers/${id}/decision`;
    expect((await post(rig, reseller, url, { default: 'accept' })).json()).toMatchObject(all);
    await turn();
    expect(await exported(oem)).toEqual([]);

    await post(rig, customer, '/v1/standing-approvals', { from: reseller.handle });
    const query = { lotId: 'kl_lot', escrow: 'configuring' };
    const onward = { to: customer.handle, devices: { query } };
    const taken = (await post(rig, reseller, '/v1/transfers', onward)).json<object>();
    expect(taken).toMatchObject({ ...all, decidedBy: 'standing-approval', leftOut: 0 });
    await turn();
    expect(await exported(customer)).toHaveLength(DEVICES);
  },
  600_000,
);

interface Party extends TestMember {
  readonly handle: string;
}

async function party(rig: ServiceRig): Promise<Party> {
  const member = await rig.member(['account-admin'], { kind: 'user' });
  const { handle = '' } = (await findAccount(rig.store.reader, member.accountId)) ?? {};
  return { ...member, handle };
}

function post(rig: ServiceRig, as: Party, url: string, body: object) {
  const headers = { ...as.headers, 'idempotency-key': randomUUID() };
  return rig.app.inject({ method: 'POST', url, body, headers });
}
