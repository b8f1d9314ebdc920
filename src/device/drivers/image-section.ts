import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { utf8 } from '../../kernel/bytes.ts';
import type { ReportMistake } from '../driver.ts';
import { compilePattern } from '../pattern.ts';
import type { DeviceProfile } from '../profile-model.ts';
import { choice, NAME_PATTERN } from '../schema/profile-schema.ts';
import { buildImage } from './image-build.ts';

const closed = { additionalProperties: false } as const;
const pattern = Type.String({ minLength: 1, maxLength: 2048 });
const valueName = Type.String({ pattern: NAME_PATTERN });
const address = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });
const sizeBytes = Type.Integer({ minimum: 1, maximum: 16 * 1024 * 1024 });

/** One run of the programmer. */
export const ProgrammerStep = Type.Object(
  {
    /** Program and arguments with `{port}`, `{baud}`, `{image}`, `{script}` and `{readback}` in them. */
    argv: Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), { minItems: 1, maxItems: 64 }),
    /** The output must match, and the exit status be 0. */
    success: pattern,
    /** The output must not match; by default words such as error, fatal and failed. */
    failure: Type.Optional(pattern),
    /** A command file for programmers that take one, as `{script}`. */
    script: Type.Optional(Type.String({ minLength: 1, maxLength: 16_384 })),
    /** 60 s. */
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 600_000 })),
  },
  closed,
);
/** See the schema. */
export type ProgrammerStep = Static<typeof ProgrammerStep>;

const NvsEntryOf = Type.Object(
  {
    namespace: Type.String({ minLength: 1, maxLength: 15 }),
    key: Type.String({ minLength: 1, maxLength: 15 }),
    type: choice(['string', 'blob', 'u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64']),
    /** For string and blob. */
    value: Type.Optional(valueName),
    /** For the others. */
    number: Type.Optional(Type.Integer()),
  },
  closed,
);
/** See the schema. */
export type NvsEntryOf = Static<typeof NvsEntryOf>;

const Field = Type.Object(
  {
    /** From the image's begin. */
    offset: Type.Integer({ minimum: 0 }),
    value: valueName,
    /** Room for the value; what it does not take is 0. Without it the value takes what it needs. */
    sizeBytes: Type.Optional(sizeBytes),
  },
  closed,
);
const fields = Type.Array(Field, { minItems: 1, maxItems: 64 });
const fill = Type.Optional(Type.Integer({ minimum: 0, maximum: 255 }));

/** The per-device data image; `format` decides which members it has. */
export const ImageFile = Type.Union([
  Type.Object(
    {
      format: Type.Literal('esp-nvs'),
      sizeBytes,
      version: Type.Optional(Type.Union([Type.Literal(1), Type.Literal(2)])),
      entries: Type.Array(NvsEntryOf, { minItems: 1, maxItems: 256 }),
    },
    closed,
  ),
  Type.Object({ format: Type.Literal('raw'), sizeBytes, fill, fields }, closed),
  Type.Object({ format: Type.Literal('intel-hex'), sizeBytes, fill, address, fields }, closed),
  Type.Object(
    {
      format: Type.Literal('uf2'),
      sizeBytes,
      fill,
      address,
      familyId: Type.Optional(address),
      fields,
    },
    closed,
  ),
]);
/** See the schema. */
export type ImageFile = Static<typeof ImageFile>;

/** The member `image` of a profile. */
export const ImageSection = Type.Object(
  {
    file: ImageFile,
    /** Its `success` finds what is asked for: the first group, or all of the match; so for the next two. */
    identify: Type.Optional(ProgrammerStep),
    model: Type.Optional(ProgrammerStep),
    captures: Type.Optional(
      Type.Record(Type.String(), ProgrammerStep, {
        propertyNames: { pattern: NAME_PATTERN },
        minProperties: 1,
        maxProperties: 32,
      }),
    ),
    /** Reads the image's place back into `{readback}`, to see whether it is blank or whose it is. */
    inspect: Type.Optional(ProgrammerStep),
    write: Type.Array(ProgrammerStep, { minItems: 1, maxItems: 8 }),
    /** Compares what is in the device with `{image}`. */
    verify: Type.Array(ProgrammerStep, { minItems: 1, maxItems: 8 }),
  },
  closed,
);
/** See the schema. */
export type ImageSection = Static<typeof ImageSection>;

const PLACEHOLDERS = ['port', 'baud', 'image', 'script', 'readback'];

/** What the schema cannot see. */
export function checkImageSection(
  profile: DeviceProfile,
  section: ImageSection,
  report: ReportMistake,
): void {
  const { file, identify, model, captures = {}, inspect, write, verify } = section;
  const { from } = profile.identity;
  if (from === 'device') report([], 'identity comes from programmer or scan with this driver');
  if (from === 'programmer' && !identify) {
    report([], 'identify is missing: the hardware id comes from the programmer');
  }
  if (profile.expect && !model) report([], 'model is missing: the profile expects one');
  const steps: [path: (string | number)[], step: ProgrammerStep | undefined][] = [
    [['identify'], identify],
    [['model'], model],
    ...Object.entries(captures).map(([name, step]): [string[], ProgrammerStep] => [
      ['captures', name],
      step,
    ]),
    [['inspect'], inspect],
    ...write.map((step, at): [(string | number)[], ProgrammerStep] => [['write', at], step]),
    ...verify.map((step, at): [(string | number)[], ProgrammerStep] => [['verify', at], step]),
  ];
  for (const [path, step] of steps) if (step) checkStep(step, path, report);
  for (const [name, list] of Object.entries({ write, verify })) {
    if (!list.some((step) => uses(step, 'image'))) report([name], 'no step uses {image}');
  }
  if (inspect && !uses(inspect, 'readback')) report(['inspect'], 'does not use {readback}');
  checkFile(profile, file, report);
}

function checkStep(
  step: ProgrammerStep,
  path: readonly (string | number)[],
  report: ReportMistake,
): void {
  for (const name of ['success', 'failure'] as const) {
    const source = step[name];
    const compiled = source === undefined ? undefined : compilePattern(source);
    if (typeof compiled === 'string') report([...path, name], compiled);
  }
  for (const text of [...step.argv, step.script ?? '']) {
    for (const [, name = ''] of text.matchAll(/\{([a-z]+)\}/g)) {
      if (!PLACEHOLDERS.includes(name)) {
        // Values never: other users of the machine see a program's arguments.
        report(path, `there is no {${name}}: only ${PLACEHOLDERS.join(', ')}`);
      }
    }
  }
  if (step.argv.some((text) => text.includes('{script}')) && step.script === undefined) {
    report(path, 'uses {script} and has no script');
  }
}

/** A dry run with values of one byte shows every mistake that does not depend on the values. */
function checkFile(profile: DeviceProfile, file: ImageFile, report: ReportMistake): void {
  const list = file.format === 'esp-nvs' ? file.entries : file.fields;
  const member = file.format === 'esp-nvs' ? 'entries' : 'fields';
  list.forEach(({ value }, at) => {
    if (value !== undefined && !profile.values.has(value)) {
      report(['file', member, at, 'value'], `the profile has no value ${value}`);
    }
  });
  try {
    buildImage(file, () => utf8('x'));
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    report(['file'], error.message);
  }
}

function uses(step: ProgrammerStep, name: string): boolean {
  const texts = [...step.argv, step.script ?? ''];
  return texts.some((text) => text.includes(`{${name}}`));
}
