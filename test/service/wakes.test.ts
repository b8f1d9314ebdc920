import { expect, it } from 'vitest';
import { Wakes } from '../../src/service/store/wakes.ts';

it('tells of an id its watchers and those of every id, and of a gap everyone, until disposed', () => {
  const wakes = new Wakes();
  const heard: string[] = [];
  const watch = (name: string, ids?: readonly string[]): Disposable =>
    wakes.watch((id) => heard.push(`${name} ${id ?? 'gap'}`), ids);
  const told = (id: string | undefined): string[] => {
    wakes.tell(id);
    return heard.splice(0).sort();
  };
  const both = watch('both', ['a', 'b', 'a']);
  const one = watch('one', ['a']);
  const every = watch('every');
  expect(told('a')).toEqual(['both a', 'every a', 'one a']);
  expect(told('b')).toEqual(['both b', 'every b']);
  expect(told('c')).toEqual(['every c']);
  expect(told(undefined)).toEqual(['both gap', 'every gap', 'one gap']);
  both[Symbol.dispose]();
  expect(told('a')).toEqual(['every a', 'one a']);
  one[Symbol.dispose]();
  every[Symbol.dispose]();
  expect([...told('a'), ...told(undefined)]).toEqual([]);
});
