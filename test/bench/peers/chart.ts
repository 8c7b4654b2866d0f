import type { Peer } from "./peers.ts";
import { formatRatio, type Report } from "./report.ts";

/** In pixels. */
const width = 760;
const margin = { left: 144, right: 56, top: 52, bottom: 12 };
const bar = { height: 12, step: 16 };
const titleHeight = 24;

/** The ground is the chart's own, so that it is readable wherever it is shown. */
const style = `
    .ground { fill: #ffffff; }
    text { font: 12px system-ui, sans-serif; fill: #24292f; }
    .title { font-weight: 600; }
    .quiet { fill: #57606a; }
    .grid { stroke: #d0d7de; }
    .one { stroke: #57606a; }
    .own { fill: #0969da; }
    .peer { fill: #8c959f; }
    .memory { fill: none; stroke: #8c959f; stroke-dasharray: 3 2; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; }
      text { fill: #e6edf3; }
      .quiet { fill: #9198a1; }
      .grid { stroke: #3d444d; }
      .one { stroke: #9198a1; }
      .own { fill: #4493f8; }
      .peer { fill: #656c76; }
      .memory { stroke: #9198a1; }
    }`;

/**
 * Bars of how many times as fast everybody is as the best durable peer, to the right of 1× where faster, to the left
 * where slower, on a logarithmic scale. The first peer is Planaria.
 */
export function drawChart({ peers, workloads, summaries }: Pick<Report, "peers" | "workloads" | "summaries">): string {
  const ratios = summaries.flatMap(({ ratio }) => ratio ?? []);
  const decades = {
    least: Math.floor(Math.log10(Math.min(1, ...ratios))),
    most: Math.ceil(Math.log10(Math.max(10, ...ratios))),
  };
  const scale = (ratio: number) =>
    margin.left +
    ((Math.log10(ratio) - decades.least) / (decades.most - decades.least)) * (width - margin.left - margin.right);
  const parts: string[] = [];
  let y = margin.top;
  for (const workload of workloads) {
    const rows = peers.flatMap((peer, index) => {
      const found = summaries.find((each) => each.peer === peer.name && each.workload === workload.name);
      return found?.ratio == null ? [] : [{ peer, ratio: found.ratio, isOwn: index === 0 }];
    });
    if (rows.length === 0) continue;
    parts.push(
      `<text class="title" x="8" y="${y + 14}">${escape(`${workload.name} ${workload.title(workload.size)}`)}</text>`,
    );
    y += titleHeight;
    for (const row of rows) {
      parts.push(drawBar(row, y, scale));
      y += bar.step;
    }
  }
  const height = y + margin.bottom;
  const grid = Array.from({ length: decades.most - decades.least + 1 }, (_, i) => 10 ** (decades.least + i));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    "<title>How many times as fast as the best durable peer</title>",
    `<style>${style}\n  </style>`,
    '<rect class="ground" width="100%" height="100%"/>',
    `<text class="title" x="8" y="20">How many times as fast as the best durable peer (1×)</text>`,
    ...grid.map((ratio) => drawLine(ratio, scale(ratio), height)),
    ...parts,
    "</svg>\n",
  ].join("\n  ");
}

function drawLine(ratio: number, x: number, height: number): string {
  const line = `<line class="${ratio === 1 ? "one" : "grid"}" x1="${round(x)}" x2="${round(x)}" y1="${margin.top - 6}" y2="${height - margin.bottom}"/>`;
  return `${line}<text class="quiet" text-anchor="middle" x="${round(x)}" y="${margin.top - 12}">${ratio}×</text>`;
}

function drawBar(
  { peer, ratio, isOwn }: { peer: Peer; ratio: number; isOwn: boolean },
  y: number,
  scale: (ratio: number) => number,
): string {
  const [from, to] = [scale(Math.min(1, ratio)), scale(Math.max(1, ratio))];
  // A peer that is the best itself is to be seen, too.
  const size = `x="${round(from)}" y="${y}" width="${round(Math.max(2, to - from))}" height="${bar.height}"`;
  const name = peer.isDurable ? peer.title : `${peer.title} (memory)`;
  return [
    `<text class="quiet" text-anchor="end" x="${margin.left - 8}" y="${y + 10}">${escape(name)}</text>`,
    `<rect class="${isOwn ? "own" : peer.isDurable ? "peer" : "memory"}" ${size}/>`,
    `<text x="${round(Math.max(to, from + 2) + 5)}" y="${y + 10}">${formatRatio(ratio)}</text>`,
  ].join("");
}

const round = (pixels: number) => Math.round(pixels * 10) / 10;

const escape = (text: string) => text.replace(/[&<>"]/g, (found) => `&#${found.codePointAt(0)};`);
