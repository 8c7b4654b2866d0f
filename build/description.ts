import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { parseAst } from "rolldown/parseAst";
import type { ESTree } from "rolldown/utils";
import type { Description, Param } from "../guests/sdk/description.ts";
import { collectDeclarations, describeFactory, describeParams, unwrap } from "./signature.ts";
import type { Declarations, Method } from "./signature.ts";

/** One name that a module exports, and what it seems to be. */
type Export =
  | { name: string; kind: "agent"; params: Param[] | null; methods: Method[] | null }
  | { name: string; kind: "function"; params: Param[] }
  | { name: string; kind: "unknown" | "value" };

/**
 * Reads from the source of a guest which agents and functions it exports, with the names and types of their parameters.
 *
 * Shape:  `callable` is false only if nothing that is exported can be an agent or a function.
 *         A default export has no name to call it by, so it is none.
 *         A file that does not parse gives an empty description: bundling it says what is wrong.
 */
export function describeSource(entry: string, sdk: string): { description: Description; callable: boolean } {
  const exports = dedupe(readExports(entry, new Set()));
  return {
    description: {
      sdk,
      agents: exports.flatMap((e) =>
        e.kind === "agent" ? [{ name: e.name, params: e.params, methods: e.methods }] : [],
      ),
      functions: exports.flatMap((e) => (e.kind === "function" ? [{ name: e.name, params: e.params }] : [])),
    },
    callable: exports.some((e) => e.kind !== "value"),
  };
}

/** A name of the module's own hides one that `export *` brings, and comes first. */
function dedupe(exports: Export[]): Export[] {
  return exports.filter((e, i) => e === unseen || exports.findIndex(({ name }) => name === e.name) === i);
}

/** Stands for exports that can't be followed, those of a package for one. */
const unseen: Export = { name: "*", kind: "unknown" };

function readExports(file: string, seen: Set<string>): Export[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const source = readFileSync(file, "utf8");
  const program = parse(file, source);
  if (program === undefined) return [unseen];
  const declarations = collectDeclarations(program);
  const stars: Export[] = [];
  const own = program.body.flatMap((statement): Export[] => {
    switch (statement.type) {
      case "ExportNamedDeclaration":
        if (statement.exportKind === "type") return [];
        if (statement.declaration) return describeDeclaration(statement.declaration, declarations, source);
        return describeSpecifiers(statement, file, declarations, source, seen);
      case "ExportAllDeclaration":
        if (statement.exportKind === "type") return [];
        if (statement.exported) return [{ name: nameOf(statement.exported), kind: "value" }];
        stars.push(...readOther(file, statement.source.value, seen));
        return [];
      default:
        return [];
    }
  });
  return [...own, ...stars];
}

function parse(file: string, source: string): ESTree.Program | undefined {
  try {
    return parseAst(source, { lang: /\.m?js$/.test(file) ? "js" : "ts" }, file);
  } catch {
    return undefined;
  }
}

function readOther(file: string, specifier: string, seen: Set<string>): Export[] {
  const other = findModule(file, specifier);
  return other === undefined ? [unseen] : readExports(other, seen);
}

/** Only files of the guest's own are followed, written as TypeScript allows: with their ending, with that of the output, or with none. */
function findModule(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const path = resolve(dirname(importer), specifier);
  const bare = path.slice(0, path.length - extname(path).length);
  const candidates = [path, `${bare}.ts`, `${path}.ts`, `${path}.js`, `${path}/index.ts`, `${path}/index.js`];
  return candidates.find((file) => /\.m?[jt]s$/.test(file) && existsSync(file) && statSync(file).isFile());
}

function describeDeclaration(declaration: ESTree.Declaration, declarations: Declarations, source: string): Export[] {
  switch (declaration.type) {
    case "FunctionDeclaration":
      return [describeExport(declaration.id!.name, declaration, declarations, source)];
    case "VariableDeclaration":
      return declaration.declarations.map(({ id, init }) =>
        id.type === "Identifier" ? describeExport(id.name, init, declarations, source) : unseen,
      );
    case "ClassDeclaration":
    case "TSEnumDeclaration":
      return [{ name: declaration.id!.type === "Identifier" ? declaration.id!.name : "", kind: "value" }];
    default:
      return [];
  }
}

function describeSpecifiers(
  statement: ESTree.ExportNamedDeclaration,
  file: string,
  declarations: Declarations,
  source: string,
  seen: Set<string>,
): Export[] {
  const values = statement.specifiers.filter(({ exportKind }) => exportKind !== "type");
  // Another specifier of the same file may have been followed before, so each statement looks afresh.
  const others = statement.source ? readOther(file, statement.source.value, new Set(seen)) : undefined;
  return values.map(({ local, exported }): Export => {
    const name = nameOf(exported);
    if (others === undefined) return describeExport(name, declarations.values.get(nameOf(local)), declarations, source);
    return { ...(others.find((other) => other.name === nameOf(local)) ?? unseen), name };
  });
}

function describeExport(
  name: string,
  value: ESTree.Node | null | undefined,
  declarations: Declarations,
  source: string,
): Export {
  const node = value ? unwrap(value) : undefined;
  switch (node?.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return { name, kind: "function", params: describeParams(node, source) };
    case "CallExpression":
      if (!declarations.isAgentCall(node)) return { name, kind: "unknown" };
      return { name, kind: "agent", ...describeFactory(node.arguments[0], declarations, source) };
    case "Literal":
    case "TemplateLiteral":
    case "ObjectExpression":
    case "ArrayExpression":
    case "ClassDeclaration":
    case "ClassExpression":
    case "NewExpression":
      return { name, kind: "value" };
    case "Identifier": {
      const target = declarations.values.get(node.name);
      // `const a = a` is an error that running it reports; following it would never end.
      if (target === undefined || target === value || unwrap(target).type === "Identifier")
        return { name, kind: "unknown" };
      return describeExport(name, target, declarations, source);
    }
    default:
      return { name, kind: "unknown" };
  }
}

function nameOf(node: ESTree.ModuleExportName): string {
  return node.type === "Literal" ? node.value : node.name;
}
