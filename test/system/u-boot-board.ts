import { truncateSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { Background, needFile, runTool } from './background.ts';

const QEMU = { program: 'qemu-system-arm', package: 'qemu-system-arm' };
const BIOS = '/usr/lib/u-boot/qemu_arm/u-boot.bin';
const DISK_BYTES = 1024 * 1024;
const LOW_PRIORITY = 5;

/** How the board's console comes to this machine. */
export type BoardLine = 'pseudo-terminal' | 'TCP';

/** An ARM board of QEMU in U-Boot, from its power-on to its power-off; what is on its disk stays. */
export class UBootBoard implements AsyncDisposable {
  readonly #qemu: Background;
  /** As `--port` takes it. */
  readonly address: string;

  private constructor(qemu: Background, address: string) {
    this.#qemu = qemu;
    this.address = address;
  }

  /** Powers the board up. `mac` is the one of its network adapter, which no cable is in. */
  static async boot(disk: string, mac: string, line: BoardLine): Promise<UBootBoard> {
    const console =
      line === 'TCP' ? 'socket,id=c,host=127.0.0.1,port=0,server=on,wait=off' : 'pty,id=c';
    const machine = ['-M', 'virt', '-cpu', 'cortex-a15', '-m', '128', '-display', 'none'];
    const devices = [
      ...['-nic', 'none', '-device', `virtio-net-device,mac=${mac}`],
      ...['-drive', `if=none,id=d,format=raw,file=${disk}`],
      ...['-device', 'virtio-blk-device,drive=d'],
      ...['-chardev', console, '-serial', 'chardev:c', '-monitor', 'stdio'],
    ];
    const bios = ['-bios', needFile(BIOS, 'u-boot-qemu')];
    const qemu = new Background(QEMU, [...machine, ...bios, ...devices]);
    // U-Boot waits for its input in a busy loop.
    setPriority(qemu.pid, LOW_PRIORITY);
    if (line === 'pseudo-terminal') {
      const [path] = await qemu.until(/\/dev\/pts\/\d+/);
      return new UBootBoard(qemu, path);
    }
    // Only the monitor tells which port it was given.
    await qemu.until(/\(qemu\)/);
    qemu.type('info chardev');
    const [, port = ''] = await qemu.until(/tcp:127\.0\.0\.1:(\d+)/);
    return new UBootBoard(qemu, `tcp://127.0.0.1:${port}`);
  }

  powerOff(): Promise<void> {
    return this.#qemu.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.powerOff();
  }
}

/** An empty FAT disk in a file. */
export function makeFatDisk(path: string): string {
  writeFileSync(path, '');
  truncateSync(path, DISK_BYTES);
  runTool({ program: 'mkfs.vfat', package: 'dosfstools' }, [path]);
  return path;
}

/** A file of a FAT disk, read from outside; its text up to the first NUL. */
export function readFromFatDisk(disk: string, name: string): string {
  const tool = { program: 'mcopy', package: 'mtools' };
  return runTool(tool, ['-n', '-i', disk, `::${name}`, '-']).replace(/\0[^]*$/, '');
}
