import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { ReportMistake } from '../driver.ts';
import { compilePattern } from '../pattern.ts';
import type { DeviceProfile } from '../profile-model.ts';
import { choice, NAME_PATTERN } from '../schema/profile-schema.ts';
import { RESTART_TIMING } from './restart.ts';
import { SMP_LONGEST_SETTING } from './smp-commands.ts';

const closed = { additionalProperties: false } as const;
const milliseconds = (maximum: number) => Type.Integer({ minimum: 1, maximum });
const setting = Type.String({ minLength: 1, maxLength: SMP_LONGEST_SETTING });
const file = Type.String({ pattern: '^/', maxLength: 64 });
const argv = Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
  minItems: 1,
  maxItems: 16,
});

/** Something that a device is asked; exactly one of `setting`, `file`, `info` and `shell`. */
export const SmpQuestion = Type.Object(
  {
    setting: Type.Optional(setting),
    file: Type.Optional(file),
    /** Letters of the os group's info command: `n` node, `v` version, `i` hardware platform. */
    info: Type.Optional(Type.String({ minLength: 1, maxLength: 16 })),
    shell: Type.Optional(argv),
    /** The answer must match; its first group, or all of the match, is what was asked for. */
    pattern: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    /** How bytes of a setting or a file become text; text. */
    as: Type.Optional(choice(['text', 'hex'])),
  },
  closed,
);
/** See the schema. */
export type SmpQuestion = Static<typeof SmpQuestion>;

/** Where one value goes; exactly one of `setting` and `file`. */
export const SmpTarget = Type.Object(
  {
    value: Type.String({ pattern: NAME_PATTERN }),
    setting: Type.Optional(setting),
    file: Type.Optional(file),
  },
  closed,
);
/** See the schema. */
export type SmpTarget = Static<typeof SmpTarget>;

/** The member `smp` of a profile. */
export const SmpSection = Type.Object(
  {
    /** For each answer; 2 s. */
    timeoutMs: Type.Optional(milliseconds(60_000)),
    /** How often a request is sent that gets no answer; 3. */
    attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
    identify: Type.Optional(SmpQuestion),
    model: Type.Optional(SmpQuestion),
    captures: Type.Optional(
      Type.Record(Type.String(), SmpQuestion, {
        propertyNames: { pattern: NAME_PATTERN },
        minProperties: 1,
        maxProperties: 32,
      }),
    ),
    /** What tells which credential is held: the endpoint key itself, or a file's SHA-256. */
    inspect: Type.Optional(
      Type.Object(
        { endpointKey: Type.Optional(SmpQuestion), digest: Type.Optional(file) },
        { ...closed, minProperties: 1, maxProperties: 1 },
      ),
    ),
    /** In this order; settings are committed and saved after the last one. */
    write: Type.Array(SmpTarget, { minItems: 1, maxItems: 64 }),
    /** Whether settings are committed before they are saved; true. */
    commit: Type.Optional(Type.Boolean()),
    /** Before what was written is read: what is not saved must be gone by then. */
    restart: Type.Optional(Type.Union([Type.Literal(false), Type.Object(RESTART_TIMING, closed)])),
  },
  closed,
);
/** See the schema. */
export type SmpSection = Static<typeof SmpSection>;

const SOURCES = ['setting', 'file', 'info', 'shell'] as const;

/** What the schema cannot see. */
export function checkSmpSection(
  profile: DeviceProfile,
  section: SmpSection,
  report: ReportMistake,
): void {
  const { identify, model, captures = {}, inspect, write } = section;
  if (profile.identity.from === 'device' && !identify) {
    report([], 'identify is missing: the hardware id comes from the device');
  }
  if (profile.identity.from === 'programmer') {
    report([], 'this driver has no programmer: identity comes from device or scan');
  }
  if (profile.expect && !model) report([], 'model is missing: the profile expects one');
  if (identify) checkQuestion(identify, ['identify'], report);
  if (model) checkQuestion(model, ['model'], report);
  for (const [name, question] of Object.entries(captures)) {
    checkQuestion(question, ['captures', name], report);
  }
  if (inspect?.endpointKey) checkQuestion(inspect.endpointKey, ['inspect', 'endpointKey'], report);
  const places = new Set<string>();
  write.forEach((target, at) => {
    const { value, setting: name, file: path } = target;
    if (!profile.values.has(value)) {
      report(['write', at, 'value'], `the profile has no value ${value}`);
    }
    if ((name === undefined) === (path === undefined)) {
      report(['write', at], 'needs either setting or file');
    }
    const place = name ?? path ?? '';
    if (places.has(place)) report(['write', at], `${place} is written twice`);
    places.add(place);
  });
}

function checkQuestion(
  question: SmpQuestion,
  path: readonly (string | number)[],
  report: ReportMistake,
): void {
  const given = SOURCES.filter((source) => question[source] !== undefined);
  if (given.length !== 1) report(path, `needs one of ${SOURCES.join(', ')}`);
  if (question.pattern === undefined) return;
  const pattern = compilePattern(question.pattern);
  if (typeof pattern === 'string') report([...path, 'pattern'], pattern);
}
