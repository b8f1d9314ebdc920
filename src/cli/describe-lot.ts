import type { LotReport } from '../job/show-lot.ts';
import { rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { grouped } from './progress.ts';
import { facts, table } from './table.ts';

const ACCESS = {
  owner: 'as its owner',
  grant: 'by grants',
  'grant ended': 'no: every grant has ended',
  none: 'no: neither its key nor a grant is here',
} as const;

/** A lot for a person, all of it public. */
export function describeLot(report: LotReport): string {
  const { lot, granted } = report;
  const { x509, fdo, attributes = {} } = lot;
  return facts([
    ['lot', lot.code],
    ['id', lot.lotId],
    ['key', lot.provisioningKey],
    ['scheme', lot.scheme],
    ['units', grouped(lot.size)],
    ['spare', lot.spare > 0 ? grouped(lot.spare) : undefined],
    ['serials', `${report.firstSerial} … ${report.lastSerial}`],
    ['model', lot.model],
    ...Object.entries(attributes).map(([name, value]) => [`  ${name}`, value] as const),
    ['label URL', lot.labelBaseUrl],
    ['FDO', fdo && `${fdo.deviceInfo}, ${fdo.rendezvous}`],
    ['group key', lot.azureGroupKey],
    ['subject', x509?.subject],
    ['certified by', report.chain?.join(' < ')],
    ['valid', x509 && `${x509.notBefore} to ${x509.notAfter}`],
    ['created', lot.createdAt],
    ['status', report.closedAt === undefined ? report.status : `closed at ${report.closedAt}`],
    ['derives here', ACCESS[report.access]],
    ['granted', granted?.map(formatUnits).join(', ')],
    ['left the lot', `${grouped(report.allocated)} units`],
    ['test', lot.test ? 'yes: under a test key' : undefined],
  ]);
}

/** Lots below each other. */
export function tabulateLots(reports: readonly LotReport[]): string {
  return table(reports, [
    { title: 'code', value: ({ lot }) => lot.code },
    { title: 'id', value: ({ lot }) => lot.lotId },
    { title: 'scheme', value: ({ lot }) => lot.scheme },
    { title: 'units', value: ({ lot }) => grouped(lot.size), align: 'right' },
    { title: 'spare', value: ({ lot }) => grouped(lot.spare), align: 'right' },
    { title: 'left', value: ({ allocated }) => grouped(allocated), align: 'right' },
    { title: 'access', value: ({ access }) => access },
    { title: 'status', value: ({ status }) => status },
  ]);
}

/** First and last index, grouped for reading: `0 to 4,095`. */
export function formatUnits(range: Range): string {
  return `${grouped(range.from)} to ${grouped(rangeEnd(range) - 1)}`;
}
