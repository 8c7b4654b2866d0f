/** The longest JSON text that stays on one line, in characters. */
const lineLength = 80;

/** JSON text for people: on one line if that is short, else spread out. No number of it loses a digit. */
export function formatJson(json: string): string {
  return json.length <= lineLength ? json : JSON.stringify(JSON.parse(json, keepDigits), null, 2);
}

function keepDigits(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  return typeof value === "number" && source !== undefined ? JSON.rawJSON(source) : value;
}

declare global {
  interface JSON {
    /** Since Node 22; not in the libraries that TypeScript knows. */
    rawJSON(text: string): unknown;
  }
}
