// Puts the lines of both sides beside each other. Reads JSON lines on standard input.
import { readFileSync } from 'node:fs';

const rows = readFileSync(0, 'utf8').split('\n').filter((l) => l.startsWith('{')).map((l) => JSON.parse(l));
const peers = new Map(rows.filter((r) => r.peer).map((r) => [r.name, r]));
const ours = rows.filter((r) => !r.peer);
const cells = [['work', 'ours µs', 'allocations', 'peer', 'peer µs', 'ours / peer']];
const json = { 'read tree, dense': 'serde_json read dense', 'write tree': 'serde_json write' };
for (const own of ours) {
  const second = ours.find((r) => r.name === json[own.name]);
  const peer = peers.get(own.name) ?? (second && { peer: 'serde_json Value', micros: second.micros });
  if (!peer) continue;
  const ratio = own.micros / peer.micros;
  cells.push([own.name, own.micros.toFixed(3), String(own.allocations), peer.peer, peer.micros.toFixed(2),
    ratio < 0.5 ? `1/${(1 / ratio).toFixed(0)}` : ratio.toFixed(2)]);
}
const missing = [...peers.keys()].filter((name) => !ours.some((own) => own.name === name));
if (missing.length > 0) {
  console.error(`not measured on our side: ${missing.join(', ')}`);
  process.exit(1);
}
const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)));
cells.forEach((row, n) => {
  console.log(`| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`);
  if (n === 0) console.log(`|${widths.map((w) => '-'.repeat(w + 2)).join('|')}|`);
});
