import { readFileSync } from 'node:fs';
import { matches } from '../guest/kernel-parser.ts';

/** The names that a kernel knows on its command line, from tables of its ELF file (include/linux/init.h, arch/um/include/shared/init.h). */
export class CommandLineNames {
  /** __setup and early_param: match by their beginning, or as a whole where early. */
  readonly setups: readonly string[];
  /** Early ones match whole names only. */
  readonly early: readonly string[];
  /** __uml_setup: match by their beginning, before the line is split. */
  readonly uml: readonly string[];
  readonly parameters: readonly string[];
  readonly #file: Buffer;
  readonly #sections: readonly {
    name: string;
    address: number;
    offset: number;
    size: number;
    holds: boolean;
  }[];

  constructor(path: string) {
    this.#file = readFileSync(path);
    this.#sections = this.#readSections();
    const setups = this.#table('.init.setup', 24);
    const isEarly = (at: number) => this.#file.readInt32LE(at + 16) !== 0;
    this.setups = setups.flatMap(({ name, at }) => (isEarly(at) ? [] : [name]));
    this.early = setups.flatMap(({ name, at }) => (isEarly(at) ? [name] : []));
    this.uml = this.#table('.uml.setup.init', 16).map(({ name }) => name);
    this.parameters = this.#table('__param', 40).map(({ name }) => name);
  }

  /** Whether a parameter is taken by the kernel, and so kept from init. */
  isKnown(text: string): boolean {
    const name = (text.split('=')[0] ?? '').replaceAll('-', '_');
    const whole = [...this.parameters, ...this.early].some((one) => one.replaceAll('-', '_') === name);
    return whole || this.setups.some((one) => matches(text, one));
  }

  #readSections() {
    const file = this.#file;
    const table = Number(file.readBigUInt64LE(40));
    const count = file.readUInt16LE(60);
    const raw = Array.from({ length: count }, (_, i) => {
      const at = table + i * 64;
      return {
        nameAt: file.readUInt32LE(at),
        holds: file.readUInt32LE(at + 4) !== 8,
        address: Number(file.readBigUInt64LE(at + 16)),
        offset: Number(file.readBigUInt64LE(at + 24)),
        size: Number(file.readBigUInt64LE(at + 32)),
      };
    });
    const names = raw[file.readUInt16LE(62)]?.offset ?? 0;
    return raw.map(({ nameAt, ...rest }) => ({ ...rest, name: this.#text(names + nameAt) }));
  }

  #table(section: string, entry: number): { name: string; at: number }[] {
    const { offset, size } = this.#sections.find(({ name }) => name === section) ?? { offset: 0, size: 0 };
    if (size === 0) throw new Error(`the kernel has no section ${section}`);
    return Array.from({ length: size / entry }, (_, i) => {
      const at = offset + i * entry;
      const address = Number(this.#file.readBigUInt64LE(at));
      const home = this.#sections.find(
        (one) => one.holds && one.address > 0 && address >= one.address && address < one.address + one.size,
      );
      return { name: home ? this.#text(home.offset + address - home.address) : '', at };
    });
  }

  #text(at: number): string {
    return this.#file.toString('latin1', at, this.#file.indexOf(0, at));
  }
}
