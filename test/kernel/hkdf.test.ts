import { expect, test } from 'vitest';
import { toHex } from '../../src/kernel/bytes.ts';
import { expand } from '../../src/kernel/hkdf.ts';
import { Secret } from '../../src/kernel/secret.ts';

/** RFC 5869 appendix A.1 and A.2: pseudorandom key, info and output of the expand step. */
const RFC_5869 = [
  {
    prk: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
    info: 'f0f1f2f3f4f5f6f7f8f9',
    okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    prk: '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
    info: Array.from({ length: 80 }, (_, i) => (0xb0 + i).toString(16)).join(''),
    okm: 'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
];

test.each(RFC_5869)('expand gives the output of RFC 5869 appendix A', ({ prk, info, okm }) => {
  using key = Secret.take(Uint8Array.from(Buffer.from(prk, 'hex')));
  using output = expand(key, Uint8Array.from(Buffer.from(info, 'hex')), okm.length / 2);
  expect(output.use(toHex)).toBe(okm);
});
