// What a panel shows, by Grafana's own transformations, overrides and units.
//
// In, a line each: {"panel": <of a dashboard, variables filled in>, "results": {"A": <answer of Prometheus's query API>, …}}
// Out, a line each: {"title", "frames", "fields": [{"name", "values", "texts"}, …], "shown": [{"title", "text"}, …]}
//
// `fields` are those of the frame that a table shows, or of all frames for any other panel; fields hidden by an override are
// left out. `shown` is there for panels that reduce: stat, gauge, bargauge. `frames`: how many there are; a table shows one.
import { createInterface } from 'node:readline';
import { lastValueFrom } from 'rxjs';
import grafana from './data.mjs';

const { FieldType, formattedValueToString, getFieldDisplayName } = grafana;
const theme = grafana.createTheme();
const timeZone = 'utc';

grafana.standardTransformersRegistry.setInit(() =>
  [...new Map(Object.values(grafana.standardTransformers).map((info) => [info.id, info])).values()].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation,
  })),
);

// --- What the data source makes of an answer. It is Grafana's own plugin, under another licence: after its behaviour.

const number = (text) => ({ '+Inf': Infinity, '-Inf': -Infinity })[text] ?? Number(text);

/** The samples of a result: of a vector one, of a matrix many, of a scalar the result itself. */
function samples({ resultType, result }) {
  if (resultType === 'scalar') return [{ labels: {}, points: [result] }];
  return result.map(({ metric, value, values }) => ({ labels: metric, points: values ?? [value] }));
}

/** The name of a series in legends and tiles. */
function legend({ legendFormat, expr }, { __name__: name, ...labels }) {
  if (legendFormat === '__auto' && (name ?? Object.keys(labels)[0]) !== undefined) return undefined;
  if (legendFormat && legendFormat !== '__auto') {
    return legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => (label === '__name__' ? name : labels[label]) ?? '');
  }
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`).sort();
  if (pairs.length === 0) return name ?? expr;
  return `${name ?? ''}{${pairs.join(', ')}}`;
}

const time = (points) => ({ name: 'Time', type: FieldType.time, config: {}, values: points.map(([at]) => at * 1000) });

/** A frame for each series; of nothing, one without fields. */
function series(target, answer) {
  const { refId } = target;
  const frames = samples(answer.data).map(({ labels, points }) => {
    const values = points.map(([, value]) => number(value));
    const config = { displayNameFromDS: legend(target, labels) };
    const name = target.legendFormat === '__auto' ? 'Value' : (labels.__name__ ?? 'Value');
    const value = { name, type: FieldType.number, config, labels, values };
    return { refId, length: values.length, fields: [time(points), value] };
  });
  return frames.length > 0 ? frames : [{ refId, length: 0, fields: [] }];
}

/** A frame for each query: a row for each sample, a column for each label, sorted as they turn up. */
function table({ refId }, answer, valueName) {
  const rows = samples(answer.data).flatMap(({ labels, points }) => points.map((point) => ({ labels, point })));
  const names = [...new Set(rows.flatMap(({ labels }) => Object.keys(labels).sort()))];
  const label = (name) => {
    const values = rows.map(({ labels }) => labels[name] ?? '');
    return { name, type: FieldType.string, config: { filterable: true }, values };
  };
  const values = rows.map(({ point }) => number(point[1]));
  const value = { name: valueName, type: FieldType.number, config: {}, values };
  const fields = [time(rows.map(({ point }) => point)), ...names.map(label), value];
  return { refId, length: rows.length, fields };
}

function frames(panel, results) {
  const targets = panel.targets.filter(({ refId, hide }) => !hide && results[refId]);
  const tables = targets.filter(({ format }) => format === 'table');
  const isEmpty = tables.length === 1 && samples(results[tables[0].refId].data).length === 0;
  const name = ({ refId }) => (tables.length > 1 ? `Value #${refId}` : 'Value');
  return [
    ...targets.filter((target) => !tables.includes(target)).flatMap((target) => series(target, results[target.refId])),
    ...(isEmpty ? [{ refId: tables[0].refId, length: 0, fields: [] }] : tables.map((target) => table(target, results[target.refId], name(target)))),
  ];
}

// --- What Grafana makes of it.

const MEANT_FOR_NUMBERS = ['min', 'max', 'decimals', 'fieldMinMax'];

/** The properties that a panel's field configuration may set: the standard ones, and its own `custom` ones. */
function properties({ defaults, overrides }) {
  const standard = Object.values(grafana.FieldConfigProperty).map((id) => ({
    id,
    path: id,
    shouldApply: ({ type }) => type === FieldType.number || !MEANT_FOR_NUMBERS.includes(id),
  }));
  const overridden = overrides.flatMap((override) => override.properties.map(({ id }) => id)).filter((id) => id.startsWith('custom.'));
  const custom = new Set([...overridden, ...Object.keys(defaults.custom ?? {}).map((key) => `custom.${key}`)]);
  const ours = [...custom].map((id) => ({ id, path: id.replace('custom.', ''), isCustom: true, shouldApply: () => true }));
  const process = (value) => value;
  return new grafana.FieldConfigOptionsRegistry(() => [...standard, ...ours].map((item) => ({ ...item, name: item.id, process })));
}

const REDUCING = ['stat', 'gauge', 'bargauge'];

async function show({ panel, results }) {
  const fieldConfig = { defaults: {}, overrides: [], ...panel.fieldConfig };
  const replaceVariables = (text) => text;
  const transformed = await lastValueFrom(grafana.transformDataFrame(panel.transformations ?? [], frames(panel, results)));
  const fieldConfigRegistry = properties(fieldConfig);
  const data = grafana.applyFieldOverrides({ data: transformed, fieldConfig, fieldConfigRegistry, replaceVariables, theme, timeZone });
  const seen = panel.type === 'table' ? data.slice(panel.options?.frameIndex ?? 0).slice(0, 1) : data;
  const fields = seen.flatMap((frame) =>
    frame.fields
      .filter(({ config }) => !config.custom?.hidden && !config.custom?.hideFrom?.viz)
      .map((field) => ({
        name: getFieldDisplayName(field, frame, data),
        values: [...field.values],
        texts: [...field.values].map((value) => formattedValueToString(field.display(value))),
      })),
  );
  const output = { title: panel.title, frames: data.length, fields };
  if (!REDUCING.includes(panel.type)) return output;
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false, ...panel.options?.reduceOptions };
  const displays = grafana.getFieldDisplayValues({ data, fieldConfig, reduceOptions, replaceVariables, theme, timeZone });
  const shown = displays.map(({ display }) => ({ title: display.title, text: formattedValueToString(display) }));
  return { ...output, shown };
}

for await (const line of createInterface({ input: process.stdin })) {
  const input = JSON.parse(line);
  try {
    console.log(JSON.stringify(await show(input)));
  } catch (error) {
    console.log(JSON.stringify({ title: input.panel.title, error: String(error) }));
    process.exitCode = 1;
  }
}
