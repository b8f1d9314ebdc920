import { needsOf } from '../derive/row-needs.ts';
import { KeylineError } from '../kernel/errors.ts';
import { fillTemplate, LABEL_PLACEHOLDERS, parseLabelTemplate } from '../label/label-template.ts';
import type { LabelTemplate } from '../label/label-template.ts';
import { openLabelRenderer } from '../label/render-label.ts';
import type { LabelStyle } from '../label/render-label.ts';
import { claimUrl } from '../model/claim-url.ts';
import { parseColumn } from '../model/columns.ts';
import { compileRow } from '../model/compile-row.ts';
import type { Lot } from '../model/lot.ts';
import { createRowRenderer } from '../model/render-row.ts';
import type { Unit, UnitNeeds } from '../model/unit.ts';

/** What a code without a claim says. */
export const LABEL_CONTENTS = ['serial', 'endpoint-key'] as const;
export type LabelContents = (typeof LABEL_CONTENTS)[number];

/** What a person decides about labels. */
export interface LabelChoices {
  readonly style: LabelStyle;
  /** The template's text; serial, model and endpoint key unless given. */
  readonly template?: string | undefined;
  readonly content: LabelContents;
  /** The code says the claim URL instead, and each label is a secret. */
  readonly withClaim: boolean;
}

/** One label, ready to be written. */
export interface MadeLabel {
  readonly index: number;
  readonly serial: string;
  /** The caller's to wipe. */
  readonly bytes: Uint8Array;
}

/** Makes the labels of one lot. */
export interface LabelMaker {
  readonly choices: LabelChoices;
  /** What a unit must come with. */
  readonly needs: UnitNeeds;
  make(unit: Unit): Promise<MadeLabel>;
}

interface UnitTexts {
  readonly index: number;
  readonly serial: string;
  readonly endpointKey: string;
  readonly claimCode?: string;
}

/**
 * Prepares the labels of a lot. Throws `label-template-invalid` for a template that names what these
 * units do not have, `usage` for a claim where the lot has no label URL, before anything is derived.
 */
export async function openLabelMaker(lot: Lot, choices: LabelChoices): Promise<LabelMaker> {
  const { style, withClaim, content } = choices;
  const baseUrl = lot.labelBaseUrl;
  if (withClaim && baseUrl === undefined) {
    throw new KeylineError('usage', {
      message: `lot ${lot.code} has no label URL, with which a claim URL begins`,
      hint: 'A lot gets it when it is made: `keyline lot create --label-url URL`.',
    });
  }
  const template = templateOf(lot, choices);
  const names = ['index', 'serial', 'endpoint_key', ...(withClaim ? ['claim_code'] : [])];
  const columns = names.map((name) => parseColumn(name, lot.scheme));
  const parts = compileRow(lot, { format: 'ndjson', columns });
  const render = createRowRenderer(parts, lot);
  const renderLabel = await openLabelRenderer(style);
  const fixed = fixedValues(lot);
  return {
    choices,
    needs: needsOf(parts),
    async make(unit) {
      const texts = JSON.parse(render(unit)) as UnitTexts;
      const { index, serial, endpointKey, claimCode } = texts;
      const claim = claimCode !== undefined && {
        claimUrl: claimUrl(baseUrl ?? '', endpointKey, claimCode),
        claimCode,
      };
      const values = { ...fixed, index: String(index), serial, endpointKey, ...claim };
      const code = claim ? claim.claimUrl : content === 'serial' ? serial : endpointKey;
      const lines = fillTemplate(template, values);
      return { index, serial, bytes: await renderLabel({ code, lines, remark: serial }) };
    },
  };
}

function templateOf(lot: Lot, { template, withClaim }: LabelChoices): LabelTemplate {
  const usual = ['{serial}', ...(lot.model === undefined ? [] : ['{model}']), '{endpointKey}'];
  const fixed = fixedValues(lot);
  return parseLabelTemplate(template ?? usual.join('\n'), (name) => {
    if (name === 'claimUrl' || name === 'claimCode') {
      return withClaim || `{${name}} is a secret, and needs --with-claim`;
    }
    if (['serial', 'endpointKey', 'index'].includes(name) || Object.hasOwn(fixed, name))
      return true;
    const isKnown = (LABEL_PLACEHOLDERS as readonly string[]).includes(name);
    if (isKnown || name.startsWith('attribute.')) return `lot ${lot.code} has no ${name}`;
    return `there is no placeholder {${name}}`;
  });
}

/** What is the same on every label. */
function fixedValues({ code, lotId, model, attributes = {} }: Lot): Record<string, string> {
  const named = Object.entries(attributes).map(([name, value]) => [`attribute.${name}`, value]);
  return {
    lot: code,
    lotId,
    ...(model !== undefined && { model }),
    ...(Object.fromEntries(named) as Record<string, string>),
  };
}
