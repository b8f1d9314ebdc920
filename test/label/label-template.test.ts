import { describe, expect, it } from 'vitest';
import { fillTemplate, parseLabelTemplate } from '../../src/label/label-template.ts';

const known = (name: string): true | string => name === 'serial' || `no ${name}`;
const parse = (text: string) => parseLabelTemplate(text, known);

describe('a label’s template', () => {
  it('is filled with a unit’s values, and doubled braces are braces', () => {
    const template = parse('S/N {serial}\r\n\n{{serial}} {{{serial}}}\n');
    expect(fillTemplate(template, { serial: 'A-1' })).toEqual(['S/N A-1', '', '{serial} {A-1}']);
  });

  it.each([
    ['a name that is unknown', 'x\nab {foo}', 2, 4],
    ['an empty name', '{}', 1, 1],
    ['an opening brace alone', 'ab{serial', 1, 3],
    ['a closing brace alone', '{serial}}', 1, 9],
    ['a character that no label has', 'ok\na\u0007', 2, 2],
    ['a line that is too long', 'x'.repeat(201), 1, 201],
    ['too many lines', '\n'.repeat(25), 21, 1],
  ])('is refused with line and column for %s', (_what, text, line, column) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'label-template-invalid', facts: { line, column } }) as Error,
    );
  });
});
