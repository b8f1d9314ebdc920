import { Flags } from '@oclif/core';
import { ledgerFlag } from './flags.ts';

/** What `ledger import` lets a person say of a log. */
export const importFlags = {
  map: Flags.string({
    helpValue: 'NAME=COLUMN,…',
    required: true,
    summary: 'The columns of serial, result and hardwareId; any further name is captured.',
  }),
  allocation: Flags.string({
    helpValue: 'ID',
    required: true,
    summary: 'Reference of the allocation under which the secrets left.',
  }),
  lot: Flags.string({ helpValue: 'LOT', summary: 'Where two lots have that reference.' }),
  pass: Flags.string({
    helpValue: 'WORD',
    multiple: true,
    default: ['pass', 'passed', 'ok'],
    summary: 'What a pass is called; repeat for more.',
  }),
  fail: Flags.string({
    helpValue: 'WORD',
    multiple: true,
    default: ['fail', 'failed', 'ng'],
    summary: 'What a failure is called; repeat for more.',
  }),
  witness: Flags.string({
    helpValue: 'FILE',
    summary: 'Keep the ledger’s head in FILE too, best on another disk.',
  }),
  ledger: ledgerFlag(),
};
