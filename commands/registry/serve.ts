import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { countFlag } from '../../src/cli/flags.ts';
import { registryFlags } from '../../src/cli/registry-flags.ts';
import type { ServedAddresses } from '../../src/service/run-service.ts';

export default class RegistryServe extends BaseCommand {
  static override summary = 'Serve a registry until Ctrl-C';
  static override description =
    'One process is enough for SQLite; on PostgreSQL any number share a database. The log is one JSON object a line on standard error. With --json the addresses are {"listening"} on a line as soon as it listens, and the last line ends it.';

  static override examples = [
    '<%= config.bin %> registry serve --listen 127.0.0.1:0 --for 1',
    '<%= config.bin %> registry serve --database registry.sqlite --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --for 1',
  ];

  static override flags = {
    ...registryFlags,
    listen: Flags.string({
      helpValue: 'HOST:PORT',
      default: '127.0.0.1:8080',
      summary: 'Where the API is.',
    }),
    'admin-listen': Flags.string({
      helpValue: 'HOST:PORT',
      summary: 'Where metrics are; nowhere unless given.',
    }),
    'tls-cert': Flags.string({ helpValue: 'FILE', summary: 'Certificate chain, PEM.' }),
    'tls-key': Flags.string({ helpValue: 'FILE', summary: 'Its private key, PEM.' }),
    'insecure-http': Flags.boolean({ summary: 'Plain HTTP beyond this machine.' }),
    'public-url': Flags.string({ helpValue: 'URL', summary: 'How others name this registry.' }),
    'trust-proxy': Flags.string({
      helpValue: 'ADDRESS,…',
      summary: 'Proxies whose X-Forwarded-For is believed.',
    }),
    'log-level': Flags.option({ options: ['error', 'warn', 'info', 'debug'], default: 'info' })({
      summary: 'What is logged.',
    }),
    for: countFlag({ helpValue: 'SECONDS', summary: 'End after so many seconds.' }),
  };

  protected override jsonIndent = 0;

  async run(): Promise<ServedAddresses | undefined> {
    const { flags } = await this.parse(RegistryServe);
    const { runService } = await import('../../src/service/run-service.ts');
    const { database, listen, for: seconds } = flags;
    const ends = seconds === undefined ? [] : [AbortSignal.timeout(seconds * 1_000)];
    const choices = {
      ...{ database, listen, version: this.config.version, logLevel: flags['log-level'] },
      masterKeyFile: flags['master-key-file'],
      adminListen: flags['admin-listen'],
      tlsCert: flags['tls-cert'],
      tlsKey: flags['tls-key'],
      insecureHttp: flags['insecure-http'],
      publicUrl: flags['public-url'],
      trustProxy: flags['trust-proxy'],
    };
    let listening: ServedAddresses | undefined;
    await runService(choices, {
      signal: AbortSignal.any([this.signal, ...ends]),
      logTo: { write: (line) => void process.stderr.write(line) },
      onReady: (addresses) => {
        listening = addresses;
        const { url, adminUrl } = addresses;
        this.printEarly([url, ...(adminUrl ? [adminUrl] : [])].join('\n'), { listening });
      },
    });
    return listening;
  }
}
