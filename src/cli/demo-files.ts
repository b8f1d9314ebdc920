import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the devices of widgets are told. */
const TEMPLATE = 'values:\n  broker: mqtts://broker.widgets.example\n  topic: meters/{serial}\n';

/** What people of the demo have on their disks: `password`, one that is random for everybody, and `template.yaml`. */
export async function writeDemoFiles(folder: string): Promise<void> {
  const password = randomBytes(18).toString('base64url');
  await writeFile(join(folder, 'password'), `${password}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'template.yaml'), TEMPLATE);
}
