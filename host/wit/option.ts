import type { WitType } from "./type.ts";

/**
 * Whether jco has an option of this as an object with a tag. Others are undefined, or what they hold; of an option in an
 * option that would not say which of the two is empty.
 */
export function isTaggedOption(element: WitType): boolean {
  return element.kind === "option" && !isTaggedOption(element.element);
}
