import { createHash } from 'node:crypto';
import { findAccount } from '../../src/service/store/accounts.ts';
import { putTemplate } from '../../src/service/store/config-templates.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import { createOperation } from '../../src/service/store/operations.ts';
import { addStandingApproval } from '../../src/service/store/standing-approvals.ts';
import type { Change } from '../../src/service/store/store.ts';
import { requestTransfer } from '../../src/service/store/request-transfer.ts';
import { beginCommit, beginUpload, keepPart } from '../../src/service/store/uploads.ts';
import type { ServiceRig } from './rig.ts';
import { endpointKey, enterFor, Owner, sealRows } from './sealed-upload.ts';
import type { SealedLot, SealedRows } from './sealed-upload.ts';

const ORIGIN = { actor: 'registry' } as const;
const TEMPLATE = { trustAnchors: [], values: {} };

/** An object of an account, and what a request that names it in its path sends. */
export interface AccessObject {
  readonly id: string;
  /** The lot that it is of, which a station has to be given. */
  readonly lotId?: string;
  readonly body?: object | Buffer;
  readonly query?: string;
}

/** Makes objects of one account, each fresh at version 1. */
export class AccessObjects {
  readonly #rig: ServiceRig;
  readonly accountId: string;
  #owner: Owner | undefined;
  /** That its devices are of, unless another is said. */
  #lot: SealedLot | undefined;
  #made = 0;

  constructor(rig: ServiceRig, accountId: string) {
    this.#rig = rig;
    this.accountId = accountId;
  }

  /** The object that a route names, or undefined for a route that none is said for. A route is to be added here. */
  make(method: string, url: string): Promise<AccessObject> | undefined {
    const named = /^.*?:\w+/.exec(url)?.[0] ?? '';
    const maker = this.#makers[`${method} ${url}`] ?? this.#makers[named];
    return maker?.();
  }

  readonly #makers: Readonly<Record<string, () => Promise<AccessObject>>> = {
    '/v1/users/:id': () => this.#member('user'),
    'PATCH /v1/users/:id': () => this.#member('user', { name: 'Ben' }),
    '/v1/system-accounts/:id': () => this.#member('system'),
    'PATCH /v1/system-accounts/:id': () => this.#member('system', { name: 'line 2' }),
    '/v1/operations/:id': () => this.#operation(),
    '/v1/devices/:id': () => this.device(),
    'POST /v1/devices/:id/release': () => this.device({ isHeld: true }),
    '/v1/escrow/:id': () => this.device(),
    'GET /v1/lots/:id/devices': async () => ({
      ...(await this.lot()),
      query: '?endpointKeys=ek_1',
    }),
    'POST /v1/lots/:id/devices': () => this.#row(),
    'POST /v1/lots/:id/uploads': () => this.#sealed(),
    'GET /v1/uploads/:id': () => this.#upload('receiving'),
    'PUT /v1/uploads/:id/parts/:n': () => this.#upload('receiving'),
    'POST /v1/uploads/:id/commit': () => this.#upload('whole'),
    'GET /v1/uploads/:id/results': () => this.#upload('committed'),
    '/v1/transfers/:id': () => this.#transfer('source'),
    'POST /v1/transfers/:id/decision': () => this.#transfer('destination', { default: 'accept' }),
    'POST /v1/transfers/:id/withdrawal': () => this.#transfer('source', {}),
    '/v1/standing-approvals/:from': () => this.#standingApproval(),
    'GET /v1/templates/:name': () => this.#template(),
    'PUT /v1/templates/:name': async () => ({ ...(await this.#template()), body: TEMPLATE }),
  };

  #change<T>(work: (change: Change) => Promise<T>): Promise<T> {
    return this.#rig.store.change(ORIGIN, work);
  }

  /** A lot of ten units with nothing in it. */
  async lot(): Promise<{ readonly id: string; readonly lotId: string; readonly made: SealedLot }> {
    this.#owner ??= await Owner.create();
    const made = await this.#owner.lot(10);
    await enterFor(this.#rig.store, this.accountId, made);
    const { lotId } = made.lot;
    return { id: lotId, lotId, made };
  }

  /** A verified device, of the same lot as the others. */
  async device({ isHeld = false, accountId = this.accountId } = {}): Promise<
    AccessObject & { readonly serial: string; readonly endpointKey: string; readonly lotId: string }
  > {
    this.#lot ??= (await this.lot()).made;
    const { lotId, provisioningKey } = this.#lot.lot;
    const unit = this.#made++;
    const named = {
      serial: `UNIT-${unit}-${accountId}`,
      endpointKey: endpointKey(unit, accountId),
    };
    return await this.#change(async (change) => {
      const result = await registerDevice(change, {
        ...{ ...named, accountId, lotId, lotIndex: unit, provisioningKey, scheme: 'psk' },
        provisioning: 'verified',
      });
      if (result.outcome === 'conflict') throw new Error('a conflict');
      const { id } = result.device;
      const held = change.db.updateTable('devices').set({ enrollment: 'quarantined' });
      if (isHeld) await held.where('id', '=', id).execute();
      return { ...named, id, lotId };
    });
  }

  /** Whom everybody may manage who may manage anyone of that kind. */
  async #member(kind: 'user' | 'system', body?: object): Promise<AccessObject> {
    const role = kind === 'user' ? 'end-user' : 'station';
    const accountId = this.accountId;
    const { principalId: id } = await this.#rig.member([role], { kind, accountId });
    return { id, ...(body && { body }) };
  }

  async #operation(): Promise<AccessObject> {
    const accountId = this.accountId;
    const wanted = { accountId, kind: 'test.access', subject: accountId, total: 1 };
    return { id: (await this.#change((change) => createOperation(change, wanted))).id };
  }

  async #row(): Promise<AccessObject> {
    const { made, ...lot } = await this.lot();
    const serial = made.lot.serialTemplate.replace('{n:8}', '00000001');
    const device = { index: 0, serial, endpointKey: endpointKey(0, made.lot.lotId) };
    return { ...lot, body: { provisioning: 'planned', devices: [device] } };
  }

  async #sealed(): Promise<AccessObject & { readonly lotId: string; readonly rows: SealedRows }> {
    const { made, ...lot } = await this.lot();
    const rows = await sealRows(made, { from: 0, count: 1 });
    return { ...lot, body: { kind: 'planned', seal: rows.seal }, rows };
  }

  async #upload(state: 'receiving' | 'whole' | 'committed'): Promise<AccessObject> {
    const { lotId, rows } = await this.#sealed();
    const [content] = rows.chunks as [Buffer];
    const sha256 = (bytes: string | Buffer): string =>
      createHash('sha256').update(bytes).digest('hex');
    return await this.#change(async (change) => {
      const { upload } = await beginUpload(change, {
        ...{ accountId: this.accountId, lotId, kind: 'planned', seal: rows.seal, parts: 1 },
        sealDigest: sha256(rows.seal),
      });
      const { id } = upload;
      if (state === 'receiving') return { id, lotId, body: content };
      const part = { n: 0, digest: sha256(content), sizeBytes: content.length };
      await keepPart(change, upload, { ...part, isGzip: false, content });
      if (state === 'whole') return { id, lotId };
      await beginCommit(change, upload);
      const ended = change.db.updateTable('uploads').set({ state });
      await ended.where('id', '=', id).execute();
      return { id, lotId };
    });
  }

  /** One that the account gives to another, or gets. */
  async #transfer(as: 'source' | 'destination', body?: object): Promise<AccessObject> {
    const other = await this.#rig.account();
    const [from, to] = as === 'source' ? [this.accountId, other] : [other, this.accountId];
    const { id: device } = await this.device({ accountId: from });
    const destination = await findAccount(this.#rig.store.reader, to);
    return await this.#change(async (change) => {
      const { transfer } = await requestTransfer(change, {
        ...{ sourceAccountId: from, to: destination?.handle ?? '', includePlanned: false },
        ...{ devices: { ids: [device] }, expiresAt: '2026-04-01T00:00:00.000Z' },
      });
      return { id: transfer.id, ...(body && { body }) };
    });
  }

  async #standingApproval(): Promise<AccessObject> {
    const from = await findAccount(this.#rig.store.reader, await this.#rig.account());
    const id = from?.handle ?? '';
    await this.#change((change) => addStandingApproval(change, this.accountId, id));
    return { id };
  }

  async #template(): Promise<AccessObject> {
    const name = `model-${this.#made++}`;
    const wanted = { accountId: this.accountId, name, after: 0 };
    await this.#change((change) => putTemplate(change, wanted, TEMPLATE));
    return { id: name };
  }
}
