import type { Hook, Interfaces } from '@oclif/core';
import suggest from '../../../node_modules/@oclif/plugin-not-found/lib/index.js';
import { KeylineError } from '../../kernel/errors.ts';
import { wantsJson } from '../json.ts';

/** Asks at a terminal whether a similar command was meant; otherwise an unknown command is a usage error. */
export const commandNotFound: Hook.CommandNotFound = async function (options) {
  refuseExtraWords(options);
  const typed = options.id.replaceAll(':', ' ');
  const fail = (): never => {
    throw new KeylineError('usage', {
      message: `there is no command ${JSON.stringify(typed)}`,
      hint: `\`${options.config.bin} help\` lists the commands.`,
    });
  };
  if (!process.stdin.isTTY || wantsJson(process.argv, process.env)) return fail();
  const context = { ...options.context, config: options.config, error: fail };
  return suggest.call(context, options);
};

/** oclif takes words after a command without arguments for a part of its name. */
function refuseExtraWords({ id, config }: { id: string; config: Interfaces.Config }): void {
  const words = id.split(':');
  for (let length = words.length - 1; length > 0; length--) {
    if (!config.findCommand(words.slice(0, length).join(':'))) continue;
    const command = [config.bin, ...words.slice(0, length)].join(' ');
    throw new KeylineError('usage', {
      message: `\`${command}\` takes no argument ${JSON.stringify(words.slice(length).join(' '))}`,
      hint: `\`${command} --help\` shows what it takes.`,
    });
  }
}
