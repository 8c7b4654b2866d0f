import { languageSamples } from "./language-samples.ts";
import type { Sample } from "./sample.ts";
import { watSamples } from "./wat-samples.ts";

/** Every component that the tests have of another make than the SDK's, but for `orphan`, which can't be run. */
export const samples: Sample[] = [...watSamples, ...languageSamples];
