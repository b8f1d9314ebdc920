import { KeylineError } from '../kernel/errors.ts';

/**
 * A registry's address without a slash at its end. Throws `usage` for what is none, and `plain-http`
 * where the token would be readable on its way beyond this machine.
 */
export function parseRegistryUrl(text: string, insecureHttp = false): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && ['http:', 'https:'].includes(url.protocol) && url.username === '';
  if (!url || !isPlain || url.search !== '' || url.hash !== '') {
    // A name and a password in it are not said back.
    const what = text.includes('@') ? 'this' : JSON.stringify(text);
    throw new KeylineError('usage', {
      message: `${what} is no address of a registry`,
      hint: 'An address is https://HOST, or http://127.0.0.1:PORT on this machine.',
    });
  }
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol === 'http:' && !isLocal && !insecureHttp) {
    throw new KeylineError('plain-http', {
      message: 'the token would travel readable',
      hint: 'Give an https:// address, or say --insecure-http.',
    });
  }
  return url.href.replace(/\/+$/, '');
}
