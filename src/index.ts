/** keyline as a library: derive the units of a lot, and verify what was made of them. */
export { ERROR_CATALOG } from './kernel/error-catalog.ts';
export type { ErrorCode } from './kernel/error-catalog.ts';
export { KeylineError } from './kernel/errors.ts';
export type { ErrorDetail, Facts } from './kernel/errors.ts';
export { Secret } from './kernel/secret.ts';

export { COLUMNS, parseColumns, usualColumns } from './model/columns.ts';
export type { ColumnChoice, ColumnName, Format } from './model/columns.ts';
export { commit, claimDigest, deriveLotSecret, softwareExpander } from './model/hierarchy.ts';
export type { Expander } from './model/hierarchy.ts';
export { isId, parseEndpointKey, parseLotId, parseProvisioningKey } from './model/ids.ts';
export type { EndpointKey, LotId, ProvisioningKey } from './model/ids.ts';
export { SCHEMES } from './model/lot.ts';
export type { Lot, Scheme } from './model/lot.ts';
export type { LotSecrets } from './model/lot-secrets.ts';
export { ownerSecrets } from './model/owner-secrets.ts';
export type { Range } from './model/range.ts';
export type { RowPlan } from './model/row-template.ts';
export { parseSerialTemplate, unitSerial } from './model/serial-template.ts';
export type { Unit, UnitBatch, UnitNeeds } from './model/unit.ts';

export { chooseDeriver } from './derive/choose.ts';
export type { DeriveSource, Deriver } from './derive/deriver.ts';
export { portableDeriver } from './derive/portable-deriver.ts';
export { openRowSource } from './derive/rows.ts';
export type { RowChunk, RowSource } from './derive/rows.ts';

export { openLotDescriptor } from './seals/lot-descriptor.ts';
export { verifyManifestSeal } from './seals/manifest-seal.ts';
