//! Deeds added up the way report files show them: seven counters, and the same by editor, feature,
//! language and model.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};

use super::deeds::{Deed, Feature};
use super::presence;
use super::releases::Release;
use super::stack::Editor;
use super::world::Person;

/// What the client did not tell.
const UNKNOWN: &str = "unknown";

/// What one person or many did on a day.
#[derive(Debug, Default, Serialize)]
pub(super) struct Activity {
    #[serde(flatten)]
    counters: Counters,
    /// Without the command line and the app, which are no editors.
    #[serde(serialize_with = "rows")]
    totals_by_ide: BTreeMap<Ide, InIde>,
    #[serde(serialize_with = "rows")]
    totals_by_feature: BTreeMap<OfFeature, Counters>,
    #[serde(serialize_with = "rows")]
    totals_by_language_feature: BTreeMap<LanguageFeature, Code>,
    /// Without completions, which have no model; the same goes for model and feature.
    #[serde(serialize_with = "rows")]
    totals_by_language_model: BTreeMap<LanguageModel, Code>,
    #[serde(serialize_with = "rows")]
    totals_by_model_feature: BTreeMap<ModelFeature, Counters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    totals_by_cli: Option<Client>,
    #[serde(skip_serializing_if = "Option::is_none")]
    totals_by_copilot_app: Option<Client>,
}

/// All seven counters.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Counters {
    user_initiated_interaction_count: u64,
    #[serde(flatten)]
    code: Code,
}

/// The six counters about code, which are all there are by language.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Code {
    code_generation_activity_count: u64,
    code_acceptance_activity_count: u64,
    loc_suggested_to_add_sum: u64,
    loc_suggested_to_delete_sum: u64,
    loc_added_sum: u64,
    loc_deleted_sum: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Ide {
    ide: &'static str,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct OfFeature {
    feature: &'static str,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct LanguageFeature {
    language: &'static str,
    feature: &'static str,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct LanguageModel {
    language: &'static str,
    model: &'static str,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct ModelFeature {
    model: &'static str,
    feature: &'static str,
}

/// What happened in an editor; of a person also which versions they have.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct InIde {
    #[serde(flatten)]
    counters: Counters,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_known_ide_version: Option<IdeVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_known_plugin_version: Option<PluginVersion>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct IdeVersion {
    ide_version: &'static str,
    sampled_at: Instant,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct PluginVersion {
    plugin: &'static str,
    plugin_version: &'static str,
    sampled_at: Instant,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct CliVersion {
    cli_version: &'static str,
    sampled_at: Instant,
}

/// An instant as reports write it, with milliseconds.
#[derive(Clone, Copy, Debug)]
struct Instant(DateTime<Utc>);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

/// The command line, or the app. Prompts are the deeds'; sessions, requests and tokens follow from the deeds as they
/// plausibly would.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Client {
    session_count: u64,
    request_count: u64,
    prompt_count: u64,
    token_usage: Tokens,
    /// Of a person on the command line only.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_known_cli_version: Option<CliVersion>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Tokens {
    output_tokens_sum: u64,
    prompt_tokens_sum: u64,
    /// Rounded to hundredths.
    avg_tokens_per_request: f64,
}

/// An element of an array: the labels and the counters side by side.
#[derive(Serialize)]
struct Row<'r, L, C> {
    #[serde(flatten)]
    labels: &'r L,
    #[serde(flatten)]
    counters: &'r C,
}

fn rows<L: Serialize, C: Serialize, S: Serializer>(
    rows: &BTreeMap<L, C>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rows.iter().map(|(labels, counters)| Row { labels, counters }))
}

impl Activity {
    /// Adds what somebody did.
    pub(super) fn add(&mut self, deeds: &[Deed]) {
        for deed in deeds {
            let (language, feature) = (deed.language.unwrap_or(UNKNOWN), deed.feature.name());
            self.counters.add(deed);
            self.totals_by_feature.entry(OfFeature { feature }).or_default().add(deed);
            self.totals_by_language_feature
                .entry(LanguageFeature { language, feature })
                .or_default()
                .add(deed);
            if let Some(editor) = deed.editor {
                self.totals_by_ide.entry(Ide::of(editor)).or_default().counters.add(deed);
            }
            if let Some(model) = deed.model {
                self.totals_by_language_model.entry(LanguageModel { language, model }).or_default().add(deed);
                self.totals_by_model_feature.entry(ModelFeature { model, feature }).or_default().add(deed);
            }
            match deed.feature {
                Feature::CopilotCli => self.totals_by_cli.get_or_insert_default().add(deed),
                Feature::CopilotApp => self.totals_by_copilot_app.get_or_insert_default().add(deed),
                _ => {}
            }
        }
    }

    /// What one person's clients tell of a day: what they did, and in which versions.
    pub(super) fn of(person: &Person, day: NaiveDate, told: &[Deed]) -> Self {
        let mut activity = Self::default();
        activity.add(told);
        let sampled_at = Instant(presence::acted_at(person, day));
        for editor in told.iter().filter_map(|deed| deed.editor) {
            let Release { editor: ide_version, plugin, plugin_version } = Release::of(person, editor);
            let totals = activity.totals_by_ide.entry(Ide::of(editor)).or_default();
            totals.last_known_ide_version = Some(IdeVersion { ide_version, sampled_at });
            totals.last_known_plugin_version = Some(PluginVersion { plugin, plugin_version, sampled_at });
        }
        if let Some(cli) = &mut activity.totals_by_cli {
            cli.last_known_cli_version =
                Some(CliVersion { cli_version: Release::of_cli(person), sampled_at });
        }
        activity
    }
}

impl Counters {
    fn add(&mut self, deed: &Deed) {
        self.user_initiated_interaction_count += deed.interactions;
        self.code.add(deed);
    }
}

impl Code {
    fn add(&mut self, deed: &Deed) {
        self.code_generation_activity_count += deed.generations;
        self.code_acceptance_activity_count += deed.acceptances;
        self.loc_suggested_to_add_sum += deed.lines_suggested;
        self.loc_suggested_to_delete_sum += deed.lines_suggested_to_delete;
        self.loc_added_sum += deed.lines_added;
        self.loc_deleted_sum += deed.lines_deleted;
    }
}

impl Ide {
    fn of(editor: Editor) -> Self {
        Self { ide: editor.ide_name() }
    }
}

impl Client {
    fn add(&mut self, deed: &Deed) {
        let requests = deed.interactions + deed.generations;
        self.session_count += 1 + deed.interactions / 5;
        self.request_count += requests;
        self.prompt_count += deed.interactions;
        let tokens = &mut self.token_usage;
        tokens.output_tokens_sum += 180 * requests + 11 * deed.lines_added;
        tokens.prompt_tokens_sum += 4_100 * requests;
        let all = tokens.output_tokens_sum + tokens.prompt_tokens_sum;
        tokens.avg_tokens_per_request = hundredths(100.0 * all as f64 / self.request_count as f64);
    }
}

/// So many hundredths, none of them broken.
fn hundredths(number: f64) -> f64 {
    number.round() / 100.0
}
