/**
 * Loaded before the program (`node --import`): its wall clock is off by as many milliseconds as the file says that
 * CLOCK_OFFSET_FILE names. Monotonic clocks stay as they are, as when somebody sets the clock of a machine.
 */
import { readFileSync, watchFile } from 'node:fs';

const file = process.env['CLOCK_OFFSET_FILE'] ?? '';
const real = Date.now.bind(Date);
let offset = 0;

function read(): void {
  try {
    offset = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    offset = 0;
  }
}

read();
watchFile(file, { interval: 100 }, read).unref();
const RealDate = Date;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: [], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [real() + offset] : args, newTarget) as object,
  get: (target, key, receiver: unknown) =>
    key === 'now' ? () => real() + offset : (Reflect.get(target, key, receiver) as unknown),
});
