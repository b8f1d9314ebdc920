import { readFile } from 'node:fs/promises';

/**
 * Lets the bundle hold only that part of oclif which a command needs on its way: whole, 370 kB are
 * parsed and 70 modules run before the first line of a command (65 ms); so, a third of it.
 */
export const leanOclif = {
  name: 'lean-oclif',
  setup(build) {
    build.onResolve({ filter: /^@oclif\/core$/ }, ({ importer }) => ({
      path: importer.includes('plugin-') ? 'with help' : 'without help',
      namespace: 'oclif-facade',
    }));
    build.onLoad({ filter: /.*/, namespace: 'oclif-facade' }, ({ path }) => ({
      contents: path === 'with help' ? FACADE + HELP_FACADE : FACADE,
      resolveDir: import.meta.dirname,
    }));
    build.onResolve({ filter: STAND_IN_NAMES }, ({ path, importer }) =>
      importer.includes('@oclif') ? { path, namespace: 'stand-in' } : undefined,
    );
    // Its own copy of the prompts would bring half a megabyte of character sets.
    build.onResolve({ filter: /^@inquirer\/prompts$/ }, ({ importer, kind }) =>
      importer.includes('plugin-')
        ? build.resolve('@inquirer/prompts', { kind, resolveDir: import.meta.dirname })
        : undefined,
    );
    build.onResolve({ filter: /^wrap-ansi$/ }, ({ path, importer }) =>
      importer.includes('/errors/') ? { path, namespace: 'stand-in' } : undefined,
    );
    build.onResolve({ filter: /^\.\/handle$/ }, ({ path }) => ({ path, namespace: 'stand-in' }));
    build.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({
      contents: STAND_INS[path],
      resolveDir: import.meta.dirname,
    }));
    build.onLoad({ filter: /@oclif\/core\/lib\/.*\.js$/ }, async ({ path }) => ({
      contents: requireLate(loadHelpLate(takeShortCuts(path, await readFile(path, 'utf8')))),
    }));
    // Recipients of other kinds than X25519 are refused before these would be used.
    build.onResolve({ filter: /^@noble\/(?:post-quantum\/hybrid|curves\/nist)\.js$/ }, (found) =>
      found.importer.includes('age-encryption')
        ? { path: found.path, namespace: 'other-recipients' }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'other-recipients' }, () => ({
      contents: OTHER_RECIPIENTS,
    }));
    // `Response` loads all of node's fetch, 40 ms, to collect a stream.
    build.onLoad({ filter: /age-encryption\/dist\/io\.js$/ }, async ({ path }) => ({
      contents:
        AGE_CONSUMERS + (await readFile(path, 'utf8')).replaceAll(AGE_RESPONSE, '$1(stream)'),
    }));
  },
};

const OTHER_RECIPIENTS = `
  const none = new Proxy({}, { get() { throw new Error('only X25519'); } });
  export { none as MLKEM768P256, none as MLKEM768X25519, none as p256 };`;
const AGE_CONSUMERS = `import { arrayBuffer, text } from 'node:stream/consumers';\n`;
const AGE_RESPONSE = /new Response\(stream\)\.(arrayBuffer|text)\(\)/g;

// The package's index.js runs every module of it.
const FACADE = `
  export * as Args from '@oclif/core/args';
  export * as Errors from '@oclif/core/errors';
  export * as Flags from '@oclif/core/flags';
  export { Command } from '@oclif/core/command';
  export { Config, Plugin } from '@oclif/core/config';
  export { run } from '@oclif/core/run';
  export { settings } from '@oclif/core/settings';
`;
const HELP_FACADE = `
  export { loadHelpClass } from '@oclif/core/help';
  export { toConfiguredId } from '@oclif/core/util/ids';
  export { ux } from '@oclif/core/ux';
`;

/** What takes the place of a package that oclif imports, and why that is enough here. */
const STAND_INS = {
  // Finds commands where there is no manifest; the build makes one.
  tinyglobby: `exports.glob = () => Promise.reject(new Error('oclif.manifest.json is missing'));`,
  // Chooses plugins by pattern; there are none.
  minimatch: `exports.minimatch = (text, pattern) => text === pattern;`,
  // Looks for oclif's configuration outside package.json.
  lilconfig: `exports.lilconfig = () => ({ search: () => Promise.resolve(undefined) });`,
  // Checks oclif's own engine; package.json has a stricter one.
  semver: `exports.satisfies = () => true;`,
  // DEBUG=* would print arguments; KEYLINE_DEBUG is the way to look inside.
  debug: `module.exports = () => () => undefined;`,
  'wsl-utils': `exports.isWsl = false; exports.powerShellPath = async () => 'powershell.exe';`,
  'cli-spinners': `const dots = { interval: 80, frames: [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'] }; module.exports = { dots, dots2: dots, line: dots };`,
  // Prints an error and its help; src/cli/main.ts does that here.
  './handle': `exports.handle = undefined;`,
  // Wraps oclif's own printing of an error, which is not used; help texts have the real one.
  'wrap-ansi': `module.exports = (text) => text;`,
  // Templates of help texts: <%= config.bin %> and the like.
  ejs: `exports.render = (template, context) =>
    template.replace(/<%[-=]\\s*([\\w.]+)\\s*%>/g, (_, path) =>
      String(path.split('.').reduce((value, key) => value?.[key], context) ?? ''));
    exports.default = exports;`,
};
const STAND_IN_NAMES =
  /^(?:tinyglobby|minimatch|lilconfig|semver|debug|wsl-utils|cli-spinners|ejs)$/;

/** The help class is loaded when help is shown. */
function loadHelpLate(source) {
  return source.replace(
    /(const help_1 = )require\("\.\/help"\);/,
    `$1{ ...require("./help/util"), loadHelpClass: async (config) => (await import("./help/index.js")).default.loadHelpClass(config) };`,
  );
}

/** What in oclif costs a command milliseconds and gives it nothing. */
const SHORT_CUTS = [
  // The first collation of a process loads its tables, 6 ms.
  ['config/plugin.js', 'a.id.localeCompare(b.id)', '(a.id < b.id ? -1 : 1)'],
  // Reads every file again for the command, lest its oclif be another; there is one.
  ['config/config.js', 'if (isConfig(opts)) {', 'if (isConfig(opts)) { return opts;'],
  // Looks for a theme.json of the user's; nothing here has colours.
  ['config/config.js', 'this.theme = await this.loadTheme();', ''],
  // The stand-in is not worth a file of its own.
  ['util/os.js', "await import('wsl-utils')", "require('wsl-utils')"],
];

/** Throws where oclif is no longer as the short cuts know it. */
function takeShortCuts(path, source) {
  const file = path.replaceAll('\\', '/');
  return SHORT_CUTS.filter(([name]) => file.endsWith(`/lib/${name}`)).reduce(
    (text, [, from, to]) => {
      if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
      return text.replaceAll(from, to);
    },
    source,
  );
}

/** `const x_1 = require(…)` runs the module when `x_1` is first used. */
function requireLate(source) {
  const names = [];
  const declared = source.replace(
    /^(?:const|var) (\w+_\d+) = ((?:__import(?:Default|Star)\()?require\("[^"]+"\)\)?);$/gm,
    (_, name, expression) => {
      names.push(name);
      return `let ${name}$; const ${name}$get = () => (${name}$ ??= ${expression});`;
    },
  );
  return names.reduce(
    (text, name) =>
      text.replace(new RegExp(`(?<![\\w$.])${name}(?![\\w$])`, 'g'), `(${name}$get())`),
    declared,
  );
}
