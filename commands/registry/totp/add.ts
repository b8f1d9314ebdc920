import { BaseCommand } from '../../../src/cli/base-command.ts';
import { outputFlags } from '../../../src/cli/flags.ts';
import { presentCode } from '../../../src/cli/login-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { requireSecretPlace } from '../../../src/cli/secret-lines-output.ts';
import { showAuthenticatorKey } from '../../../src/cli/show-authenticator-key.ts';
import { enrolTotp, writeTotpKey } from '../../../src/job/own-access.ts';
import { KeylineError } from '../../../src/kernel/errors.ts';

interface Added {
  readonly isEnrolled: boolean;
  readonly file?: string;
}

export default class RegistryTotpAdd extends BaseCommand {
  static override summary = 'Enrol your authenticator as a second factor';
  static override description =
    'At a terminal the key is shown once, as a QR code and as text, and a code of it is asked for. With -o it goes to a file as an otpauth:// address, and `registry totp confirm` enrols it. From then on `registry login` needs a code.';

  static override examples = [
    '<%= config.bin %> registry totp add -o totp.uri',
    '<%= config.bin %> registry totp add -o totp.uri --force --json',
  ];

  static override flags = { ...outputFlags, ...registryContextFlags };

  async run(): Promise<Added> {
    const { flags } = await this.parse(RegistryTotpAdd);
    const { output: path, force } = flags;
    if (path === undefined && !this.isInteractive) {
      throw new KeylineError('secret-to-terminal', {
        message: 'there is no terminal at which the key could be shown once',
        hint: 'Write it to a file with -o FILE, then enrol it with `keyline registry totp confirm`.',
      });
    }
    requireSecretPlace(this, path === undefined ? [] : [path]);
    const { signal } = this;
    const { registry } = await openRegistryFor(this, flags);
    if (path !== undefined) {
      await writeTotpKey(registry, { paths: [path], force, signal });
      const next =
        'Give it to your authenticator, then: keyline registry totp confirm --code DIGITS';
      if (path !== '-') this.print(`The key is in ${path}, for its owner only.\n${next}`);
      return { isEnrolled: false, file: path };
    }
    await enrolTotp(registry, {
      show: showAuthenticatorKey,
      code: () => presentCode(this, undefined),
    });
    this.print('Your authenticator is enrolled: a log-in needs its code from now on.');
    return { isEnrolled: true };
  }
}
