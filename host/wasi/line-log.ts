import type { EntryOf } from "../oplog/entry.ts";
import type { Saved } from "./saved.ts";
import type { Sink } from "./streams.ts";
import type { WasiContext } from "./wasi-context.ts";

/** A longer line becomes several. */
const longestBytes = 65_536;

const lineFeed = 0x0a;
/** `10xxxxxx`: a byte within a character of UTF-8. */
const isWithin = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/** Text that a guest prints, one log entry a line. */
export class LineLog implements Sink {
  readonly #name: string;
  readonly #level: EntryOf<"logged">["level"];
  readonly #context: Pick<WasiContext, "journal">;
  /** The pieces of a line that has not ended. */
  #pieces: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(name: string, level: EntryOf<"logged">["level"], context: Pick<WasiContext, "journal">) {
    this.#name = name;
    this.#level = level;
    this.#context = context;
  }

  write(bytes: Uint8Array): void {
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
      this.#add(bytes.subarray(start, end));
      this.#log(this.#take());
      start = end + 1;
    }
    if (start < bytes.length) this.#add(bytes.slice(start));
  }

  /** Nothing more will come before the end of the step: what there is becomes an entry. */
  end(): void {
    if (this.#sizeBytes > 0) this.#log(this.#take());
  }

  save(): Saved {
    return { kind: this.#name };
  }

  #add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#sizeBytes += piece.length;
    if (this.#sizeBytes <= longestBytes) return;
    const line = this.#take();
    let cut = longestBytes;
    while (cut > longestBytes - 4 && isWithin(line[cut])) cut -= 1;
    this.#log(line.subarray(0, cut));
    this.#add(line.subarray(cut));
  }

  #take(): Buffer {
    const line = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#sizeBytes = 0;
    return line;
  }

  #log(line: Buffer): void {
    const message = line.toString("utf8");
    const journal = this.#context.journal();
    journal.admit([message]);
    journal.note({ kind: "logged", level: this.#level, message });
  }
}
