import { Type } from 'typebox';
import type { Static } from 'typebox';
import { NAME_PATTERN, choice } from './profile-schema.ts';

const closed = { additionalProperties: false } as const;
const pattern = Type.String({ minLength: 1, maxLength: 2048 });
const milliseconds = (maximum: number) => Type.Integer({ minimum: 1, maximum });
const captureName = Type.String({ minLength: 1, maxLength: 64 });

/** One thing said to the console and what has to come of it. */
export const ConsoleStep = Type.Object(
  {
    /** For reasons and logs. */
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    /** A line, with `{placeholder}`s; its end is added. */
    send: Type.Optional(Type.String({ maxLength: 4096 })),
    /** Characters sent as they are, without an end: `"\x03"`. */
    keys: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    /** `keys` again and again until the step ends. */
    everyMs: Type.Optional(milliseconds(60_000)),
    /** Lines that this side drives, set before anything is sent. */
    lines: Type.Optional(
      Type.Object(
        {
          dtr: Type.Optional(Type.Boolean()),
          rts: Type.Optional(Type.Boolean()),
          brk: Type.Optional(Type.Boolean()),
        },
        { ...closed, minProperties: 1 },
      ),
    ),
    pauseMs: Type.Optional(milliseconds(60_000)),
    /** Ends the step in place of the prompt: `login: $`, a banner. */
    until: Type.Optional(pattern),
    /** The output must match. */
    expect: Type.Optional(pattern),
    /** The output must not match. */
    refuse: Type.Optional(pattern),
    /** Name → pattern; its first group, or all of it. It must match, and one text only. */
    capture: Type.Optional(
      Type.Record(Type.String(), pattern, {
        propertyNames: { pattern: NAME_PATTERN },
        minProperties: 1,
        maxProperties: 32,
      }),
    ),
    /** The device says that there is nothing, `''` by no output at all: nothing is captured then. */
    none: Type.Optional(Type.String({ maxLength: 2048 })),
    /** The exit status that the line must end with; 0. */
    status: Type.Optional(Type.Union([Type.Integer(), Type.Literal('any')])),
    /** Sends the line once for each piece of this value, as `{part}`, at `{offset}`. */
    each: Type.Optional(
      Type.Object(
        {
          value: captureName,
          size: Type.Integer({ minimum: 1, maximum: 4096 }),
        },
        closed,
      ),
    ),
    /** Where this line's echo differs from the console's: a password. */
    echo: Type.Optional(choice(['check', 'skip', 'off'])),
    timeoutMs: Type.Optional(milliseconds(600_000)),
    /** The failure's code when the step does not come out as it must. */
    fail: Type.Optional(
      choice(['write-refused', 'not-stored', 'wrong-product', 'garbage', 'blank-id']),
    ),
  },
  closed,
);
export type ConsoleStep = Static<typeof ConsoleStep>;

/** What a captured text must be; exactly one of `equals`, `digest` and `proof`. */
export const ConsoleCheck = Type.Object(
  {
    captured: captureName,
    /** The value itself, read back: `readback`. */
    equals: Type.Optional(captureName),
    /** SHA-256 of the value: `digest`. */
    digest: Type.Optional(captureName),
    /** The device computed it over `{challenge}` with its secret: `proof`. */
    proof: Type.Optional(choice(['hmac-sha256', 'ed25519', 'ecdsa-sha256'])),
    /** The value that checks the proof: the secret's bytes for HMAC, `public_key:der` for signatures. */
    key: Type.Optional(captureName),
    /** How the captured text writes bytes; hex. */
    as: Type.Optional(choice(['hex', 'base64'])),
    /** Whether the proof is over the challenge's 32 bytes or its 64 hexadecimal characters; bytes. */
    over: Type.Optional(choice(['bytes', 'text'])),
  },
  closed,
);
export type ConsoleCheck = Static<typeof ConsoleCheck>;

const steps = Type.Array(ConsoleStep, { minItems: 1, maxItems: 64 });

/** The member `console` of a profile. docs/profiles.md explains each. */
export const ConsoleSection = Type.Object(
  {
    /** The whole last line when the console waits for input. */
    prompt: pattern,
    lineEnd: Type.Optional(choice(['cr', 'lf', 'crlf'])),
    echo: Type.Optional(choice(['check', 'skip', 'off'])),
    quote: choice(['posix', 'u-boot', 'python', 'none']),
    /** How the exit status is had. */
    status: Type.Optional(
      Type.Union([
        choice(['posix', 'u-boot', 'python', 'none']),
        Type.Object({ send: Type.String({ minLength: 1, maxLength: 256 }), pattern }, closed),
      ]),
    ),
    /** Output that is a failure wherever it comes. */
    errors: Type.Optional(Type.Array(pattern, { maxItems: 32 })),
    /** What a restart prints. */
    banner: Type.Optional(pattern),
    /** What ends a half-typed line or a running command; Ctrl-C. */
    interrupt: Type.Optional(Type.String({ minLength: 1, maxLength: 16 })),
    sync: Type.Optional(
      Type.Object(
        {
          /** How often the interrupt is sent until the prompt comes; 500 ms. */
          everyMs: Type.Optional(milliseconds(60_000)),
          /** 5 s; longer where a visit can begin with a restart. */
          timeoutMs: Type.Optional(milliseconds(600_000)),
        },
        closed,
      ),
    ),
    /** Most bytes in a line, its end included. */
    maxLine: Type.Optional(Type.Integer({ minimum: 16, maximum: 65_536 })),
    pace: Type.Optional(
      Type.Object(
        {
          chunk: Type.Integer({ minimum: 1, maximum: 65_536 }),
          gapMs: Type.Optional(milliseconds(1_000)),
        },
        closed,
      ),
    ),
    /** For each step; 5 s. */
    timeoutMs: Type.Optional(milliseconds(600_000)),
    /** Silence after a prompt before it counts, where no status tells; 10 ms. */
    settleMs: Type.Optional(milliseconds(5_000)),
    /** Steps to the prompt when this shows instead of it: a login. */
    login: Type.Optional(Type.Object({ prompt: pattern, steps }, closed)),
    /** At the beginning of each visit. */
    start: Type.Optional(steps),
    identify: Type.Optional(steps),
    model: Type.Optional(steps),
    facts: Type.Optional(steps),
    inspect: Type.Optional(steps),
    write: steps,
    /** What makes the device lose everything that it did not store; run before it is verified. */
    restart: Type.Optional(steps),
    verify: Type.Object(
      { steps, checks: Type.Array(ConsoleCheck, { minItems: 1, maxItems: 32 }) },
      closed,
    ),
  },
  closed,
);
export type ConsoleSection = Static<typeof ConsoleSection>;
