//! Deeds added up the way report files show them: seven counters, and the same by editor, feature,
//! language and model.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::deeds::{Deed, Feature};

/// What the client did not tell.
const UNKNOWN: &str = "unknown";

/// What one person or many did on a day.
#[derive(Debug, Default, Serialize)]
pub(super) struct Activity {
    #[serde(flatten)]
    counters: Counters,
    /// Without the command line, which is no editor.
    #[serde(serialize_with = "rows")]
    totals_by_ide: BTreeMap<Ide, Counters>,
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
    totals_by_cli: Option<Cli>,
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

/// The command line. Prompts are the deeds'; sessions, requests and tokens follow from the deeds as they
/// plausibly would.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Cli {
    session_count: u64,
    request_count: u64,
    prompt_count: u64,
    token_usage: Tokens,
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
                self.totals_by_ide.entry(Ide { ide: editor.ide_name() }).or_default().add(deed);
            }
            if let Some(model) = deed.model {
                self.totals_by_language_model.entry(LanguageModel { language, model }).or_default().add(deed);
                self.totals_by_model_feature.entry(ModelFeature { model, feature }).or_default().add(deed);
            }
            if deed.feature == Feature::CopilotCli {
                self.totals_by_cli.get_or_insert_default().add(deed);
            }
        }
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

impl Cli {
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
