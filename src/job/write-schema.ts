import { jigJsonSchema } from '../device/jig.ts';
import { profileJsonSchema } from '../device/profile.ts';
import { utf8 } from '../kernel/bytes.ts';
import { openWhole, writeWhole } from './write-whole.ts';
import type { WholeOutput } from './write-whole.ts';

/** The JSON Schema by which such files are checked, also written where `to` says. Throws what `openOutput` throws. */
export async function writeSchema(
  kind: 'profile' | 'jig',
  to: WholeOutput | undefined,
): Promise<object> {
  const schema = kind === 'profile' ? profileJsonSchema() : jigJsonSchema();
  if (to) {
    await using output = await openWhole(to, { secret: false });
    await writeWhole(output, utf8(`${JSON.stringify(schema, null, 2)}\n`));
  }
  return schema;
}
