//! What reports tell of a day beside completions and chat: by feature, editor, language and model, of the command line
//! and the app, and of an owner surfaces, agents, pull requests and adoption.

use serde::{Deserialize, Serialize};

use super::{
    fold::OpenLabel,
    label::{Label, Labels},
    share::cli_parts,
    table::{Figures, Row, Table, Weight},
    usage::{COMPLETIONS, known_sum},
};
use crate::github::reports::{Element, EntityDay, PullRequests, Terminal};

/// The detail of one day of one scope. An owner's is GitHub's own record of it; a team's is added up over its people,
/// who tell nothing of surfaces, agents, pull requests and adoption.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Prompts of all features.
    pub interactions: Option<i64>,
    /// Lines that entered editors by all features.
    pub lines_added: Option<i64>,
    /// Lines removed by all features.
    pub lines_deleted: Option<i64>,
    /// By feature.
    pub features: Table<1, Counters>,
    /// By editor, all features mixed.
    pub editors: Table<1, Counters>,
    /// By language and feature.
    pub languages: Table<2, Counters>,
    /// By model and feature.
    pub models: Table<2, Counters>,
    /// The command line; nothing where nobody used it.
    pub cli: Option<Terminal>,
    /// The app; nothing where nobody used it.
    pub app: Option<Terminal>,
    /// Distinct people who chatted on the 28 days up to this one.
    pub monthly_active_chat_users: Option<i64>,
    /// Distinct people who used agents on the 28 days up to this one.
    pub monthly_active_agent_users: Option<i64>,
    /// Distinct people of each surface, in the order of [`Surface::ALL`].
    pub surfaces: [Reached; 6],
    /// Agents of others.
    pub agents: Table<1, AgentCounts>,
    /// Pull requests.
    pub pull_requests: Option<PullRequests>,
    /// How far people have come with AI.
    pub phases: Vec<Phase>,
}

/// What reports count of a feature, an editor, a language or a model. Each may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[Option<i64>; 6]", into = "[Option<i64>; 6]")]
pub struct Counters {
    /// Prompts that people sent.
    pub interactions: Option<i64>,
    /// Outputs: completions shown, code blocks, edits of agents.
    pub generations: Option<i64>,
    /// Outputs that people accepted.
    pub acceptances: Option<i64>,
    /// Lines proposed.
    pub lines_suggested: Option<i64>,
    /// Lines that entered the editor.
    pub lines_added: Option<i64>,
    /// Lines removed.
    pub lines_deleted: Option<i64>,
}

/// What reports count of an agent that is not GitHub's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentCounts {
    /// Sessions.
    pub sessions: Option<i64>,
    /// Jobs that people started.
    pub jobs: Option<i64>,
}

/// Where Copilot is used beside the editor's own chat and completions: the `surface` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The command line.
    Cli,
    /// The app.
    CopilotApp,
    /// The agents' window of VS Code.
    VscodeAgent,
    /// The agent in GitHub's cloud.
    CloudAgent,
    /// Reviews that people asked for, or took a suggestion of.
    ReviewActive,
    /// Reviews that were assigned to people's pull requests automatically.
    ReviewPassive,
}

impl Surface {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Cli,
        Self::CopilotApp,
        Self::VscodeAgent,
        Self::CloudAgent,
        Self::ReviewActive,
        Self::ReviewPassive,
    ];

    /// The value of the label.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::CopilotApp => "copilot_app",
            Self::VscodeAgent => "vscode_agent",
            Self::CloudAgent => "copilot_cloud_agent",
            Self::ReviewActive => "code_review_active",
            Self::ReviewPassive => "code_review_passive",
        }
    }
}

/// Distinct people of a surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// On the day.
    pub daily: Option<i64>,
    /// On the 7 days up to it.
    pub weekly: Option<i64>,
    /// On the 28 days up to it.
    pub monthly: Option<i64>,
}

/// The people of one adoption phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// `0` for none to `3`.
    pub number: String,
    /// People who are in it, of the 28 days up to this one.
    pub users: Option<i64>,
    /// Those of them who were active on the day.
    pub active_users: Option<i64>,
}

/// What is known only from people's own rows: who used what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// AI credits, in billionths; nothing where no row has any.
    pub credits: Option<i64>,
    /// Distinct people by feature.
    pub features: Table<1, Users>,
    /// Distinct people by editor.
    pub editors: Table<1, Users>,
}

/// A number of distinct people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users(pub Option<i64>);

impl Figures for Counters {
    fn merged(self, other: Self) -> Self {
        Self {
            interactions: known_sum(self.interactions, other.interactions),
            generations: known_sum(self.generations, other.generations),
            acceptances: known_sum(self.acceptances, other.acceptances),
            lines_suggested: known_sum(self.lines_suggested, other.lines_suggested),
            lines_added: known_sum(self.lines_added, other.lines_added),
            lines_deleted: known_sum(self.lines_deleted, other.lines_deleted),
        }
    }
}

impl Figures for AgentCounts {
    fn merged(self, other: Self) -> Self {
        Self { sessions: known_sum(self.sessions, other.sessions), jobs: known_sum(self.jobs, other.jobs) }
    }
}

impl Figures for Users {
    fn merged(self, _: Self) -> Self {
        Self(None)
    }

    fn people(&mut self) -> Option<&mut Option<i64>> {
        Some(&mut self.0)
    }
}

impl From<[Option<i64>; 6]> for Counters {
    fn from(parts: [Option<i64>; 6]) -> Self {
        Self::of_parts(parts)
    }
}

impl From<Counters> for [Option<i64>; 6] {
    fn from(counters: Counters) -> Self {
        counters.parts()
    }
}

impl Counters {
    pub(super) fn of<S>(element: &Element<S>) -> Self {
        Self {
            interactions: element.user_initiated_interaction_count,
            generations: element.code_generation_activity_count,
            acceptances: element.code_acceptance_activity_count,
            lines_suggested: element.loc_suggested_to_add_sum,
            lines_added: element.loc_added_sum,
            lines_deleted: element.loc_deleted_sum,
        }
    }

    pub(super) fn parts(&self) -> [Option<i64>; 6] {
        let Self { interactions, generations, acceptances, lines_suggested, lines_added, lines_deleted } =
            *self;
        [interactions, generations, acceptances, lines_suggested, lines_added, lines_deleted]
    }

    pub(super) fn of_parts(parts: [Option<i64>; 6]) -> Self {
        let [interactions, generations, acceptances, lines_suggested, lines_added, lines_deleted] = parts;
        Self { interactions, generations, acceptances, lines_suggested, lines_added, lines_deleted }
    }

    /// How much a name weighs by these: completions are the outputs of their feature.
    pub(super) fn weight(&self, feature: &str) -> Weight {
        if feature == COMPLETIONS {
            Weight::completions(self.generations)
        } else {
            Weight::use_of(self.generations, self.interactions)
        }
    }
}

/// The labels of each table, and how the names in a row of it weigh. What two tables tell of the same is weighed once:
/// completions by language are in the rows by language and editor, a feature's use is in the table of features.
pub(super) mod ranking {
    use super::{AgentCounts, COMPLETIONS, Counters, OpenLabel, Row, Weight};

    pub(in super::super) const FEATURES: [OpenLabel; 1] = [OpenLabel::Feature];
    pub(in super::super) const EDITORS: [OpenLabel; 1] = [OpenLabel::Editor];
    pub(in super::super) const LANGUAGES: [OpenLabel; 2] = [OpenLabel::Language, OpenLabel::Feature];
    pub(in super::super) const MODELS: [OpenLabel; 2] = [OpenLabel::Model, OpenLabel::Feature];
    pub(in super::super) const AGENTS: [OpenLabel; 1] = [OpenLabel::Agent];

    pub(in super::super) fn features(row: &Row<1, Counters>) -> [Weight; 1] {
        [row.figures.weight(&row.names[0])]
    }

    pub(in super::super) fn editors(row: &Row<1, Counters>) -> [Weight; 1] {
        [Weight::use_of(row.figures.generations, row.figures.interactions)]
    }

    pub(in super::super) fn languages(row: &Row<2, Counters>) -> [Weight; 2] {
        let [_, feature] = &row.names;
        let beside = (**feature != *COMPLETIONS).then(|| row.figures.weight(feature));
        [beside.unwrap_or_default(), Weight::default()]
    }

    pub(in super::super) fn models(row: &Row<2, Counters>) -> [Weight; 2] {
        [row.figures.weight(&row.names[1]), Weight::default()]
    }

    pub(in super::super) fn agents(row: &Row<1, AgentCounts>) -> [Weight; 1] {
        [Weight::use_of(None, row.figures.jobs.filter(|jobs| *jobs > 0).or(row.figures.sessions))]
    }
}

impl Detail {
    /// The detail of an owner's record.
    pub(super) fn of(record: &EntityDay, labels: &mut Labels) -> Self {
        let counters = Counters::of::<String>;
        Self {
            interactions: record.user_initiated_interaction_count,
            lines_added: record.loc_added_sum,
            lines_deleted: record.loc_deleted_sum,
            features: table(&record.totals_by_feature, |e| [&e.feature], counters, labels),
            editors: table(&record.totals_by_ide, |e| [&e.ide], counters, labels),
            languages: table(
                &record.totals_by_language_feature,
                |e| [&e.language, &e.feature],
                counters,
                labels,
            ),
            models: table(&record.totals_by_model_feature, |e| [&e.model, &e.feature], counters, labels),
            cli: told(record.totals_by_cli),
            app: told(record.totals_by_copilot_app),
            monthly_active_chat_users: record.monthly_active_chat_users,
            monthly_active_agent_users: record.monthly_active_agent_users,
            surfaces: surfaces(record),
            agents: table(
                &record.totals_by_3rd_party_agent,
                |agent| [&agent.agent_id],
                |agent| AgentCounts {
                    sessions: agent.session_count,
                    jobs: agent.user_initiated_interaction_count,
                },
                labels,
            ),
            pull_requests: record.pull_requests.filter(|pulls| *pulls != PullRequests::default()),
            phases: phases(record),
        }
    }

    /// Whether no number is known. Names alone are none.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How much there is of each name.
    pub(super) fn weights(&self) -> impl Iterator<Item = (OpenLabel, &Label, Weight)> {
        let features = self.features.weights(ranking::FEATURES, ranking::features);
        let editors = self.editors.weights(ranking::EDITORS, ranking::editors);
        let languages = self.languages.weights(ranking::LANGUAGES, ranking::languages);
        let models = self.models.weights(ranking::MODELS, ranking::models);
        let agents = self.agents.weights(ranking::AGENTS, ranking::agents);
        features.chain(editors).chain(languages).chain(models).chain(agents)
    }

    /// The same with names that are held once.
    #[must_use]
    pub(super) fn with_names(self, labels: &mut Labels) -> Self {
        Self {
            features: self.features.with_names(labels),
            editors: self.editors.with_names(labels),
            languages: self.languages.with_names(labels),
            models: self.models.with_names(labels),
            agents: self.agents.with_names(labels),
            ..self
        }
    }
}

impl Used {
    /// All names in it.
    pub(super) fn names(&self) -> impl Iterator<Item = (OpenLabel, &Label)> {
        let features = self.features.rows.iter().map(|row| (ranking::FEATURES[0], &row.names[0]));
        features.chain(self.editors.rows.iter().map(|row| (ranking::EDITORS[0], &row.names[0])))
    }

    /// The same with names that are held once.
    #[must_use]
    pub(super) fn with_names(self, labels: &mut Labels) -> Self {
        Self { features: self.features.with_names(labels), editors: self.editors.with_names(labels), ..self }
    }
}

/// A table of a record's elements, without names of which no number is known.
fn table<const L: usize, E, F: Figures + Default>(
    elements: &Option<Vec<E>>,
    names: fn(&E) -> [&Option<String>; L],
    figures: fn(&E) -> F,
    labels: &mut Labels,
) -> Table<L, F> {
    let table = Table::of(elements.iter().flatten().map(|element| Row {
        names: names(element).map(|name| labels.label(name.as_deref())),
        figures: figures(element),
    }));
    let known = table.rows.into_iter().filter(|row| row.figures != F::default());
    Table { rows: known.collect(), ..Table::default() }
}

/// What was told of it, if it was any number.
fn told(terminal: Option<Terminal>) -> Option<Terminal> {
    terminal.filter(|terminal| cli_parts(terminal) != [None; 5])
}

fn surfaces(record: &EntityDay) -> [Reached; 6] {
    let reached = |daily, weekly, monthly| Reached { daily, weekly, monthly };
    Surface::ALL.map(|surface| match surface {
        Surface::Cli => reached(
            record.daily_active_cli_users,
            record.weekly_active_cli_users,
            record.monthly_active_cli_users,
        ),
        Surface::CopilotApp => reached(
            record.daily_active_copilot_app_users,
            record.weekly_active_copilot_app_users,
            record.monthly_active_copilot_app_users,
        ),
        Surface::VscodeAgent => reached(
            record.daily_active_vscode_agent_users,
            record.weekly_active_vscode_agent_users,
            record.monthly_active_vscode_agent_users,
        ),
        Surface::CloudAgent => reached(
            record.daily_active_copilot_cloud_agent_users,
            record.weekly_active_copilot_cloud_agent_users,
            record.monthly_active_copilot_cloud_agent_users,
        ),
        Surface::ReviewActive => reached(
            record.daily_active_copilot_code_review_users,
            record.weekly_active_copilot_code_review_users,
            record.monthly_active_copilot_code_review_users,
        ),
        Surface::ReviewPassive => reached(
            record.daily_passive_copilot_code_review_users,
            record.weekly_passive_copilot_code_review_users,
            record.monthly_passive_copilot_code_review_users,
        ),
    })
}

/// The phases that can be told by a number and whose people are counted, each once. Early records have only the name of a phase.
fn phases(record: &EntityDay) -> Vec<Phase> {
    let mut phases: Vec<Phase> = Vec::new();
    for row in record.totals_by_ai_adoption_phase.iter().flatten() {
        let name = row.phase.as_deref().unwrap_or_default();
        let number =
            row.phase_number.or_else(|| phase_number(name)).filter(|number| (0..100).contains(number));
        let Some(number) = number.map(|number| number.to_string()) else { continue };
        let is_told = row.users_in_phase_28d.or(row.total_engaged_users).is_some();
        if is_told && phases.iter().all(|phase| phase.number != number) {
            phases.push(Phase {
                number,
                users: row.users_in_phase_28d,
                active_users: row.total_engaged_users,
            });
        }
    }
    phases
}

fn phase_number(name: &str) -> Option<i64> {
    let name = name.to_lowercase();
    if name == "no cohort" { Some(0) } else { name.strip_prefix("phase ")?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::github::reports::tests::COUNTERS;

    fn detail(record: &Value) -> Detail {
        Detail::of(&serde_json::from_value(record.clone()).unwrap(), &mut Labels::default())
    }

    /// The six counters of an element, from this number on.
    fn element(mut names: Value, first: i64) -> Value {
        for (field, number) in COUNTERS.into_iter().zip(first..) {
            names[field] = number.into();
        }
        names
    }

    fn counters(first: i64) -> Counters {
        Counters::of_parts([0, 1, 2, 3, 4, 5].map(|index| Some(first + index)))
    }

    fn rows<const L: usize, F: Figures>(table: &Table<L, F>) -> Vec<([&str; L], F)> {
        table.rows.iter().map(|row| (row.names.each_ref().map(|name| &**name), row.figures)).collect()
    }

    #[test]
    fn every_list_becomes_its_table_under_clean_names() {
        let detail = detail(&json!({
            "day": "2026-11-17", "user_initiated_interaction_count": 1, "loc_added_sum": 2, "loc_deleted_sum": 3,
            "totals_by_feature": [element(json!({"feature": "agent_edit"}), 10)],
            "totals_by_ide": [element(json!({"ide": "VSCode"}), 20)],
            "totals_by_language_feature": [element(json!({"language": "C#", "feature": "agent_edit"}), 30)],
            "totals_by_model_feature": [element(json!({"model": "GPT-5", "feature": "chat_inline"}), 40)],
            "totals_by_3rd_party_agent": [
                {"agent_id": "Codex", "agent_name": "x", "session_count": 50, "user_initiated_interaction_count": 51},
                {"agent_id": 7, "session_count": 52},
                {"agent_id": "codex", "session_count": 53, "user_initiated_interaction_count": 54},
            ],
        }));
        assert_eq!(
            (detail.interactions, detail.lines_added, detail.lines_deleted),
            (Some(1), Some(2), Some(3))
        );
        assert_eq!(rows(&detail.features), [(["agent_edit"], counters(10))]);
        assert_eq!(rows(&detail.editors), [(["vscode"], counters(20))]);
        assert_eq!(rows(&detail.languages), [(["csharp", "agent_edit"], counters(30))]);
        assert_eq!(rows(&detail.models), [(["gpt-5", "chat_inline"], counters(40))]);
        let agents = [
            (["7"], AgentCounts { sessions: Some(52), jobs: None }),
            (["codex"], AgentCounts { sessions: Some(103), jobs: Some(105) }),
        ];
        assert_eq!(rows(&detail.agents), agents);
    }

    #[test]
    fn spellings_of_one_name_are_one_row_and_what_is_unknown_of_one_is_unknown_of_it() {
        let mut holed = element(json!({"language": "csharp", "feature": "chat_inline"}), 100);
        holed["loc_added_sum"] = Value::Null;
        let languages = json!([
            element(json!({"language": "C#", "feature": "chat_inline"}), 0),
            holed,
            element(json!({"language": "CSharp ", "feature": "chat_inline"}), 200),
        ]);
        let detail = detail(&json!({"day": "2026-11-17", "totals_by_language_feature": languages}));
        let sums = [300, 303, 306, 309, 0, 315].map(Some);
        let expected = Counters { lines_added: None, ..Counters::of_parts(sums) };
        assert_eq!(rows(&detail.languages), [(["csharp", "chat_inline"], expected)]);
    }

    #[test]
    fn counters_are_written_down_in_their_order() {
        let written = json!([1, 2, 3, 4, 5, null]);
        let counters = Counters { lines_deleted: None, ..counters(1) };
        assert_eq!(serde_json::to_value(counters).unwrap(), written);
        assert_eq!(serde_json::from_value::<Counters>(written).unwrap(), counters);
    }

    #[test]
    fn every_surface_has_its_three_fields() {
        let surfaces = [
            "active_cli",
            "active_copilot_app",
            "active_vscode_agent",
            "active_copilot_cloud_agent",
            "active_copilot_code_review",
            "passive_copilot_code_review",
        ];
        let mut record = json!({"day": "2026-11-17"});
        for (surface, first) in surfaces.iter().zip((0..).step_by(10)) {
            for (window, number) in ["daily", "weekly", "monthly"].iter().zip(first..) {
                record[format!("{window}_{surface}_users")] = number.into();
            }
        }
        let detail = detail(&record);
        for (reached, first) in detail.surfaces.iter().zip((0..).step_by(10)) {
            let expected = Reached { daily: Some(first), weekly: Some(first + 1), monthly: Some(first + 2) };
            assert_eq!(*reached, expected);
        }
    }

    #[test]
    fn phases_go_by_their_number_or_else_by_their_name_and_early_ones_know_no_month() {
        let rows = json!([
            {"phase": "Phase 2", "phase_number": 2, "total_engaged_users": 5, "users_in_phase_28d": 9},
            {"phase": "No Cohort", "total_engaged_users": 1},
            {"phase": "Phase 3", "total_engaged_users": 4},
            {"phase": "Phase 2", "phase_number": 2, "total_engaged_users": 70},
            {"phase": "Champions", "total_engaged_users": 80},
            {"phase_number": -1, "total_engaged_users": 90},
        ]);
        let detail = detail(&json!({"day": "2026-11-17", "totals_by_ai_adoption_phase": rows}));
        let phase = |number: &str, users, active_users| Phase { number: number.into(), users, active_users };
        let expected = [phase("2", Some(9), Some(5)), phase("0", None, Some(1)), phase("3", None, Some(4))];
        assert_eq!(detail.phases, expected);
    }

    #[test]
    fn what_is_null_or_missing_is_unknown() {
        let nothing = json!({
            "day": "2026-11-17", "totals_by_feature": null, "totals_by_cli": null, "pull_requests": null,
            "totals_by_3rd_party_agent": null, "totals_by_ai_adoption_phase": null, "totals_by_model_feature": [],
        });
        assert!(detail(&nothing).is_empty());
        let names = json!({
            "day": "2026-11-17", "totals_by_feature": [{"feature": "chat_inline"}], "totals_by_ide": [{"ide": "vim"}, {}],
            "totals_by_language_feature": [{"language": "go"}], "totals_by_model_feature": [{"model": "gpt"}],
            "totals_by_cli": {"token_usage": {}}, "totals_by_copilot_app": {},
            "totals_by_3rd_party_agent": [{"agent_id": "x"}], "pull_requests": {},
            "totals_by_ai_adoption_phase": [{"phase": "Phase 1", "phase_number": 1}],
        });
        assert!(detail(&names).is_empty(), "names are no numbers");
        let cli = detail(&json!({"day": "2026-11-17", "totals_by_cli": {"session_count": 0}})).cli;
        assert_eq!(cli, Some(Terminal { session_count: Some(0), ..Terminal::default() }));
    }

    #[test]
    fn each_name_is_weighed_once_by_the_table_that_tells_most_of_it() {
        let detail = detail(&json!({
            "day": "2026-11-17", "user_initiated_interaction_count": 1,
            "totals_by_feature": [
                {"feature": "code_completion", "code_generation_activity_count": 5},
                {"feature": "chat_inline", "code_generation_activity_count": 0, "user_initiated_interaction_count": 6},
            ],
            "totals_by_ide": [{"ide": "vim", "code_generation_activity_count": 7}],
            "totals_by_language_feature": [
                {"language": "go", "feature": "code_completion", "code_generation_activity_count": 8},
                {"language": "c", "feature": "agent_edit", "code_generation_activity_count": 9},
            ],
            "totals_by_model_feature": [
                {"model": "gpt", "feature": "agent_edit", "code_generation_activity_count": 10},
                {"model": "gpt", "feature": "chat_inline", "code_generation_activity_count": 11},
                {"model": "old", "feature": "code_completion", "code_generation_activity_count": 12},
            ],
            "totals_by_3rd_party_agent": [
                {"agent_id": "x", "session_count": 3, "user_initiated_interaction_count": 0},
                {"agent_id": "y", "session_count": 3, "user_initiated_interaction_count": 4},
            ],
        }));
        let mut sums = std::collections::BTreeMap::<_, Weight>::new();
        for (label, name, weight) in detail.weights() {
            sums.entry((label, name.to_string())).or_default().add(weight);
        }
        sums.retain(|_, weight| *weight != Weight::default());
        let of = |label, name: &str, weight| ((label, name.to_owned()), weight);
        let expected = [
            of(OpenLabel::Language, "c", Weight::use_of(Some(9), None)),
            of(OpenLabel::Editor, "vim", Weight::use_of(Some(7), None)),
            of(OpenLabel::Feature, "code_completion", Weight::completions(Some(5))),
            of(OpenLabel::Feature, "chat_inline", Weight::use_of(None, Some(6))),
            of(OpenLabel::Model, "gpt", Weight::use_of(Some(21), None)),
            of(OpenLabel::Model, "old", Weight::completions(Some(12))),
            of(OpenLabel::Agent, "x", Weight::use_of(None, Some(3))),
            of(OpenLabel::Agent, "y", Weight::use_of(None, Some(4))),
        ];
        assert_eq!(sums, expected.into());
    }
}
