import { cacheFolder } from "../../build/cache-folder.ts";
import { compileComponent } from "../../host/component/compile.ts";
import { defaultMemoryCapBytes } from "../../host/component/memory-cap.ts";
import { instantiate, type Instance } from "../../host/component/instance.ts";
import { Imports } from "../../host/imports/imports.ts";
import { agentId } from "../../host/base/id.ts";
import type { Entry } from "../../host/oplog/entry.ts";
import type { Journal } from "../../host/replay/journal.ts";

/**
 * The benches' guest with the least host that it can do with: in this thread, and what it calls is counted and forgotten.
 *
 * What it takes is the price of jco's glue and QuickJS, which no host gets under.
 */
export class RawGuest {
  readonly instance: Instance;
  readonly #journal = new CountingJournal();
  #invocations = 0;

  private constructor(instance: Instance, imports: Imports) {
    this.instance = instance;
    imports.enter(agentId("raw()"), this.#journal);
  }

  static async open(component: Uint8Array): Promise<RawGuest> {
    const compiled = await compileComponent(component, {
      cacheFolder: cacheFolder(),
      memoryCapBytes: defaultMemoryCapBytes,
    });
    const imports = new Imports();
    return new RawGuest(await instantiate(compiled, imports.functions), imports);
  }

  /** Enters the guest, where there is nothing to do. */
  enter(): Promise<void> {
    return this.instance.deliver("[]");
  }

  /** One invocation of a function that returns at once: a step with one import, the end of the invocation. */
  async invokeFunction(): Promise<void> {
    await this.#invoke(`"function":"nothing","args":[]`);
    this.#expect(1);
  }

  /** `driver.runs`: a step for each run, with two imports. */
  async run(count: number): Promise<void> {
    await this.#invoke(`"agent":"driver","params":["raw"],"method":"runs","args":[${count}]`);
    for (let operation = 1; operation <= count; operation += 1) {
      await this.instance.deliver(`[{"operation":${this.#journal.newest},"value":null}]`);
    }
    this.#expect(2 * count + 1);
  }

  #invoke(what: string): Promise<void> {
    this.#invocations += 1;
    return this.instance.invoke(
      `{"invocation":${this.#invocations},"key":"k${this.#invocations}","id":"raw()",${what}}`,
    );
  }

  /** A floor is none if the guest did less than it should. */
  #expect(count: number): void {
    const found = this.#journal.take();
    if (found !== count) throw new Error(`The guest called ${found} imports instead of ${count}.`);
  }
}

class CountingJournal implements Journal {
  readonly at = 0;
  newest = 0;
  #count = 0;

  admit(): void {}

  nextOperation(): number {
    return ++this.newest;
  }

  note(_entry: Entry): void {
    this.#count += 1;
  }

  draw(count: number): Uint8Array {
    return new Uint8Array(count);
  }

  observe(_what: string, look: () => string): string {
    return look();
  }

  take(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }
}
