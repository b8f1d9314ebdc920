import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { ReportMistake } from '../driver.ts';
import { compilePattern } from '../pattern.ts';
import type { DeviceProfile } from '../profile-model.ts';
import { choice, NAME_PATTERN } from '../schema/profile-schema.ts';
import { RESTART_TIMING } from './restart.ts';

const closed = { additionalProperties: false } as const;

/** Tags above are kept by the vendor for tests. */
export const CMNG_HIGHEST_TAG = 2_147_483_647;

/** Credential types and their numbers in `AT%CMNG`. */
export const CMNG_TYPES = {
  'root-ca': 0,
  'client-certificate': 1,
  'private-key': 2,
  psk: 3,
  'psk-identity': 4,
} as const;
/** A credential type as profiles name it. */
export type CmngType = keyof typeof CMNG_TYPES;

const command = Type.String({ pattern: '^AT[\\x20-\\x7e]+$', maxLength: 64 });

/** A question: a command that changes nothing, and what its answer must match, line by line. */
export const AtQuestion = Type.Object(
  {
    command,
    /** Its first group, or all of the match, is what was asked for; the first line. */
    pattern: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
  },
  closed,
);
/** See the schema. */
export type AtQuestion = Static<typeof AtQuestion>;

/** One credential of the modem. */
export const CmngCredential = Type.Object(
  {
    tag: Type.Integer({ minimum: 0, maximum: CMNG_HIGHEST_TAG }),
    type: choice(Object.keys(CMNG_TYPES) as CmngType[]),
    value: Type.String({ pattern: NAME_PATTERN }),
    /**
     * For a psk alone: whether the modem lists SHA-256 of the hexadecimal text or of the bytes that it
     * means. Firmware versions differ; everything else is digested as it stands between the quotes.
     */
    digestOf: Type.Optional(choice(['text', 'bytes'])),
  },
  closed,
);
/** See the schema. */
export type CmngCredential = Static<typeof CmngCredential>;

/** The member `at-cmng` of a profile. */
export const AtCmngSection = Type.Object(
  {
    /** For each answer; 5 s. */
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 60_000 })),
    identify: Type.Optional(AtQuestion),
    model: Type.Optional(AtQuestion),
    captures: Type.Optional(
      Type.Record(Type.String(), AtQuestion, {
        propertyNames: { pattern: NAME_PATTERN },
        minProperties: 1,
        maxProperties: 32,
      }),
    ),
    /** Written in this order: an existing one of the same tag and type is deleted first. */
    credentials: Type.Array(CmngCredential, { minItems: 1, maxItems: 16 }),
    /**
     * Before what was written is verified: what the modem did not store must be gone by then. The commands
     * run one after the other, each answered by OK; false where nothing restarts it.
     */
    restart: Type.Optional(
      Type.Union([
        Type.Literal(false),
        Type.Object(
          { commands: Type.Array(command, { minItems: 1, maxItems: 8 }), ...RESTART_TIMING },
          closed,
        ),
      ]),
    ),
  },
  closed,
);
/** See the schema. */
export type AtCmngSection = Static<typeof AtCmngSection>;

/** What the schema cannot see. */
export function checkAtCmngSection(
  profile: DeviceProfile,
  section: AtCmngSection,
  report: ReportMistake,
): void {
  const { identify, model, captures = {}, credentials } = section;
  if (profile.identity.from === 'device' && !identify) {
    report([], 'identify is missing: the hardware id comes from the device');
  }
  if (profile.identity.from === 'programmer') {
    report([], 'this driver has no programmer: identity comes from device or scan');
  }
  if (profile.expect && !model) report([], 'model is missing: the profile expects one');
  if (section.restart === undefined) {
    report([], 'restart is missing: the commands that restart the modem, or false');
  }
  const questions = { identify, model, ...prefixed(captures) };
  for (const [path, question] of Object.entries(questions)) {
    const pattern = question?.pattern === undefined ? undefined : compilePattern(question.pattern);
    if (typeof pattern === 'string') report([...path.split('.'), 'pattern'], pattern);
  }
  const places = new Set<string>();
  credentials.forEach((credential, at) => {
    const { tag, type, value, digestOf } = credential;
    const source = profile.values.get(value);
    if (!source) report(['credentials', at, 'value'], `the profile has no value ${value}`);
    if (type === 'psk' && source?.kind === 'column' && source.format !== 'hex') {
      report(['credentials', at, 'value'], 'a psk is written as hexadecimal text: use :hex');
    }
    if (type === 'psk' && digestOf === undefined) {
      report(['credentials', at], 'digestOf is missing: does the modem digest text or bytes?');
    }
    if (type !== 'psk' && digestOf !== undefined) {
      report(['credentials', at, 'digestOf'], 'is for a psk alone');
    }
    const place = `${tag} ${type}`;
    if (places.has(place)) report(['credentials', at], `tag ${tag} has two of type ${type}`);
    places.add(place);
  });
}

function prefixed(captures: Readonly<Record<string, AtQuestion>>): Record<string, AtQuestion> {
  return Object.fromEntries(
    Object.entries(captures).map(([name, question]) => [`captures.${name}`, question]),
  );
}
