import { DeviceFailure } from '../../model/failure.ts';
import type { ConsoleScreen } from './console-screen.ts';

/** What to say of a step that did not end in its time. */
export function lateFailure(screen: ConsoleScreen): DeviceFailure {
  if (screen.length === 0) return new DeviceFailure('no-answer', 'nothing came back');
  return new DeviceFailure('timeout', 'the console did not come to an end in time');
}

/** What to say of a console that could not be brought to its prompt. */
export function noPromptFailure(screen: ConsoleScreen): DeviceFailure {
  const { text, length } = screen;
  if (length === 0) return new DeviceFailure('no-answer', 'the console is silent');
  const noise = [...text].filter((character) => character === '\ufffd').length;
  if (noise * 5 > text.length) return new DeviceFailure('garbage', 'what comes is no text');
  return new DeviceFailure('timeout', 'the console does not show its prompt');
}
