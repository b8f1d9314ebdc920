import type { Role } from '../model/role.ts';
import type { RegistryMachines, RegistryMember } from '../registry/people.ts';
import { saidWhenLost } from './interrupted-request.ts';
import { writeLines } from './secret-lines.ts';

/** A machine and the files that it logs in with. */
export interface SystemAccountFiles {
  readonly clientId: string;
  readonly name: string;
  readonly clientIdFile?: string;
  readonly clientSecretFile: string;
}

/** How files are written. */
interface Writing {
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** Makes a machine’s log-in; both files are 0600. Throws `writeLines`’ codes and those of a problem document. */
export async function addSystemAccount(
  machines: RegistryMachines,
  wanted: {
    readonly name: string;
    readonly roles: readonly Role[];
    /** Ids of lots that a station is given. */
    readonly lots?: readonly string[];
  },
  to: Writing & { readonly idFile: string; readonly secretFile: string },
): Promise<SystemAccountFiles> {
  const { idFile, secretFile, force, signal } = to;
  return await writeLines({ paths: [secretFile, idFile], force, signal }, async () => {
    const { clientId, clientSecret } = await saidWhenLost(
      machines.add(wanted),
      'It may have been made: `keyline registry system list` shows it, and `system rotate` gives it a secret.',
    );
    const files = { clientIdFile: idFile, clientSecretFile: secretFile };
    return {
      answer: { clientId, name: wanted.name, ...files },
      lines: [clientSecret, clientId],
    };
  });
}

/** Another secret for a machine; the old one and its tokens end at once. Throws as `addSystemAccount` does. */
export async function rotateSystemAccount(
  machines: RegistryMachines,
  { id, name }: RegistryMember,
  to: Writing & { readonly secretFile: string },
): Promise<SystemAccountFiles> {
  const { secretFile, force, signal } = to;
  return await writeLines({ paths: [secretFile], force, signal }, async () => {
    const { clientId, clientSecret } = await saidWhenLost(
      machines.rotate(id),
      'The old secret may have ended: rotate again.',
    );
    return {
      answer: { clientId, name, clientSecretFile: secretFile },
      lines: [clientSecret],
    };
  });
}
