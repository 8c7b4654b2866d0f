import type { ESTree } from "rolldown/utils";
import type { Param } from "../guests/sdk/description.ts";

/** A method of an agent. */
export interface Method {
  name: string;
  params: Param[];
}

type FunctionNode = ESTree.Function | ESTree.ArrowFunctionExpression;

/** What the names at the top level of a module stand for. */
export interface Declarations {
  values: Map<string, ESTree.Node>;
  isAgentCall(call: ESTree.CallExpression): boolean;
}

export function collectDeclarations(program: ESTree.Program): Declarations {
  const values = new Map<string, ESTree.Node>();
  const agentNames = new Set<string>();
  const namespaces = new Set<string>();
  for (const statement of program.body) {
    if (statement.type === "ImportDeclaration") {
      if (statement.source.value !== "planaria/guest") continue;
      for (const specifier of statement.specifiers) {
        if (specifier.type === "ImportNamespaceSpecifier") namespaces.add(specifier.local.name);
        if (specifier.type === "ImportSpecifier" && importedName(specifier) === "agent")
          agentNames.add(specifier.local.name);
      }
    } else {
      collectValues(statement.type === "ExportNamedDeclaration" ? statement.declaration : statement, values);
    }
  }
  return {
    values,
    isAgentCall({ callee }) {
      if (callee.type === "Identifier") return agentNames.has(callee.name);
      if (callee.type !== "MemberExpression" || callee.object.type !== "Identifier") return false;
      return (
        namespaces.has(callee.object.name) && callee.property.type === "Identifier" && callee.property.name === "agent"
      );
    },
  };
}

function importedName({ imported }: ESTree.ImportSpecifier): string {
  return imported.type === "Literal" ? imported.value : imported.name;
}

function collectValues(statement: ESTree.Node | null, values: Map<string, ESTree.Node>) {
  if (statement?.type === "VariableDeclaration") {
    for (const { id, init } of statement.declarations) if (id.type === "Identifier" && init) values.set(id.name, init);
  } else if (statement?.type === "FunctionDeclaration" || statement?.type === "ClassDeclaration") {
    if (statement.id) values.set(statement.id.name, statement);
  }
}

/** The expression inside parentheses and what TypeScript wraps around: `as`, `satisfies`, `!`. */
export function unwrap(node: ESTree.Node): ESTree.Node {
  switch (node.type) {
    case "ParenthesizedExpression":
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "TSTypeAssertion":
      return unwrap(node.expression);
    default:
      return node;
  }
}

/** Parameters with their types as source text; a rest parameter keeps its three dots. */
export function describeParams(node: FunctionNode, source: string): Param[] {
  return node.params.flatMap((param) => {
    const described = describeParam(param, source);
    return described.name === "this" ? [] : [described];
  });
}

function describeParam(param: ESTree.ParamPattern, source: string): Param {
  switch (param.type) {
    case "TSParameterProperty":
      return describeParam(param.parameter, source);
    case "AssignmentPattern":
      return { ...describeParam(param.left, source), optional: true };
    case "RestElement":
      return { name: `...${patternText(param.argument, source)}`, type: typeText(param, source), optional: true };
    default: {
      const described = { name: patternText(param, source), type: typeText(param, source) };
      return param.optional ? { ...described, optional: true } : described;
    }
  }
}

function patternText(pattern: ESTree.BindingPattern, source: string): string {
  if (pattern.type === "Identifier") return pattern.name;
  const end = pattern.typeAnnotation ? pattern.typeAnnotation.start : pattern.end;
  return oneLine(source.slice(pattern.start, end)).replace(/\s*\??$/, "");
}

function typeText(node: { typeAnnotation?: ESTree.TSTypeAnnotation | null }, source: string): string | null {
  const type = node.typeAnnotation?.typeAnnotation;
  return type ? oneLine(source.slice(type.start, type.end)) : null;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

/** What an agent's factory takes, and which methods the object has that it returns. */
export function describeFactory(
  argument: ESTree.Node | undefined,
  declarations: Declarations,
  source: string,
): { params: Param[] | null; methods: Method[] | null } {
  const factory = resolveFunction(argument, declarations.values);
  if (factory === undefined) return { params: null, methods: null };
  return { params: describeParams(factory, source), methods: describeMethods(factory, declarations, source) };
}

function describeMethods(factory: FunctionNode, declarations: Declarations, source: string): Method[] | null {
  const body = factory.body;
  if (body === null) return null;
  const values = new Map(declarations.values);
  let returned: ESTree.Node | null | undefined = body;
  if (body.type === "BlockStatement") {
    for (const statement of body.body) collectValues(statement, values);
    const last = body.body.at(-1);
    returned = last?.type === "ReturnStatement" ? last.argument : undefined;
  }
  const object = returned ? resolve(returned, values) : undefined;
  if (object?.type !== "ObjectExpression") return null;

  const given = new Set(factory.params.map((param) => describeParam(param, source).name));
  const methods: Method[] = [];
  for (const property of object.properties) {
    // What is spread or computed may bring methods that can't be seen from here.
    if (property.type !== "Property" || property.computed) return null;
    const value = resolve(property.value, values);
    // A parameter of an agent comes from JSON, so it is no method.
    if (property.kind !== "init" || isData(value) || (value.type === "Identifier" && given.has(value.name))) continue;
    const method = resolveFunction(value, values);
    if (method === undefined) return null;
    methods.push({ name: keyName(property.key), params: describeParams(method, source) });
  }
  return methods;
}

function isData(node: ESTree.Node): boolean {
  return [
    "Literal",
    "TemplateLiteral",
    "ObjectExpression",
    "ArrayExpression",
    "UnaryExpression",
    "NewExpression",
  ].includes(node.type);
}

function keyName(key: ESTree.PropertyKey): string {
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" ? String(key.value) : "";
}

function resolve(node: ESTree.Node, values: Map<string, ESTree.Node>): ESTree.Node {
  const inner = unwrap(node);
  const target = inner.type === "Identifier" ? values.get(inner.name) : undefined;
  return target === undefined ? inner : unwrap(target);
}

function resolveFunction(node: ESTree.Node | undefined, values: Map<string, ESTree.Node>): FunctionNode | undefined {
  const found = node ? resolve(node, values) : undefined;
  switch (found?.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return found;
    default:
      return undefined;
  }
}
