// What a dashboard file may say: Grafana's own types, closed where they leave a word open, and our few habits.
import type { DataLink, DataTransformerInfo, FieldMatcherID, standardTransformers } from '@grafana/data';
import type * as grafana from '@grafana/schema';
import type * as barchart from '@grafana/schema/dist/esm/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen.d.ts';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen.d.ts';
import type * as gauge from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen.d.ts';
import type * as piechart from '@grafana/schema/dist/esm/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen.d.ts';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen.d.ts';
import type * as timeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen.d.ts';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen.d.ts';
import type * as text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen.d.ts';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen.d.ts';
// Later versions of the schema have no Prometheus.
import type { PrometheusDataQuery } from 'schema-10/dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen.d.ts';
// Written by types.mjs from what @grafana/data has at run time.
import type { Color, Reducer, Transformers, Unit } from './known';

/** Properties that are strings for TypeScript, and words of a closed set for Grafana. */
interface Words {
  calcs: Reducer;
  color: Color;
  fixedColor: Color;
  reducers: Reducer;
  unit: Unit;
}

/** Properties that were strings before they became objects, and may still be. */
interface Older {
  left: string;
  right: string;
}

type Worded<T, Word> = T extends string ? Word : T extends readonly string[] ? Word[] : Json<T>;

/** What JSON holds where Grafana's code has a T: the values of an enum, no functions. */
type Json<T> = T extends string
  ? `${T}`
  : T extends (...parameters: never[]) => unknown
    ? never
    : T extends readonly (infer Item)[]
      ? Json<Item>[]
      : T extends object
        ? { [Key in keyof T]: Member<T, Key> }
        : T;

type Member<T, Key extends keyof T> = Key extends keyof Words
  ? Worded<T[Key], Words[Key]>
  : Key extends keyof Older
    ? Json<T[Key]> | Older[Key]
    : Json<T[Key]>;

/** What Grafana fills with defaults. */
type Part<T> = T extends readonly unknown[] ? T : T extends object ? { [Key in keyof T]?: Part<T[Key]> } : T;

type None = Record<string, never>;

/** The types of panels, each with its options and its custom field configuration. */
interface Types {
  barchart: [barchart.Options, barchart.FieldConfig];
  bargauge: [bargauge.Options, None];
  gauge: [gauge.Options, None];
  piechart: [piechart.Options, piechart.FieldConfig];
  stat: [stat.Options, None];
  // The schema forgets what its editor sets.
  'state-timeline': [timeline.Options, timeline.FieldConfig & Pick<grafana.GraphFieldConfig, 'insertNulls' | 'spanNulls'>];
  table: [table.Options, table.FieldConfig];
  text: [text.Options, None];
  timeseries: [timeseries.Options, timeseries.FieldConfig];
}

interface Datasource {
  type: 'prometheus';
  uid: '${datasource}';
}

interface Target extends Omit<Json<PrometheusDataQuery>, 'datasource'> {
  datasource: Datasource;
}

type Link = Pick<Json<DataLink>, 'title' | 'url' | 'targetBlank' | 'oneClick'>;

interface Field<Custom> extends Omit<Json<grafana.FieldConfig>, 'custom' | 'links'> {
  custom?: Part<Json<Custom>>;
  links?: Link[];
}

type Standard =
  | 'color'
  | 'decimals'
  | 'displayName'
  | 'filterable'
  | 'links'
  | 'mappings'
  | 'max'
  | 'min'
  | 'noValue'
  | 'thresholds'
  | 'unit';

type Property<Custom> =
  | { [Key in Standard]: { id: Key; value: NonNullable<Field<Custom>[Key]> } }[Standard]
  | { [Key in keyof Custom & string]-?: { id: `custom.${Key}`; value: Part<Json<NonNullable<Custom[Key]>>> } }[keyof Custom &
      string];

interface FieldConfig<Custom> {
  defaults: Field<Custom>;
  overrides: { matcher: { id: `${FieldMatcherID}`; options?: unknown }; properties: Property<Custom>[] }[];
}

type OptionsOf<Name extends keyof typeof standardTransformers> =
  (typeof standardTransformers)[Name] extends DataTransformerInfo<infer Options> ? Part<Json<Options>> : never;

type Transformation = {
  [Id in keyof Transformers]: Omit<Json<grafana.DataTransformerConfig>, 'id' | 'options'> & {
    id: Id;
    options: OptionsOf<Transformers[Id]>;
  };
}[keyof Transformers];

type Inherited = 'datasource' | 'fieldConfig' | 'gridPos' | 'id' | 'links' | 'options' | 'targets' | 'transformations' | 'type';

export interface Panel<Type extends keyof Types> extends Omit<Json<grafana.Panel>, Inherited> {
  id: number;
  type: Type;
  gridPos: Json<grafana.GridPos>;
  datasource?: Datasource;
  fieldConfig?: FieldConfig<Types[Type][1]>;
  links?: Partial<Json<grafana.DashboardLink>>[];
  options?: Part<Json<Types[Type][0]>>;
  targets?: Target[];
  transformations?: Transformation[];
}

/** Its panels are checked each for itself. */
export interface Row extends Omit<Json<grafana.RowPanel>, 'panels' | 'datasource'> {
  panels: [];
}

type Model = Omit<Json<grafana.VariableModel>, 'current' | 'datasource' | 'query' | 'type'> & {
  current?: Partial<Json<grafana.VariableOption>>;
};

interface QueryVariable extends Model {
  type: 'query';
  datasource: Datasource;
  /** As the editor shows it. */
  definition?: string;
  query: string | { qryType?: number; query: string; refId: string };
}

interface OtherVariable extends Model {
  type: 'constant' | 'custom' | 'datasource' | 'interval' | 'textbox';
  query: string;
}

export interface Dashboard extends Omit<Json<grafana.Dashboard>, 'panels' | 'templating'> {
  id: null;
  panels: [];
  templating: { list: (QueryVariable | OtherVariable)[] };
}
