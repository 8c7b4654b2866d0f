/** One call of a sample, and what comes of it: a value as JSON has it, or the code of a failure. */
export type SampleCall = [call: string, args: unknown[], expected: unknown];

/** A component of another make than the SDK's, and what it does. */
export interface Sample {
  name: string;
  /** Why it can't be built on this machine; null if it can. */
  missing: string | null;
  open(): Promise<Uint8Array>;
  /** To be made in this order of one agent that keeps its memory. */
  calls: SampleCall[];
}

/** What a call that fails comes to. */
export class Failure {
  readonly code: string;

  constructor(code: string) {
    this.code = code;
  }
}
