import { KeylineError } from '../kernel/errors.ts';
import { DeviceFailure } from '../model/failure.ts';
import { compilePattern, knownPattern } from './pattern.ts';

const LOT_MODEL = '{model}';

/** What is wrong with a profile's `expect.model`, if anything is. */
export function expectedModelMistake(source: string): string | undefined {
  const pattern = compilePattern(source.replaceAll(LOT_MODEL, 'x'));
  return typeof pattern === 'string' ? pattern : undefined;
}

/**
 * A check of what devices say of their model: the whole text must match the profile's pattern, in
 * which `{model}` is the lot's model, letter for letter. The check throws DeviceFailure
 * `wrong-product`. Throws `usage` when the pattern asks for a model and the lot has none.
 */
export function createModelCheck(
  expected: string,
  lotModel: string | undefined,
): (reported: string) => void {
  if (expected.includes(LOT_MODEL) && lotModel === undefined) {
    throw new KeylineError('usage', {
      message: 'the profile compares the device’s model with the lot’s, and this lot has none',
      hint: 'Use a lot with a model, or name the model in the profile’s expect.',
    });
  }
  const source = expected.replaceAll(LOT_MODEL, () => escapePattern(lotModel ?? ''));
  const pattern = knownPattern(`^(?:${source})$`, '');
  return (reported) => {
    if (!pattern.test(reported)) {
      const shown = JSON.stringify(reported.slice(0, 64));
      throw new DeviceFailure('wrong-product', `the device says it is ${shown}`);
    }
  };
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
