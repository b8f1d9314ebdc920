import type { AddressInfo } from 'node:net';
import type { DestinationStream } from 'pino';
import { systemClock } from '../kernel/clock.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { tryLock } from '../kernel/file-lock.ts';
import { buildApp } from './app.ts';
import { buildAdminApp } from './http/admin.ts';
import { createLog } from './http/log.ts';
import { Metrics } from './http/metrics.ts';
import { RequestsUnderWay } from './http/requests-under-way.ts';
import { Housekeeping } from './housekeeping.ts';
import { readMasterKey } from './keys/key-file.ts';
import { authorityOf, isLoopback, parseListenAddress } from './listen-address.ts';
import type { ListenAddress } from './listen-address.ts';
import { DeviceLooks } from './routes/device-looks.ts';
import type { Limits, Service } from './service.ts';
import { readMeta } from './store/migrate.ts';
import { isPostgres, openStore } from './store/open-store.ts';
import { endLeases } from './store/operations.ts';
import { endPreparations } from './store/prepare-transfer.ts';
import { endSettlements } from './store/settle-upload.ts';
import { requireFile } from './store/sqlite-file.ts';
import { readTlsFiles, TlsRenewal } from './tls-files.ts';
import type { TlsPaths, TlsServer } from './tls-files.ts';
import { TransferWorker } from './transfer-worker.ts';
import { UploadRunner } from './uploads/upload-runner.ts';

/** How a registry is served. */
export interface ServeChoices {
  readonly database: string;
  readonly masterKeyFile: string;
  readonly listen: string;
  readonly adminListen?: string | undefined;
  /** PEM files. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** Plain HTTP beyond loopback. */
  readonly insecureHttp: boolean;
  /** How others name it; the address it listens on unless given. */
  readonly publicUrl?: string | undefined;
  readonly trustProxy?: string | undefined;
  readonly limits?: Partial<Limits>;
  readonly logLevel: string;
  readonly version: string;
}

/** Where it listens. */
export interface ServedAddresses {
  readonly url: string;
  /** Metrics. */
  readonly adminUrl?: string;
}

/** What is outside the process. */
export interface ServeEffects {
  /** Ends it: no new connections, streams end, what runs is finished. */
  readonly signal: AbortSignal;
  readonly logTo: DestinationStream;
  readonly onReady: (addresses: ServedAddresses) => void;
}

/** How long requests that are on their way have to come whole. */
const GRACE_MS = 5_000;

const LIMITS: Limits = {
  principalPerMinute: 60_000,
  addressPerMinute: 600,
  loginsPerTenMinutes: 10,
};

/**
 * Serves until `signal` fires, then ends in order. Throws as `openStore` does, and `master-key-invalid`,
 * `plain-http`,
 * `tls-files-invalid`, `listen-failed`, `registry-busy` where another process serves the same file.
 */
export async function runService(choices: ServeChoices, effects: ServeEffects): Promise<void> {
  const listen = parseListenAddress(choices.listen);
  const adminListen = choices.adminListen && parseListenAddress(choices.adminListen);
  const tls = tlsPaths(choices);
  const https = tls && (await readTlsFiles(tls));
  refusePlainHttp([listen], https !== undefined || choices.insecureHttp);
  if (adminListen) refusePlainHttp([adminListen], choices.insecureHttp);
  using masterKey = await readMasterKey(choices.masterKeyFile);
  const isFile = !isPostgres(choices.database);
  if (isFile) await requireFile(choices.database);
  // Before the tables are brought forward, and until the store is closed.
  await using lock = isFile ? await tryLock(`${choices.database}.lock`) : undefined;
  if (!lock && isFile) {
    throw new KeylineError('registry-busy', { message: 'another process serves this database' });
  }
  await using store = await openStore(choices.database, { create: false });
  const check = await readMeta(store.reader, 'keyCheck');
  if (check === undefined) {
    throw new KeylineError('registry-missing', { message: 'the registry has not been made yet' });
  }
  if (check !== masterKey.checkValue()) {
    throw new KeylineError('master-key-invalid', {
      message: 'this master key belongs to another registry',
    });
  }
  // The lock says that whoever had a lease is dead.
  if (lock) {
    await store.change({ actor: 'registry' }, async (change) => {
      await endLeases(change);
      await endPreparations(change);
      await endSettlements(change);
    });
  }
  const scheme = https ? 'https' : 'http';
  let url = `${scheme}://${authorityOf(listen)}`;
  const service: Service = {
    ...{ store, masterKey, clock: systemClock, closing: effects.signal },
    looks: new DeviceLooks({ store, masterKey, clock: systemClock }),
    get publicUrl() {
      return choices.publicUrl ?? url;
    },
    limits: { ...LIMITS, ...choices.limits },
  };
  const metrics = new Metrics();
  const log = createLog(effects.logTo, choices.logLevel);
  const { trustProxy, version } = choices;
  const app = await buildApp(service, { log, metrics, https, trustProxy, version });
  const underWay = new RequestsUnderWay(app.server);
  const admin = buildAdminApp(service, metrics);
  using _renewal =
    tls &&
    https &&
    new TlsRenewal(app.server as unknown as TlsServer, { ...tls, current: https }, log);
  using _housekeeping = new Housekeeping(service, log);
  await using _uploads = new UploadRunner(service, log, choices.database);
  await using _transfers = new TransferWorker(service, log);
  try {
    const port = await listenOn(app, listen);
    const adminPort = adminListen && (await listenOn(admin, adminListen));
    // Port 0 is whichever was free.
    url = `${scheme}://${authorityOf({ host: listen.host, port })}`;
    const adminUrl =
      adminListen && adminPort
        ? `http://${authorityOf({ host: adminListen.host, port: adminPort })}`
        : undefined;
    effects.onReady({ url, ...(adminUrl !== undefined && { adminUrl }) });
    await aborted(effects.signal);
  } finally {
    // Whoever sends slower than that, or nothing any more, sends it again to the next process.
    const late = setInterval(() => {
      underWay.hangUpOnParts();
    }, GRACE_MS);
    await app.close();
    clearInterval(late);
    await admin.close();
  }
}

/** Throws `usage` where one is given without the other. */
function tlsPaths({ tlsCert: cert, tlsKey: key }: ServeChoices): TlsPaths | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new KeylineError('usage', { message: '--tls-cert and --tls-key go together' });
}

function refusePlainHttp(addresses: readonly ListenAddress[], isAllowed: boolean): void {
  const open = addresses.find((address) => !isLoopback(address));
  if (!open || isAllowed) return;
  throw new KeylineError('plain-http', {
    message: `${authorityOf(open)} can be reached from elsewhere, and plain HTTP shows every secret`,
  });
}

async function listenOn(
  app: { listen(address: ListenAddress): Promise<string>; server: { address(): unknown } },
  address: ListenAddress,
): Promise<number> {
  try {
    await app.listen(address);
  } catch (error) {
    const reason = ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND'].find((code) =>
      isErrno(error, code),
    );
    if (reason === undefined) throw error;
    throw new KeylineError('listen-failed', {
      message: `nothing can listen on ${authorityOf(address)} (${reason})`,
      facts: { reason },
    });
  }
  return (app.server.address() as AddressInfo).port;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
