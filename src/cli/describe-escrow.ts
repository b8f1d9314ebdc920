import type { EscrowDeviceEvent, EscrowResult, EscrowStart } from '../job/simulate-escrow.ts';
import { counted } from './report-text.ts';

/** What a person sees of devices that go to a registry. */
export function describeEscrowStart({ registry, devices, blank }: EscrowStart): string {
  const who = `${counted(devices, 'device')} at ${registry}`;
  return [
    blank === 0 ? `${who}.` : `${who}; ${blank} more, which no station has written, stay away.`,
    'Ctrl-C ends it; the devices keep what they hold.',
  ].join('\n');
}

/** One event, on a line of its own; what was refused on two. */
export function escrowLine(event: EscrowDeviceEvent): string {
  return `device ${event.device}: ${wordsOf(event)}`;
}

/** How it ended. */
export function describeEscrow(result: EscrowResult): string {
  const { active, waiting, refused, unauthenticated } = result;
  const parts = [
    `${active} in normal mode`,
    `${waiting} in escrow mode`,
    ...(refused > 0 ? [`${refused} refused what they were given`] : []),
    ...(unauthenticated > 0 ? [`${unauthenticated} not known to the registry`] : []),
  ];
  return `${parts.join(', ')}.`;
}

function wordsOf(event: EscrowDeviceEvent): string {
  switch (event.type) {
    case 'waiting':
      return 'in escrow mode, waits for its owner';
    case 'kept':
      return `keeps version ${event.version} of step ${event.step}, verified again`;
    case 'accepted': {
      const { step, version, owners } = event;
      return `verified version ${version} of step ${step} over ${counted(owners, 'owner')}, keeps it`;
    }
    case 'active':
      return `in normal mode with version ${event.version} of step ${event.step}`;
    case 'refused':
      return `refuses what it was given (${event.reason}):\n  ${event.message}`;
    case 'unauthenticated':
      return 'the registry does not know it, or not with this credential';
    case 'unreachable':
      return `${event.message}; tries again`;
  }
}
