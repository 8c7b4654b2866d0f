/** A name in kebab case as JavaScript writes it: `get-HTTP3` is `getHttp3`. */
export function camelCase(kebab: string): string {
  const [first, ...rest] = kebab.split("-");
  return [first!.toLowerCase(), ...rest.map(capitalize)].join("");
}

/** A name in kebab case as JavaScript writes that of a class: `file-reader` is `FileReader`. */
export function pascalCase(kebab: string): string {
  return kebab.split("-").map(capitalize).join("");
}

const capitalize = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
