import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { fieldData } from '../../src/label/label-zpl.ts';
import { openLabelRenderer } from '../../src/label/render-label.ts';
import type { LabelStyle } from '../../src/label/render-label.ts';
import { readDataMatrix, readPng, readQr, readSvg, readZpl } from './read-label.ts';
import type { Picture } from './read-label.ts';

// The library of codes is 2 MB of source: the first label on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const URL_TEXT = 'https://registry.example.com/c/ek_jdph92bz02ma4ce83cz5v401w8#0123456789abcdef';
const LINES = ['ACME-A1-00000041', 'M7', 'ek_jdph92bz02ma4ce83cz5v401w8'];
const STYLE: LabelStyle = { code: 'qr', format: 'png', widthMm: 50, heightMm: 25, dpi: 300 };

async function render(style: Partial<LabelStyle>, code: string, lines = LINES) {
  const label = await openLabelRenderer({ ...STYLE, ...style });
  return Buffer.from(await label({ code, lines, remark: 'ACME-A1-00000041' }));
}

const PICTURES = {
  png: (bytes: Buffer): Picture => readPng(bytes),
  svg: (bytes: Buffer): Picture => readSvg(bytes.toString()),
  zpl: (bytes: Buffer): Picture => readZpl(bytes.toString()),
};

describe.each(['svg', 'png', 'zpl'] as const)('a label as %s', (format) => {
  it('has a QR code that another’s decoder reads', async () => {
    for (const text of [URL_TEXT, 'ACME-A1-00000041', 'a/b+c:d 1']) {
      expect(readQr(PICTURES[format](await render({ format }, text)))).toBe(text);
    }
  });

  it('has a Data Matrix that another’s decoder reads', async () => {
    const style = { format, code: 'datamatrix', dpi: 600, heightMm: 30, widthMm: 30 } as const;
    for (const text of [URL_TEXT, 'ACME-A1-00000041']) {
      expect(readDataMatrix(PICTURES[format](await render(style, text)))).toBe(text);
    }
  });

  it('is as great as it was to be', async () => {
    const { width, height } = PICTURES[format](await render({ format, dpi: 203 }, 'x'));
    expect([width, height]).toEqual([400, 200]);
  });
});

describe('codes', () => {
  it('of any serial are read back as they were', async () => {
    const serials = fc.stringMatching(/^[A-Za-z0-9_.:/+-]{1,40}$/);
    await fc.assert(
      fc.asyncProperty(serials, async (serial) => {
        expect(readQr(readPng(await render({}, serial, [])))).toBe(serial);
      }),
      { numRuns: 25 },
    );
  });

  it('keep their quiet zone free, text and all', async () => {
    const { width, height, dots } = readPng(await render({}, URL_TEXT));
    const rows = Array.from({ length: height }, (_, y) =>
      dots.subarray(y * width, (y + 1) * width),
    );
    const columns = rows.map((row) => row.indexOf(1)).filter((x) => x >= 0);
    const module = 6;
    expect(Math.min(...columns)).toBeGreaterThanOrEqual(4 * module);
  });
});

describe('a label', () => {
  it('that has no room for a code that can be read, or for its text, is refused', async () => {
    const refused = { code: 'label-unprintable' };
    await expect(render({ widthMm: 10, heightMm: 10 }, URL_TEXT)).rejects.toMatchObject(refused);
    const lines = Array.from({ length: 20 }, () => 'ek_jdph92bz02ma4ce83cz5v401w8');
    await expect(render({}, 'x', lines)).rejects.toMatchObject(refused);
  });

  it('keeps a serial of 20 characters whole where it can, and breaks nothing without need', async () => {
    const { texts } = readZpl((await render({ format: 'zpl' }, 'x')).toString());
    expect(texts[0]).toBe('ACME-A1-00000041');
    expect(texts.join('')).toBe(LINES.join(''));
  });

  it('as PNG says how many dots a metre has, and refuses a character that its font lacks', async () => {
    expect(readPng(await render({ dpi: 300 }, 'x')).perMetre).toBe(11811);
    await expect(render({}, 'x', ['Zähler'])).rejects.toMatchObject({ code: 'label-unprintable' });
  });

  it('as SVG leaves such a line to fonts, with what is markup escaped', async () => {
    const svg = (await render({ format: 'svg' }, 'x', ['<ä&b>'])).toString();
    expect(svg).toContain('>&lt;ä&amp;b&gt;</text>');
  });
});

describe('text in ZPL', () => {
  it('says every command character, backslash and other alphabet in hexadecimal', () => {
    expect(fieldData('a^XZ~_\\')).toBe('a_5EXZ_7E_5F_5C');
    expect(fieldData('Zähler €')).toBe('Z_C3_A4hler _E2_82_AC');
  });

  it('comes out as it went in, whatever it is, and never as a command', async () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        const data = fieldData(text);
        expect(data).not.toMatch(/[\^~]/);
        const zpl = `^PW8^LL8\n^FO0,0^GFA,1,1,1,00^FS\n^FO0,0^A0N,9,9^FH^FD${data}^FS`;
        expect(readZpl(zpl).texts).toEqual([text]);
      }),
    );
    const label = await openLabelRenderer({ ...STYLE, format: 'zpl' });
    const zpl = Buffer.from(await label({ code: 'x', lines: [], remark: '^XZ~JA' })).toString();
    expect(zpl.match(/\^XZ/g)).toHaveLength(1);
    expect(zpl).not.toContain('~JA');
  });
});
