import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { memberOf } from '../auth/caller.ts';
import { sendVersion, versionToMatch } from '../http/etag.ts';
import { RequestInvalid } from '../http/problem.ts';
import { DEVICE_FIELDS, unknownFields } from '../keys/fill-template.ts';
import type { App, Service } from '../service.ts';
import { findTemplate, listTemplates, putTemplate } from '../store/config-templates.ts';
import type { ConfigTemplate } from '../store/config-templates.ts';
import { Digest } from './device-state.ts';

const closed = { additionalProperties: false } as const;
const content = {
  trustAnchors: Type.Array(Digest, { maxItems: 16, description: 'SHA-256 of SPKIs.' }),
  values: Type.Record(Type.String(), Type.Unknown(), {
    description: `JSON; its texts may have ${DEVICE_FIELDS.map((name) => `{${name}}`).join(', ')}.`,
  }),
};
const TemplateContent = Type.Object(content, closed);
const TemplateView = Type.Object(
  { name: Type.String(), version: Type.Integer(), ...content, createdAt: Type.String() },
  closed,
);
const Params = Type.Object({ name: Type.String({ pattern: '^[\\w.-]{1,64}$' }) }, closed);

const BODY_LIMIT = 32 * 1024;

/** What an account's devices are configured with: by model, or `default`; versions only go up. */
export function templateRoutes(app: App, { store }: Service): void {
  const tags = ['configuration'];
  const config = { access: 'config:read' } as const;
  app.get(
    '/v1/templates',
    {
      config,
      schema: {
        tags,
        response: { 200: Type.Object({ items: Type.Array(TemplateView) }, closed) },
      },
    },
    async (request) => {
      const templates = await listTemplates(store.reader, memberOf(request).accountId);
      return { items: templates.map(toTemplateView) };
    },
  );
  app.get(
    '/v1/templates/:name',
    { config, schema: { tags, params: Params, response: { 200: TemplateView } } },
    async (request, reply) => {
      const { accountId } = memberOf(request);
      const template = await findTemplate(store.reader, accountId, request.params.name);
      if (!template) {
        throw new KeylineError('object-unknown', { message: 'there is no such template' });
      }
      sendVersion(reply, template.templateVersion);
      return toTemplateView(template);
    },
  );
  app.put(
    '/v1/templates/:name',
    {
      config: { access: 'config:manage' },
      bodyLimit: BODY_LIMIT,
      schema: { tags, params: Params, body: TemplateContent, response: { 200: TemplateView } },
    },
    async (request, reply) => {
      const { accountId, principalId: actor } = memberOf(request);
      const isNew = request.headers['if-match'] === '"0"';
      const after = isNew ? 0 : versionToMatch(request);
      const issues = unknownFields(request.body.values).map((name) => ({
        pointer: '/values',
        code: 'unknown-field',
        detail: `no device has a field {${name}}`,
      }));
      if (issues.length > 0) throw new RequestInvalid(issues);
      const wanted = { accountId, name: request.params.name, after };
      const origin = { actor, requestId: request.id };
      const template = await store.change(origin, (change) =>
        putTemplate(change, wanted, request.body),
      );
      sendVersion(reply, template.templateVersion);
      return toTemplateView(template);
    },
  );
}

function toTemplateView(template: ConfigTemplate): Static<typeof TemplateView> {
  const { name, templateVersion: version, body, createdAt } = template;
  return { name, version, createdAt, ...(JSON.parse(body) as Static<typeof TemplateContent>) };
}
