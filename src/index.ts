export { KeylineError } from './kernel/errors.ts';
export type { ErrorDetail, Facts } from './kernel/errors.ts';
export { ERROR_CATALOG } from './kernel/error-catalog.ts';
export type { ErrorCode } from './kernel/error-catalog.ts';
export { Secret } from './kernel/secret.ts';
