// Where everything lies in the kernel's memory, in bytes. The memory never grows, so that views of
// it stay good; the host reads the exported addresses and knows nothing else. Below 4096 lie the
// compiler's static data.

/** What the host hands in: keys, labels. 2 KiB. */
export const INPUT: usize = 0x1000;
export const INPUT_BYTES: usize = 0x800;

// Chaining values, each 8 × v128 with the same word in all lanes.
export const INITIAL: usize = 0x1800;
export const INNER: usize = 0x1880;
export const OUTER: usize = 0x1900;
export const COMMIT: usize = 0x1980;

// What the prepare functions leave for the compressions.
export const INNER_SLOTS: usize = 0x2000;
export const OUTER_SLOTS: usize = 0x2400;
export const COMMIT_SLOTS: usize = 0x2800;
export const BLOCK_SLOTS: usize = 0x2c00;

// Working space of one group of four units: 16 message words, digests, messages.
export const WORDS: usize = 0x3000;
export const SCALARS: usize = 0x3100;
export const INFO: usize = 0x3140;
export const CHAIN: usize = 0x3180;
export const DIGEST: usize = 0x3200;
export const WINDOW: usize = 0x3280;
export const BYTES: usize = 0x3300;
export const MESSAGE: usize = 0x3400;
export const FOLLOWING: usize = 0x3600;
/** Bytes of one lane's message: two blocks. */
export const MESSAGE_BYTES: usize = 128;

/**
 * Units that go through one compression function before the next has its turn. Each function is as
 * large as half of a 32 KiB instruction cache: tiles of 64 made 3 % fewer rows a second, 512 no more.
 */
export const TILE: i32 = 256;
/** Words of a tile between two compressions. */
export const LANES: usize = 0x4000;

// Values of a tile, each in words as the hash left them (little-endian), so that byte i of a value is
// at i ^ 3. 16 bytes are free after each, for vectors read past the last value.
export const SECRETS: usize = 0x8000;
export const KEYS: usize = 0xa100;
export const CODES: usize = 0xb200;
export const DIGESTS: usize = 0xc300;

/** Records that say how a tile's values become text; see text.ts. Nothing from here to ROWS is secret. */
export const STEPS: usize = 0x10000;
export const STEPS_LIMIT: usize = 0x14000;
export const STEP_BYTES: usize = 128;

/** '0000' … '9999', 4 bytes each. */
export const DECIMALS: usize = 0x14000;
/** '00' … 'FF', 2 bytes each. */
export const HEXES: usize = 0x1e000;

/** Rows of text, or results of expand and commit. */
export const ROWS: usize = 0x20000;
export const ROWS_BYTES: usize = 0x400000;
