import { Flags } from '@oclif/core';
import type { LotRequest, X509Request } from '../job/create-lot.ts';
import { KeylineError } from '../kernel/errors.ts';
import { parseDate } from '../model/dates.ts';
import { SCHEMES } from '../model/lot.ts';
import { INDEX_LIMIT } from '../model/range.ts';
import { countFlag, noDefaultHelp } from './flags.ts';

const certificates = { helpGroup: 'CERTIFICATES (x509-p256)' };

/** What `lot create` lets a person decide about a lot. */
export const lotFlags = {
  code: Flags.string({ helpValue: 'CODE', summary: 'The lot’s name, instead of the argument.' }),
  key: Flags.string({ helpValue: 'KEY', summary: 'kp_… or a label; else the only key.' }),
  scheme: Flags.option({
    options: SCHEMES,
    default: 'psk' as const,
    summary: 'How credentials are made.',
  })(),
  size: countFlag({ required: true, max: INDEX_LIMIT, summary: 'Planned units.' }),
  spare: countFlag({ min: 0, default: 0, summary: 'Units for rework after them.' }),
  first: countFlag({ min: 0, default: 0, summary: 'Number in the first serial.' }),
  serial: Flags.string({
    helpValue: 'TEMPLATE',
    required: true,
    summary: 'Such as ACME-A1-{n:8}; {x:8} is hexadecimal, {luhn} a check digit.',
  }),
  model: Flags.string({ helpValue: 'TEXT', summary: 'What the units are.' }),
  attribute: Flags.string({
    helpValue: 'NAME=VALUE',
    multiple: true,
    default: [],
    defaultHelp: noDefaultHelp,
    summary: 'A fact about every unit; repeat for more.',
  }),
  'label-url': Flags.string({ helpValue: 'URL', summary: 'What claim URLs on labels begin with.' }),
  'fdo-device-info': Flags.string({ helpValue: 'TEXT', summary: 'deviceInfo of FDO vouchers.' }),
  'fdo-rendezvous': Flags.string({ helpValue: 'URL', summary: 'Rendezvous of FDO vouchers.' }),
  'group-key-file': Flags.string({
    helpValue: 'FILE',
    summary: 'azure-dps: an enrollment group key to use instead of the derived one.',
  }),
  ca: Flags.string({ helpValue: 'NAME', summary: 'Root that certifies the lot.', ...certificates }),
  'self-signed': Flags.boolean({ summary: 'No root: for tests.', ...certificates }),
  csr: Flags.string({
    helpValue: 'FILE',
    summary: 'Write a request for another root; `lot certify` takes the answer.',
    ...certificates,
  }),
  subject: Flags.option({
    options: ['endpoint-key', 'serial'] as const,
    summary: 'Common name of device certificates; endpoint-key unless given.',
    ...certificates,
  })(),
  'not-before': Flags.string({ helpValue: 'DATE', summary: 'Now unless given.', ...certificates }),
  'not-after': Flags.string({
    helpValue: 'DATE',
    summary: 'No end unless given.',
    ...certificates,
  }),
};

/** What the flags of `lotFlags` gave. */
export interface LotFlagValues extends Pick<
  LotRequest,
  'key' | 'scheme' | 'size' | 'spare' | 'model'
> {
  readonly code?: string | undefined;
  readonly first: number;
  readonly serial: string;
  readonly attribute: readonly string[];
  readonly 'label-url'?: string | undefined;
  readonly 'fdo-device-info'?: string | undefined;
  readonly 'fdo-rendezvous'?: string | undefined;
  readonly 'group-key-file'?: string | undefined;
  readonly ca?: string | undefined;
  readonly 'self-signed': boolean;
  readonly csr?: string | undefined;
  readonly subject?: X509Request['subject'] | undefined;
  readonly 'not-before'?: string | undefined;
  readonly 'not-after'?: string | undefined;
}

/** The request that argument and flags make. Throws `usage` for flags that do not go together. */
export function lotRequest(argument: string | undefined, flags: LotFlagValues): LotRequest {
  const code = argument ?? flags.code;
  if (code === undefined || (argument !== undefined && flags.code !== undefined)) {
    throw usage('give the lot a code, once: as the argument or with --code');
  }
  const groupKeyFile = flags['group-key-file'];
  if (groupKeyFile !== undefined && flags.scheme !== 'azure-dps') {
    throw usage('--group-key-file is for scheme azure-dps');
  }
  return {
    code,
    key: flags.key,
    scheme: flags.scheme,
    size: flags.size,
    spare: flags.spare,
    firstNumber: flags.first,
    serialTemplate: flags.serial,
    model: flags.model,
    attributes: attributesOf(flags.attribute),
    labelBaseUrl: flags['label-url'],
    fdo: fdoOf(flags),
    x509: x509Of(flags),
    groupKeyFile,
  };
}

function attributesOf(texts: readonly string[]): Record<string, string> | undefined {
  const attributes = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = text.slice(0, at);
    if (at < 1) throw usage(`${JSON.stringify(text)} is not NAME=VALUE`);
    if (attributes.has(name)) throw usage(`attribute ${name} is given twice`);
    attributes.set(name, text.slice(at + 1));
  }
  return attributes.size > 0 ? Object.fromEntries(attributes) : undefined;
}

function fdoOf(flags: LotFlagValues): LotRequest['fdo'] {
  const { 'fdo-device-info': deviceInfo, 'fdo-rendezvous': rendezvous } = flags;
  if (deviceInfo === undefined && rendezvous === undefined) return undefined;
  if (deviceInfo !== undefined && rendezvous !== undefined) return { deviceInfo, rendezvous };
  throw usage('--fdo-device-info and --fdo-rendezvous go together');
}

function x509Of(flags: LotFlagValues): X509Request | undefined {
  const { ca, csr, 'self-signed': selfSigned, subject } = flags;
  const ways = [ca !== undefined, csr !== undefined, selfSigned].filter(Boolean).length;
  const { 'not-before': notBefore, 'not-after': notAfter } = flags;
  if (flags.scheme !== 'x509-p256') {
    if (ways + [subject, notBefore, notAfter].filter((value) => value !== undefined).length > 0) {
      throw usage('flags about certificates are for scheme x509-p256');
    }
    return undefined;
  }
  if (ways !== 1) throw usage('say who certifies the lot: one of --ca, --csr and --self-signed');
  return {
    issuing:
      ca !== undefined ? { type: 'ca', name: ca } : { type: selfSigned ? 'self-signed' : 'csr' },
    subject: subject ?? 'endpoint-key',
    notBefore: notBefore && parseDate(notBefore, 'first second'),
    notAfter: notAfter && parseDate(notAfter, 'last second'),
  };
}

function usage(message: string): KeylineError {
  return new KeylineError('usage', { message });
}
