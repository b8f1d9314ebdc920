import { canonicalJson } from '../kernel/canonical-json.ts';
import { KeylineError } from '../kernel/errors.ts';
import { getJson, putJson } from './http-calls.ts';
import type { HttpSession } from './http-client.ts';
import type { RegistryTemplate, RegistryTemplates, TemplateContent } from './templates.ts';

const TEMPLATES = '/v1/templates';

/** Configuration templates by keyline's own HTTP interface. */
export class HttpTemplates implements RegistryTemplates {
  readonly #session: HttpSession;

  constructor(session: HttpSession) {
    this.#session = session;
  }

  async list(): Promise<readonly RegistryTemplate[]> {
    const { items } = await getJson<{ items: RegistryTemplate[] }>(this.#session, TEMPLATES);
    return items;
  }

  show(name: string): Promise<RegistryTemplate> {
    return getJson(this.#session, pathOf(name));
  }

  async set(name: string, content: TemplateContent, after: number): Promise<RegistryTemplate> {
    try {
      return await putJson(this.#session, pathOf(name), { body: content, match: after });
    } catch (error) {
      if (!(error instanceof KeylineError) || error.code !== 'precondition-failed') throw error;
      // The answer to our own request may have been lost.
      const now = await this.show(name);
      const { trustAnchors, values } = now;
      const isOurs =
        now.version === after + 1 &&
        canonicalJson({ trustAnchors, values }) === canonicalJson(content);
      if (isOurs) return now;
      throw error;
    }
  }
}

function pathOf(name: string): string {
  return `${TEMPLATES}/${encodeURIComponent(name)}`;
}
