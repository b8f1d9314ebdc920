import type { AddressInfo } from 'node:net';
import { HttpRegistry } from '../../src/registry/http-registry.ts';
import { RenewableToken } from '../../src/registry/renewable-token.ts';
import { holdKey } from '../../src/service/store/keys.ts';
import { IS_SHOWN } from '../../src/service/store/shown.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { commitHere } from '../service/commit-here.ts';
import { ServiceRig } from '../service/rig.ts';
import { FakeRegistry } from './fake-registry.ts';
import { registryContract } from './registry-contract.ts';
import type { RegistrySubject } from './registry-contract.ts';

registryContract('a registry of others’ kind', () => {
  const registry = new FakeRegistry();
  const subject: RegistrySubject = {
    registry,
    admit: () => Promise.resolve(),
    loseAnswers: (...when) => void registry.troubles.push(...when),
    count: (lotId) =>
      Promise.resolve([...registry.held.values()].filter((one) => one.lotId === lotId).length),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return Promise.resolve(subject);
});

registryContract('keyline’s own over HTTP', async () => {
  const rig = await ServiceRig.start();
  const { accountId, token } = await rig.member(['factory-engineer']);
  await rig.app.listen({ port: 0, host: '127.0.0.1' });
  // Not in the service's worker, which is of the built package.
  const runner = commitHere(rig);
  const { port } = rig.app.server.address() as AddressInfo;
  const troubles: string[] = [];
  const registry = new HttpRegistry({
    ...{ url: `http://127.0.0.1:${port}`, token: new RenewableToken(token), pauseMs: 1 },
    fetch: async (url, init) => {
      const isRegistering = init.method !== 'GET' && /\/(parts|devices|commit)/.test(url);
      const trouble = isRegistering ? troubles.shift() : undefined;
      if (trouble === 'before') throw new TypeError('fetch failed');
      const response = await fetch(url, init);
      if (trouble === undefined) return response;
      await response.arrayBuffer();
      throw new TypeError('fetch failed');
    },
  });
  return {
    registry,
    admit: async ({ provisioningKey: id, sealKey, manufacturer }) => {
      const keys = { sealKey: spkiOf(sealKey), manufacturerKey: spkiOf(manufacturer) };
      await rig.store.change({ actor: 'registry' }, (change) =>
        holdKey(change, { accountId, id, isTest: false, ...keys }),
      );
    },
    loseAnswers: (...when) => void troubles.push(...when),
    count: async (lotId) => {
      const devices = rig.store.reader.selectFrom('devices').where('lotId', '=', lotId);
      return (await devices.select('id').where(IS_SHOWN).execute()).length;
    },
    [Symbol.asyncDispose]: async () => {
      rig.close();
      await runner[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
});
