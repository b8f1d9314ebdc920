/** The part of undici that is used: its own types clash with those of Node's `fetch`, which is an earlier undici. */
declare module 'undici' {
  interface Tls {
    readonly ca?: string;
  }
  interface Dispatcher {
    close(): Promise<void>;
  }
  export class Agent implements Dispatcher {
    constructor(options: { readonly connect: Tls });
    close(): Promise<void>;
  }
  /** CONNECT through `httpProxy` or `httpsProxy`, unless `noProxy` has the host. */
  export class EnvHttpProxyAgent implements Dispatcher {
    constructor(options: {
      readonly httpProxy?: string;
      readonly httpsProxy?: string;
      readonly noProxy: string;
      readonly connect: Tls;
      readonly requestTls: Tls;
    });
    close(): Promise<void>;
  }
  export function fetch(
    url: string,
    init: Omit<RequestInit, 'dispatcher'> & { readonly dispatcher: Dispatcher },
  ): Promise<Response>;
}
