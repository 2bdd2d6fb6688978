// Checks dashboards against schema.ts: node types.mjs FILE…
// Prints a line for each finding, with file, panel and property, and fails if there is any.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import grafana from './data.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The closed sets that Grafana keeps as data, as types. */
function known() {
  const union = (words) => words.map((word) => JSON.stringify(word)).join(' | ');
  const units = grafana.getValueFormats().flatMap((category) => category.submenu.map((unit) => unit.value));
  const colors = grafana.createTheme().visualization.hues.flatMap((hue) => hue.shades.flatMap((shade) => [shade.name, ...(shade.aliases ?? [])]));
  const transformers = Object.entries(grafana.standardTransformers).map(([name, { id }]) => [id, name]);
  const fields = [...new Map(transformers)].map(([id, name]) => `${id}: '${name}';`);
  return `
    export type Unit = ${union(units)} | \`\${'bool' | 'count' | 'currency' | 'prefix' | 'si' | 'suffix' | 'time'}:\${string}\`;
    export type Color = ${union(colors)} | 'text' | 'transparent' | \`#\${string}\`;
    export type Reducer = ${union(grafana.fieldReducers.list().map((reducer) => reducer.id))};
    export interface Transformers { ${fields.join('\n')} }`;
}

/** A dashboard as TypeScript: one constant for itself, and one for each panel. */
function source(dashboard) {
  const constants = [{ of: 'dashboard', type: 'Dashboard', value: { ...dashboard, panels: [] } }];
  const add = (panel) => {
    const of = `panel ${panel.id} '${panel.title ?? ''}'`;
    if (panel.type !== 'row') {
      return constants.push({ of, type: `Panel<${JSON.stringify(panel.type)}>`, value: panel });
    }
    constants.push({ of, type: 'Row', value: { ...panel, panels: [] } });
    panel.panels?.forEach(add);
  };
  dashboard.panels.forEach(add);
  const lines = constants.map(({ type, value }, at) => `export const c${at}: ${type} = ${JSON.stringify(value)};`);
  return { constants, text: ["import type { Dashboard, Panel, Row } from './schema';", ...lines].join('\n') };
}

/** The way to a place in a constant: its number, and the property there. */
function place(file, position) {
  const path = [];
  let node = file;
  for (;;) {
    const inner = ts.forEachChild(node, (child) => (child.pos <= position && position < child.end ? child : undefined));
    if (!inner) break;
    if (ts.isPropertyAssignment(inner)) path.push(inner.name.text);
    if (ts.isArrayLiteralExpression(node)) path.push(node.elements.indexOf(inner));
    node = inner;
  }
  return { line: file.getLineAndCharacterOfPosition(position).line, path: path.join('.') };
}

function check(files) {
  const dashboards = files.map((path) => {
    const { constants, text } = source(JSON.parse(readFileSync(path, 'utf8')));
    return { path, constants, text, name: join(here, `${basename(path)}.ts`) };
  });
  const texts = new Map(dashboards.map(({ name, text }) => [name, text]));
  texts.set(join(here, 'known.ts'), known());
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  const program = ts.createProgram([join(here, 'schema.ts'), ...texts.keys()], options, host);
  const message = ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n    ');
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const dashboard = dashboards.find(({ name }) => name === diagnostic.file?.fileName);
    if (!dashboard) return `${diagnostic.file?.fileName}: ${message(diagnostic)}`;
    const { line, path } = place(diagnostic.file, diagnostic.start);
    return [dashboard.path, dashboard.constants[line - 1].of, path, message(diagnostic)].filter(Boolean).join(': ');
  });
}

const findings = check(process.argv.slice(2));
findings.forEach((finding) => console.log(finding));
process.exitCode = findings.length > 0 ? 1 : 0;
