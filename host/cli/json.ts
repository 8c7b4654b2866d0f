import { keepDigits } from "../wit/json.ts";

/** The longest JSON text that stays on one line, in characters. */
const lineLength = 80;

/** JSON text for people: on one line if that is short, else spread out. No number of it loses a digit. */
export function formatJson(json: string): string {
  return json.length <= lineLength ? json : JSON.stringify(JSON.parse(json, keepDigits), null, 2);
}
