import type { Selectable } from 'kysely';
import { KeylineError } from '../../kernel/errors.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { Device } from './devices.ts';
import { newId } from './new-id.ts';
import type { Change, Reader } from './store.ts';
import type { Tables } from './tables.ts';

export type ConfigTemplate = Readonly<Selectable<Tables['configTemplates']>>;

/** What a template holds, as its row's JSON. */
export interface TemplateBody {
  /** SHA-256 of public keys (SPKI) that the device is to trust, hexadecimal. */
  readonly trustAnchors: readonly string[];
  /** JSON whose texts may have device fields in braces. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** For devices of every model that has no template of its own. */
export const DEFAULT_TEMPLATE = 'default';

/** What a waiting device of the account is woken by when one of its templates changes. */
export function templatesOf(accountId: string): string {
  return `templates of ${accountId}`;
}

/**
 * Makes the next version of the account's template `name`, a device model or `default`. `after` is the
 * version it was decided on, 0 for a new name. Throws `precondition-failed`.
 */
export async function putTemplate(
  change: Change,
  wanted: { readonly accountId: string; readonly name: string; readonly after: number },
  body: TemplateBody,
): Promise<ConfigTemplate> {
  const { accountId, name, after } = wanted;
  const newest = await findTemplate(change.db, accountId, name);
  if ((newest?.templateVersion ?? 0) !== after) throw changed();
  const template: ConfigTemplate = {
    ...{ id: newId('ct', change.at), accountId, name, templateVersion: after + 1 },
    body: JSON.stringify(body),
    createdAt: change.at,
    version: 1,
  };
  const inserted = await change.db
    .insertInto('configTemplates')
    .values(template)
    .onConflict((conflict) =>
      conflict.columns(['accountId', 'name', 'templateVersion']).doNothing(),
    )
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows !== 1n) throw changed();
  const data = { templateVersion: template.templateVersion };
  change.record({ accountId, type: 'template.changed', subject: template.id, data });
  change.wake(templatesOf(accountId));
  return template;
}

/** The newest version of the account's template with this name, or undefined. */
export async function findTemplate(
  db: Reader,
  accountId: string,
  name: string,
): Promise<ConfigTemplate | undefined> {
  return await db
    .selectFrom('configTemplates')
    .selectAll()
    .where('accountId', '=', accountId)
    .where('name', '=', name)
    .orderBy('templateVersion', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The newest version of each of the account's templates, by name. */
export async function listTemplates(db: Reader, accountId: string): Promise<ConfigTemplate[]> {
  return await db
    .selectFrom('configTemplates as t')
    .selectAll()
    .where('accountId', '=', accountId)
    .where('templateVersion', '=', (eb) =>
      eb
        .selectFrom('configTemplates as newer')
        .select(({ fn }) => fn.max('newer.templateVersion').as('newest'))
        .where('newer.accountId', '=', accountId)
        .whereRef('newer.name', '=', 't.name'),
    )
    .orderBy('name')
    .execute();
}

/** The template for each device, by device: its model's, else its account's default; one that has none is left out. */
export async function templatesFor(
  db: Reader,
  devices: readonly Pick<Device, 'id' | 'accountId' | 'model'>[],
): Promise<ReadonlyMap<string, ConfigTemplate>> {
  const templates = new Map<string, ConfigTemplate>();
  const kinds = groupBy(devices, ({ accountId, model }) => JSON.stringify([accountId, model]));
  for (const alike of kinds.values()) {
    const { accountId = '', model = null } = alike[0] ?? {};
    const template = await templateFor(db, accountId, model);
    if (template) for (const { id } of alike) templates.set(id, template);
  }
  return templates;
}

async function templateFor(
  db: Reader,
  accountId: string,
  model: string | null,
): Promise<ConfigTemplate | undefined> {
  const own = model === null ? undefined : await findTemplate(db, accountId, model);
  return own ?? (await findTemplate(db, accountId, DEFAULT_TEMPLATE));
}

function changed(): KeylineError {
  return new KeylineError('precondition-failed', { message: 'the template changed' });
}
