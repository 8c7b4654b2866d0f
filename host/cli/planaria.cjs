#!/usr/bin/env node
// What `npx planaria` starts. Any Node since 12 can read it, so that one that is too old for Planaria gets a sentence
// instead of a syntax error. In a clone it runs main.ts as it is; in the package, the JavaScript compiled from it.
"use strict";

const { spawn } = require("node:child_process");
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const neededMajor = 26;
const wrongNode = 69; // as in exit-code.ts

if (Number(process.versions.node.split(".")[0]) >= neededMajor) {
  if (process.env.PLANARIA_NODE_FROM) dieWithParent();
  runMain();
} else {
  const node = installedNode();
  if (node) runWith(node);
  else refuse();
}

function runMain() {
  require("node:module").enableCompileCache();
  const source = join(__dirname, "main.ts");
  const main = existsSync(source) ? source : join(__dirname, "../../dist/host/cli/main.js");
  import(pathToFileURL(main).href).then((module) => module.main());
}

/** The binary of an npm package `node` that is new enough: the project's, or the one beside Planaria. */
function installedNode() {
  for (const folder of [process.cwd(), __dirname]) {
    try {
      const manifest = require.resolve("node/package.json", { paths: [folder] });
      const binary = join(manifest, "..", "bin", process.platform === "win32" ? "node.exe" : "node");
      if (parseInt(require(manifest).version, 10) >= neededMajor && existsSync(binary)) return binary;
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}

/** Goes on under another Node, passing on signals and the exit code. The extra channel breaks when this process dies. */
function runWith(node) {
  const child = spawn(node, process.argv.slice(1), {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: Object.assign({}, process.env, { PLANARIA_NODE_FROM: process.versions.node }),
  });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT")); // a terminal sends it to both by itself
  child.on("error", refuse);
  child.on("exit", (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exitCode = code;
  });
}

/** A process under another Node must not outlive the one that the user sees and kills, even by SIGKILL. */
function dieWithParent() {
  delete process.env.PLANARIA_NODE_FROM;
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
}

function refuse() {
  process.stderr.write(
    `planaria needs Node ${neededMajor} or newer and was started by ${process.versions.node}: ` +
      `update Node, or run \`npm install --save-dev node@${neededMajor}\` here and start it again with npx.\n`,
  );
  process.exitCode = wrongNode;
}
