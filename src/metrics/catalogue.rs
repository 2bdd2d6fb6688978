//! Every series, written once: name, help, labels and where its value comes from.
//!
//! The table [`CATALOGUE`] is the contract with dashboards and rules. To follow a number: its `read` names a field of
//! [`Totals`], [`Counts`], [`Detail`] or [`Counters`], or a function in the file of its group; `model::usage`, `detail`,
//! `seats` and `billing` say from which field of GitHub's record that comes.

use std::collections::BTreeSet;

use super::{
    billing, detail,
    exporter::{self, Emit, Service},
    seats,
};
use crate::model::{
    detail::{Counters, Detail},
    usage::{Counts, Totals},
    view::{LatestDay, ScopeView},
};

/// The labels of every data series. Exactly one of `enterprise` and `org` is filled; `team` is empty for the owner.
pub const SCOPE_LABELS: [&str; 3] = ["enterprise", "org", "team"];

/// One family of series.
#[derive(Debug)]
pub struct Metric {
    /// The full name.
    pub name: &'static str,
    /// What it counts and which field of GitHub's it comes from. See [`Metric::help`] for the whole text.
    pub about: &'static str,
    /// How much detail it is.
    pub group: Group,
    /// Where its samples come from.
    pub read: Read,
}

/// How much detail a metric is: `EXPORTER_TEAM_DETAIL` and `EXPORTER_MAX_SERIES` go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// One figure per scope. Never dropped.
    Totals,
    /// By language and editor, and day by day.
    Core,
    /// Everything else that reports tell of a day.
    Detail,
    /// Who has a seat. Of owners only.
    Seats,
    /// What this month has cost. Of owners only.
    Billing,
    /// The exporter's own.
    Exporter,
}

/// Where the samples of a metric come from.
#[derive(Clone, Copy, Debug)]
pub enum Read {
    /// A figure of each row of the newest day.
    Row(fn(&Counts) -> Option<i64>),
    /// A figure of the newest day.
    Total(fn(&Totals) -> Option<i64>),
    /// The same figure for each day of the history.
    Daily(fn(&Totals) -> Option<i64>),
    /// The start of the newest day.
    DayStart,
    /// A figure of the newest day's detail.
    Detail(fn(&Detail) -> Option<i64>),
    /// A figure of each row of one of its tables.
    Table(By, fn(&Counters) -> Option<i64>),
    /// Figures of the newest day, with these labels behind those of the scope.
    Newest(&'static [&'static str], fn(&LatestDay<'_>, &mut Emit<'_>)),
    /// Figures of an owner that are of no day, with these labels behind those of the scope.
    Owner(&'static [&'static str], fn(&ScopeView<'_>, &mut Emit<'_>)),
    /// A gauge of the exporter's own, with these labels.
    Gauge(&'static [&'static str], fn(&Service<'_>, &mut Emit<'_>)),
    /// A counter of the exporter's own, with these labels.
    Counter(&'static [&'static str], fn(&Service<'_>, &mut Emit<'_>)),
    /// A counter that is read at every scrape, with these labels.
    LiveCounter(&'static [&'static str]),
}

/// A table of the newest day's detail.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// By feature.
    Feature,
    /// By editor, all features mixed.
    Editor,
    /// By language and feature.
    Language,
    /// By model and feature.
    Model,
}

impl By {
    /// Its labels.
    pub const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Feature => &["feature"],
            Self::Editor => &["editor"],
            Self::Language => &["language", "feature"],
            Self::Model => &["model", "feature"],
        }
    }
}

impl Metric {
    /// The labels, in the order in which they are written.
    pub fn labels(&self) -> Vec<&'static str> {
        let scope_and = |more: &[&'static str]| SCOPE_LABELS.iter().chain(more).copied().collect();
        match self.read {
            Read::Row(_) => scope_and(&["language", "editor"]),
            Read::Total(_) | Read::DayStart | Read::Detail(_) => scope_and(&[]),
            Read::Table(by, _) => scope_and(by.labels()),
            Read::Daily(_) => scope_and(&["day"]),
            Read::Newest(labels, _) | Read::Owner(labels, _) => scope_and(labels),
            Read::Gauge(labels, _) | Read::Counter(labels, _) | Read::LiveCounter(labels) => labels.to_vec(),
        }
    }

    /// Whether it only ever grows; everything GitHub tells is a gauge, because it can be revised.
    pub const fn is_counter(&self) -> bool {
        matches!(self.read, Read::Counter(..) | Read::LiveCounter(_))
    }

    /// The HELP text: what, source, window, and that it is a copy.
    pub fn help(&self) -> String {
        let window = match (self.group, self.read) {
            (Group::Exporter, _) => "",
            (Group::Seats, _) => " Window: up to when GitHub was last asked. Cached.",
            (Group::Billing, _) => {
                " Window: the month of github_copilot_billing_month_timestamp_seconds to date. Cached."
            }
            (_, Read::Daily(_)) => " Window: one UTC day each, the newest 28 at most. Cached.",
            _ => " Window: the UTC day of github_copilot_day_timestamp_seconds. Cached.",
        };
        format!("{}{window}", self.about)
    }
}

/// The names of all labels that data series have, each once.
pub fn data_labels() -> BTreeSet<&'static str> {
    let data = CATALOGUE.iter().filter(|metric| metric.group != Group::Exporter);
    data.flat_map(Metric::labels).collect()
}

/// A metric of a scope.
const fn data(name: &'static str, group: Group, read: Read, about: &'static str) -> Metric {
    Metric { name, about, group, read }
}

/// A metric of the exporter's own.
const fn own(name: &'static str, read: Read, about: &'static str) -> Metric {
    Metric { name, about, group: Group::Exporter, read }
}

/// The name that the server's counter has; it is read at every scrape.
pub const HTTP_REQUESTS: &str = "github_copilot_exporter_http_requests_total";

const OWNER_SOURCE: &[&str] = &["enterprise", "org", "source"];

/// All series, in the order in which they are served.
pub static CATALOGUE: &[Metric] = &[
    data(
        "github_copilot_suggestions",
        Group::Core,
        Read::Row(|row| row.suggestions),
        "Code completions shown, by language and editor (usage: breakdown.suggestions_count; reports: code_completion code_generation_activity_count).",
    ),
    data(
        "github_copilot_acceptances",
        Group::Core,
        Read::Row(|row| row.acceptances),
        "Code completions accepted, by language and editor (usage: breakdown.acceptances_count; reports: code_completion code_acceptance_activity_count).",
    ),
    data(
        "github_copilot_lines_suggested",
        Group::Core,
        Read::Row(|row| row.lines_suggested),
        "Lines of the code completions shown, by language and editor (usage: breakdown.lines_suggested; reports: code_completion loc_suggested_to_add_sum).",
    ),
    data(
        "github_copilot_lines_accepted",
        Group::Core,
        Read::Row(|row| row.lines_accepted),
        "Lines of the code completions accepted, by language and editor (usage: breakdown.lines_accepted; reports: code_completion loc_added_sum).",
    ),
    data(
        "github_copilot_active_users",
        Group::Core,
        Read::Row(|row| row.active_users),
        "People shown a completion in that language and editor (usage: breakdown.active_users; reports: user_id with code_completion code_generation_activity_count above 0). Distinct: do not add up.",
    ),
    data(
        "github_copilot_total_suggestions",
        Group::Totals,
        Read::Total(|day| day.suggestions),
        "Code completions shown (usage: total_suggestions_count; reports: code_completion code_generation_activity_count). GitHub's own total; rows can differ.",
    ),
    data(
        "github_copilot_total_acceptances",
        Group::Totals,
        Read::Total(|day| day.acceptances),
        "Code completions accepted (usage: total_acceptances_count; reports: code_completion code_acceptance_activity_count). GitHub's own total; rows can differ.",
    ),
    data(
        "github_copilot_total_lines_suggested",
        Group::Totals,
        Read::Total(|day| day.lines_suggested),
        "Lines of the code completions shown (usage: total_lines_suggested; reports: code_completion loc_suggested_to_add_sum).",
    ),
    data(
        "github_copilot_total_lines_accepted",
        Group::Totals,
        Read::Total(|day| day.lines_accepted),
        "Lines of the code completions accepted (usage: total_lines_accepted; reports: code_completion loc_added_sum).",
    ),
    data(
        "github_copilot_total_active_users",
        Group::Totals,
        Read::Total(|day| day.active_users),
        "People shown a completion (usage: total_active_users) or active in any way (reports: daily_active_users; of a team its distinct user_id). Distinct: do not add up.",
    ),
    data(
        "github_copilot_total_chat_turns",
        Group::Totals,
        Read::Total(|day| day.chat_turns),
        "Prompts answered by chat in the editor (usage: total_chat_turns; reports: user_initiated_interaction_count of chat).",
    ),
    data(
        "github_copilot_total_chat_acceptances",
        Group::Totals,
        Read::Total(|day| day.chat_acceptances),
        "Pieces of code accepted from chat in the editor (usage: total_chat_acceptances; reports: code_acceptance_activity_count of chat).",
    ),
    data(
        "github_copilot_total_active_chat_users",
        Group::Totals,
        Read::Total(|day| day.active_chat_users),
        "People who used chat in the editor (usage: total_active_chat_users; reports: user_id with user_initiated_interaction_count of chat above 0). Distinct: do not add up.",
    ),
    data(
        "github_copilot_day_timestamp_seconds",
        Group::Totals,
        Read::DayStart,
        "Start of the newest day that GitHub has published, which the series without a day label describe (usage and reports: day).",
    ),
    data(
        "github_copilot_daily_suggestions",
        Group::Core,
        Read::Daily(|day| day.suggestions),
        "Code completions shown (usage: total_suggestions_count; reports: code_completion code_generation_activity_count).",
    ),
    data(
        "github_copilot_daily_acceptances",
        Group::Core,
        Read::Daily(|day| day.acceptances),
        "Code completions accepted (usage: total_acceptances_count; reports: code_completion code_acceptance_activity_count).",
    ),
    data(
        "github_copilot_daily_lines_suggested",
        Group::Core,
        Read::Daily(|day| day.lines_suggested),
        "Lines of the code completions shown (usage: total_lines_suggested; reports: code_completion loc_suggested_to_add_sum).",
    ),
    data(
        "github_copilot_daily_lines_accepted",
        Group::Core,
        Read::Daily(|day| day.lines_accepted),
        "Lines of the code completions accepted (usage: total_lines_accepted; reports: code_completion loc_added_sum).",
    ),
    data(
        "github_copilot_daily_active_users",
        Group::Core,
        Read::Daily(|day| day.active_users),
        "People shown a completion (usage: total_active_users) or active in any way (reports: daily_active_users; of a team its distinct user_id). Distinct: do not add up over days.",
    ),
    data(
        "github_copilot_daily_chat_turns",
        Group::Core,
        Read::Daily(|day| day.chat_turns),
        "Prompts answered by chat in the editor (usage: total_chat_turns; reports: user_initiated_interaction_count of chat).",
    ),
    data(
        "github_copilot_daily_chat_acceptances",
        Group::Core,
        Read::Daily(|day| day.chat_acceptances),
        "Pieces of code accepted from chat in the editor (usage: total_chat_acceptances; reports: code_acceptance_activity_count of chat).",
    ),
    data(
        "github_copilot_daily_active_chat_users",
        Group::Core,
        Read::Daily(|day| day.active_chat_users),
        "People who used chat in the editor (usage: total_active_chat_users; reports: user_id with user_initiated_interaction_count of chat above 0). Distinct: do not add up over days.",
    ),
    data(
        "github_copilot_weekly_active_users",
        Group::Core,
        Read::Total(|day| day.weekly_active_users),
        "People active on the 7 days up to the day (reports: weekly_active_users; of a team its distinct user_id). Distinct: do not add up.",
    ),
    data(
        "github_copilot_monthly_active_users",
        Group::Core,
        Read::Total(|day| day.monthly_active_users),
        "People active on the 28 days up to the day (reports: monthly_active_users; of a team its distinct user_id). Distinct: do not add up.",
    ),
    data(
        "github_copilot_monthly_active_chat_users",
        Group::Detail,
        Read::Detail(|day| day.monthly_active_chat_users),
        "People who chatted in the editor on the 28 days up to the day (reports: monthly_active_chat_users). Distinct: do not add up.",
    ),
    data(
        "github_copilot_monthly_active_agent_users",
        Group::Detail,
        Read::Detail(|day| day.monthly_active_agent_users),
        "People who used agent mode on the 28 days up to the day (reports: monthly_active_agent_users). Distinct: do not add up.",
    ),
    data(
        "github_copilot_team_seated_users",
        Group::Core,
        Read::Total(|day| day.seated_users),
        "People with a seat in the team, active or not (reports: user_id of user-teams-1-day). Distinct: do not add up.",
    ),
    data(
        "github_copilot_unlisted_team_active_users",
        Group::Core,
        Read::Total(|day| day.unlisted_active_users),
        "Active people in no team that GitHub lists: it leaves out teams of fewer than five with a seat (reports: user_id of users-1-day without one in user-teams-1-day).",
    ),
    data(
        "github_copilot_surface_daily_active_users",
        Group::Detail,
        Read::Newest(&["surface"], detail::surface_daily),
        "People on the day by surface: cli, copilot_app, vscode_agent (its agents' window, not agent mode in the editor), copilot_cloud_agent, code_review_active (who asked for a review or applied a suggestion), code_review_passive (only assigned automatically) (reports: daily_active_cli_users, daily_active_copilot_app_users and so on). Distinct: do not add up.",
    ),
    data(
        "github_copilot_surface_weekly_active_users",
        Group::Detail,
        Read::Newest(&["surface"], detail::surface_weekly),
        "People on the 7 days up to the day by surface: cli, copilot_app, vscode_agent (its agents' window, not agent mode in the editor), copilot_cloud_agent, code_review_active (who asked for a review or applied a suggestion), code_review_passive (only assigned automatically) (reports: weekly_active_cli_users, weekly_active_copilot_app_users and so on). Distinct: do not add up.",
    ),
    data(
        "github_copilot_surface_monthly_active_users",
        Group::Detail,
        Read::Newest(&["surface"], detail::surface_monthly),
        "People on the 28 days up to the day by surface: cli, copilot_app, vscode_agent (its agents' window, not agent mode in the editor), copilot_cloud_agent, code_review_active (who asked for a review or applied a suggestion), code_review_passive (only assigned automatically) (reports: monthly_active_cli_users, monthly_active_copilot_app_users and so on). Distinct: do not add up.",
    ),
    data(
        "github_copilot_total_interactions",
        Group::Detail,
        Read::Detail(|day| day.interactions),
        "Prompts that people sent, all features; completions and edits of agents have none (reports: user_initiated_interaction_count).",
    ),
    data(
        "github_copilot_total_lines_added",
        Group::Detail,
        Read::Detail(|day| day.lines_added),
        "Lines that entered editors by all features, edits of agents included (reports: loc_added_sum).",
    ),
    data(
        "github_copilot_total_lines_deleted",
        Group::Detail,
        Read::Detail(|day| day.lines_deleted),
        "Lines removed by all features, mostly by agents (reports: loc_deleted_sum).",
    ),
    data(
        "github_copilot_feature_interactions",
        Group::Detail,
        Read::Table(By::Feature, |row| row.interactions),
        "Prompts that people sent, by feature (reports: totals_by_feature user_initiated_interaction_count). Features can add up to another number than the total.",
    ),
    data(
        "github_copilot_feature_generations",
        Group::Detail,
        Read::Table(By::Feature, |row| row.generations),
        "Outputs: completions shown, code blocks, edits of agents, by feature (reports: totals_by_feature code_generation_activity_count). Features can add up to another number than the total.",
    ),
    data(
        "github_copilot_feature_acceptances",
        Group::Detail,
        Read::Table(By::Feature, |row| row.acceptances),
        "Outputs that people accepted; edits of agents need no acceptance, by feature (reports: totals_by_feature code_acceptance_activity_count). Features can add up to another number than the total.",
    ),
    data(
        "github_copilot_feature_lines_suggested",
        Group::Detail,
        Read::Table(By::Feature, |row| row.lines_suggested),
        "Lines proposed, without edits of agents, by feature (reports: totals_by_feature loc_suggested_to_add_sum). Features can add up to another number than the total.",
    ),
    data(
        "github_copilot_feature_lines_added",
        Group::Detail,
        Read::Table(By::Feature, |row| row.lines_added),
        "Lines that entered the editor, edits of agents included, by feature (reports: totals_by_feature loc_added_sum). Features can add up to another number than the total.",
    ),
    data(
        "github_copilot_feature_lines_deleted",
        Group::Detail,
        Read::Table(By::Feature, |row| row.lines_deleted),
        "Lines removed, mostly by agents, by feature (reports: totals_by_feature loc_deleted_sum). Features can add up to another number than the total.",
    ),
    data(
        "github_copilot_feature_active_users",
        Group::Detail,
        Read::Newest(&["feature"], detail::feature_users),
        "People who did anything with the feature (reports: user_id with a count of totals_by_feature above 0). Distinct: do not add up.",
    ),
    data(
        "github_copilot_editor_interactions",
        Group::Detail,
        Read::Table(By::Editor, |row| row.interactions),
        "Prompts that people sent, by editor (reports: totals_by_ide user_initiated_interaction_count). All features mixed; the command line and the app are no editors.",
    ),
    data(
        "github_copilot_editor_generations",
        Group::Detail,
        Read::Table(By::Editor, |row| row.generations),
        "Outputs: completions shown, code blocks, edits of agents, by editor (reports: totals_by_ide code_generation_activity_count). All features mixed; the command line and the app are no editors.",
    ),
    data(
        "github_copilot_editor_acceptances",
        Group::Detail,
        Read::Table(By::Editor, |row| row.acceptances),
        "Outputs that people accepted; edits of agents need no acceptance, by editor (reports: totals_by_ide code_acceptance_activity_count). All features mixed; the command line and the app are no editors.",
    ),
    data(
        "github_copilot_editor_lines_suggested",
        Group::Detail,
        Read::Table(By::Editor, |row| row.lines_suggested),
        "Lines proposed, without edits of agents, by editor (reports: totals_by_ide loc_suggested_to_add_sum). All features mixed; the command line and the app are no editors.",
    ),
    data(
        "github_copilot_editor_lines_added",
        Group::Detail,
        Read::Table(By::Editor, |row| row.lines_added),
        "Lines that entered the editor, edits of agents included, by editor (reports: totals_by_ide loc_added_sum). All features mixed; the command line and the app are no editors.",
    ),
    data(
        "github_copilot_editor_lines_deleted",
        Group::Detail,
        Read::Table(By::Editor, |row| row.lines_deleted),
        "Lines removed, mostly by agents, by editor (reports: totals_by_ide loc_deleted_sum). All features mixed; the command line and the app are no editors.",
    ),
    data(
        "github_copilot_editor_active_users",
        Group::Detail,
        Read::Newest(&["editor"], detail::editor_users),
        "People who used the editor (reports: user_id with it in totals_by_ide); who used two counts in both. Distinct: do not add up.",
    ),
    data(
        "github_copilot_language_generations",
        Group::Detail,
        Read::Table(By::Language, |row| row.generations),
        "Outputs: completions shown, code blocks, edits of agents, by language and feature (reports: totals_by_language_feature code_generation_activity_count).",
    ),
    data(
        "github_copilot_language_acceptances",
        Group::Detail,
        Read::Table(By::Language, |row| row.acceptances),
        "Outputs that people accepted; edits of agents need no acceptance, by language and feature (reports: totals_by_language_feature code_acceptance_activity_count).",
    ),
    data(
        "github_copilot_language_lines_suggested",
        Group::Detail,
        Read::Table(By::Language, |row| row.lines_suggested),
        "Lines proposed, without edits of agents, by language and feature (reports: totals_by_language_feature loc_suggested_to_add_sum).",
    ),
    data(
        "github_copilot_language_lines_added",
        Group::Detail,
        Read::Table(By::Language, |row| row.lines_added),
        "Lines that entered the editor, edits of agents included, by language and feature (reports: totals_by_language_feature loc_added_sum).",
    ),
    data(
        "github_copilot_language_lines_deleted",
        Group::Detail,
        Read::Table(By::Language, |row| row.lines_deleted),
        "Lines removed, mostly by agents, by language and feature (reports: totals_by_language_feature loc_deleted_sum).",
    ),
    data(
        "github_copilot_model_interactions",
        Group::Detail,
        Read::Table(By::Model, |row| row.interactions),
        "Prompts that people sent, by model and feature (reports: totals_by_model_feature user_initiated_interaction_count). GitHub documents models of chat, not of completions.",
    ),
    data(
        "github_copilot_model_generations",
        Group::Detail,
        Read::Table(By::Model, |row| row.generations),
        "Outputs: completions shown, code blocks, edits of agents, by model and feature (reports: totals_by_model_feature code_generation_activity_count). GitHub documents models of chat, not of completions.",
    ),
    data(
        "github_copilot_model_acceptances",
        Group::Detail,
        Read::Table(By::Model, |row| row.acceptances),
        "Outputs that people accepted; edits of agents need no acceptance, by model and feature (reports: totals_by_model_feature code_acceptance_activity_count). GitHub documents models of chat, not of completions.",
    ),
    data(
        "github_copilot_model_lines_added",
        Group::Detail,
        Read::Table(By::Model, |row| row.lines_added),
        "Lines that entered the editor, edits of agents included, by model and feature (reports: totals_by_model_feature loc_added_sum). GitHub documents models of chat, not of completions.",
    ),
    data(
        "github_copilot_cli_sessions",
        Group::Detail,
        Read::Detail(|day| day.cli?.session_count),
        "Sessions on the command line (reports: totals_by_cli.session_count). Absent where nobody used it.",
    ),
    data(
        "github_copilot_cli_requests",
        Group::Detail,
        Read::Detail(|day| day.cli?.request_count),
        "Requests to models on the command line, several for a prompt (reports: totals_by_cli.request_count). Absent where nobody used it.",
    ),
    data(
        "github_copilot_cli_prompts",
        Group::Detail,
        Read::Detail(|day| day.cli?.prompt_count),
        "Prompts that people sent on the command line (reports: totals_by_cli.prompt_count). Absent where nobody used it.",
    ),
    data(
        "github_copilot_cli_tokens",
        Group::Detail,
        Read::Newest(&["kind"], detail::cli_tokens),
        "Tokens that models read (prompt) and wrote (output) on the command line (reports: totals_by_cli.token_usage.prompt_tokens_sum and output_tokens_sum). Absent where nobody used it.",
    ),
    data(
        "github_copilot_app_sessions",
        Group::Detail,
        Read::Detail(|day| day.app?.session_count),
        "Sessions in the Copilot app (reports: totals_by_copilot_app.session_count). Absent where nobody used it.",
    ),
    data(
        "github_copilot_app_requests",
        Group::Detail,
        Read::Detail(|day| day.app?.request_count),
        "Requests to models in the Copilot app, several for a prompt (reports: totals_by_copilot_app.request_count). Absent where nobody used it.",
    ),
    data(
        "github_copilot_app_prompts",
        Group::Detail,
        Read::Detail(|day| day.app?.prompt_count),
        "Prompts that people sent in the Copilot app (reports: totals_by_copilot_app.prompt_count). Absent where nobody used it.",
    ),
    data(
        "github_copilot_app_tokens",
        Group::Detail,
        Read::Newest(&["kind"], detail::app_tokens),
        "Tokens that models read (prompt) and wrote (output) in the Copilot app (reports: totals_by_copilot_app.token_usage.prompt_tokens_sum and output_tokens_sum). Absent where nobody used it.",
    ),
    data(
        "github_copilot_third_party_agent_sessions",
        Group::Detail,
        Read::Newest(&["agent"], detail::agent_sessions),
        "Sessions of agents that are not GitHub's (reports: totals_by_3rd_party_agent session_count by agent_id).",
    ),
    data(
        "github_copilot_third_party_agent_jobs",
        Group::Detail,
        Read::Newest(&["agent"], detail::agent_jobs),
        "Jobs that people gave to agents that are not GitHub's (reports: totals_by_3rd_party_agent user_initiated_interaction_count by agent_id).",
    ),
    data(
        "github_copilot_pull_requests_created",
        Group::Detail,
        Read::Detail(|day| day.pull_requests?.total_created),
        "Pull requests opened (reports: pull_requests.total_created).",
    ),
    data(
        "github_copilot_pull_requests_reviewed",
        Group::Detail,
        Read::Detail(|day| day.pull_requests?.total_reviewed),
        "Pull requests reviewed; one that is reviewed on several days counts on each (reports: pull_requests.total_reviewed).",
    ),
    data(
        "github_copilot_pull_requests_merged",
        Group::Detail,
        Read::Detail(|day| day.pull_requests?.total_merged),
        "Pull requests merged (reports: pull_requests.total_merged).",
    ),
    data(
        "github_copilot_pull_requests_created_by_copilot",
        Group::Detail,
        Read::Detail(|day| day.pull_requests?.total_created_by_copilot),
        "Pull requests opened by Copilot (reports: pull_requests.total_created_by_copilot).",
    ),
    data(
        "github_copilot_pull_requests_reviewed_by_copilot",
        Group::Detail,
        Read::Detail(|day| day.pull_requests?.total_reviewed_by_copilot),
        "Pull requests reviewed by Copilot (reports: pull_requests.total_reviewed_by_copilot).",
    ),
    data(
        "github_copilot_pull_requests_merged_created_by_copilot",
        Group::Detail,
        Read::Detail(|day| day.pull_requests?.total_merged_created_by_copilot),
        "Pull requests merged that Copilot had opened (reports: pull_requests.total_merged_created_by_copilot).",
    ),
    data(
        "github_copilot_pull_requests_merged_reviewed_by_copilot",
        Group::Detail,
        Read::Detail(|day| day.pull_requests?.total_merged_reviewed_by_copilot),
        "Pull requests merged that Copilot had reviewed (reports: pull_requests.total_merged_reviewed_by_copilot).",
    ),
    data(
        "github_copilot_pull_request_suggestions",
        Group::Detail,
        Read::Newest(&["author"], detail::suggestions),
        "Suggestions in reviews of pull requests, by author: copilot, and human for the rest (reports: pull_requests.total_suggestions and total_copilot_suggestions).",
    ),
    data(
        "github_copilot_pull_request_suggestions_applied",
        Group::Detail,
        Read::Newest(&["author"], detail::suggestions_applied),
        "Suggestions in reviews of pull requests that were applied, by author: copilot, and human for the rest (reports: pull_requests.total_applied_suggestions and total_copilot_applied_suggestions).",
    ),
    data(
        "github_copilot_pull_request_median_time_to_merge_seconds",
        Group::Detail,
        Read::Newest(&["kind"], detail::time_to_merge),
        "Median time from opening to merging of all pull requests merged on the day, of those that Copilot opened, and of those that it reviewed (reports: pull_requests.median_minutes_to_merge, …_copilot_authored, …_copilot_reviewed). Medians do not add up.",
    ),
    data(
        "github_copilot_adoption_phase_users",
        Group::Detail,
        Read::Newest(&["phase"], detail::phase_users),
        "People in each AI adoption phase, of the 28 days up to the day, from 0 (No Cohort) to 3 (reports: totals_by_ai_adoption_phase.users_in_phase_28d).",
    ),
    data(
        "github_copilot_adoption_phase_active_users",
        Group::Detail,
        Read::Newest(&["phase"], detail::phase_active_users),
        "People in each AI adoption phase who were active on the day, from 0 (No Cohort) to 3 (reports: totals_by_ai_adoption_phase.total_engaged_users).",
    ),
    data(
        "github_copilot_ai_credits_used",
        Group::Detail,
        Read::Newest(&[], detail::credits),
        "AI credits used, added up over the people of whom GitHub tells it: a signal, and no bill (reports: users' ai_credits_used).",
    ),
    data(
        "github_copilot_seats",
        Group::Seats,
        Read::Owner(&[], seats::total),
        "Seats (seats: seat_breakdown.total; of an enterprise, or where that is not known, total_seats: people with a seat).",
    ),
    data(
        "github_copilot_seats_active_this_cycle",
        Group::Seats,
        Read::Owner(&[], |scope, emit| seats::counted(scope, emit, |seats| seats.active_this_cycle)),
        "Seats used in this billing cycle (seats: seat_breakdown.active_this_cycle).",
    ),
    data(
        "github_copilot_seats_inactive_this_cycle",
        Group::Seats,
        Read::Owner(&[], |scope, emit| seats::counted(scope, emit, |seats| seats.inactive_this_cycle)),
        "Seats not used in this billing cycle (seats: seat_breakdown.inactive_this_cycle).",
    ),
    data(
        "github_copilot_seats_added_this_cycle",
        Group::Seats,
        Read::Owner(&[], |scope, emit| seats::counted(scope, emit, |seats| seats.added_this_cycle)),
        "Seats given in this billing cycle (seats: seat_breakdown.added_this_cycle).",
    ),
    data(
        "github_copilot_seats_pending_cancellation",
        Group::Seats,
        Read::Owner(&[], |scope, emit| seats::counted(scope, emit, |seats| seats.pending_cancellation)),
        "Seats that end with this billing cycle (seats: seat_breakdown.pending_cancellation).",
    ),
    data(
        "github_copilot_seats_pending_invitation",
        Group::Seats,
        Read::Owner(&[], |scope, emit| seats::counted(scope, emit, |seats| seats.pending_invitation)),
        "Seats of people who have not accepted yet (seats: seat_breakdown.pending_invitation).",
    ),
    data(
        "github_copilot_recently_active_seats",
        Group::Seats,
        Read::Owner(&[], seats::recently_active),
        "People with a seat who used it within 28 days (seats: newest last_activity_at by assignee.id).",
    ),
    data(
        "github_copilot_idle_seats",
        Group::Seats,
        Read::Owner(&["idle"], seats::idle),
        "People with a seat who last used it over 7 and up to 28 days ago (7d_28d), over 28 and up to 90 days ago (28d_90d), or before or never (none_90d); nobody is in two (seats: newest last_activity_at by assignee.id). Without new seats.",
    ),
    data(
        "github_copilot_new_seats",
        Group::Seats,
        Read::Owner(&[], seats::new),
        "People with a seat that is at most 7 days old and was never used (seats: created_at, last_activity_at).",
    ),
    data(
        "github_copilot_plan_seats",
        Group::Seats,
        Read::Owner(&["plan"], seats::by_plan),
        "People with a seat, by plan (seats: plan_type). Who has two is in both.",
    ),
    data(
        "github_copilot_assigned_seats",
        Group::Seats,
        Read::Owner(&["assigning_team"], seats::by_team),
        "People with a seat, by the team that it came through, none if it was given directly (seats: assigning_team.slug). Who has it through two is in both: do not add up. In an enterprise, teams of one name in several organisations are one.",
    ),
    data(
        "github_copilot_assigned_idle_seats",
        Group::Seats,
        Read::Owner(&["assigning_team", "idle"], seats::idle_by_team),
        "As github_copilot_idle_seats, by the team that the seat came through (seats: assigning_team.slug). Do not add up over teams.",
    ),
    data(
        "github_copilot_billing_quantity",
        Group::Billing,
        Read::Owner(&["product", "sku", "model", "unit"], billing::quantities),
        "AI credits and premium requests used, included ones too (billing: usageItems.grossQuantity, unitType).",
    ),
    data(
        "github_copilot_billing_gross_amount_usd",
        Group::Billing,
        Read::Owner(&["product", "sku", "model"], |scope, emit| {
            billing::amounts(scope, emit, |item| item.gross);
        }),
        "Price in USD of what was used, before discounts (billing: usageItems.grossAmount).",
    ),
    data(
        "github_copilot_billing_discount_amount_usd",
        Group::Billing,
        Read::Owner(&["product", "sku", "model"], |scope, emit| {
            billing::amounts(scope, emit, |item| item.discount);
        }),
        "What of the price of what was used is included or waived, in USD (billing: usageItems.discountAmount).",
    ),
    data(
        "github_copilot_billing_net_amount_usd",
        Group::Billing,
        Read::Owner(&["product", "sku", "model"], |scope, emit| {
            billing::amounts(scope, emit, |item| item.net);
        }),
        "What of the price of what was used is left to be paid, in USD (billing: usageItems.netAmount). Seat fees are not in it.",
    ),
    data(
        "github_copilot_billing_month_timestamp_seconds",
        Group::Billing,
        Read::Owner(&[], billing::month),
        "Start of the month, in UTC, that the billing series describe (billing: timePeriod).",
    ),
    own(
        "github_copilot_exporter_build_info",
        Read::Gauge(&["version", "revision", "rustc"], exporter::build_info),
        "The exporter's version, commit and compiler; always 1.",
    ),
    own(
        "github_copilot_exporter_api_info",
        Read::Gauge(&["enterprise", "org", "api"], exporter::api_info),
        "Which of GitHub's interfaces is used for the owner; always 1.",
    ),
    own(
        "github_copilot_exporter_source_up",
        Read::Gauge(OWNER_SOURCE, exporter::source_up),
        "1 if everything the source asks was read in its last attempt, else 0.",
    ),
    own(
        "github_copilot_exporter_source_waiting",
        Read::Gauge(OWNER_SOURCE, exporter::source_waiting),
        "1 while GitHub has not published yet what the source asks for, else 0.",
    ),
    own(
        "github_copilot_exporter_source_last_success_timestamp_seconds",
        Read::Gauge(OWNER_SOURCE, exporter::source_last_success),
        "When everything the source asks was last read.",
    ),
    own(
        "github_copilot_exporter_source_failures_total",
        Read::Counter(&["enterprise", "org", "source", "reason"], exporter::source_failures),
        "Failed requests of the source, by reason. One that keeps both of two sources from being read counts for each.",
    ),
    own(
        "github_copilot_exporter_targets",
        Read::Gauge(&["enterprise", "org", "source", "state"], exporter::targets),
        "What the source asks about (the owner, or its teams), by state: ok, no_data (read, and empty) or failing.",
    ),
    own(
        "github_copilot_exporter_refresh_duration_seconds",
        Read::Gauge(OWNER_SOURCE, exporter::refresh_duration),
        "How long the last attempt at the source took, waiting for GitHub's limits included.",
    ),
    own(
        "github_copilot_exporter_github_requests_total",
        Read::Counter(&["endpoint", "code"], exporter::github_requests),
        "Requests to GitHub by endpoint and status, or the failure's word where no answer came.",
    ),
    own(
        "github_copilot_exporter_github_rate_limit_limit",
        Read::Gauge(&["credential"], exporter::rate_limit),
        "Requests per window that GitHub allows (header x-ratelimit-limit).",
    ),
    own(
        "github_copilot_exporter_github_rate_limit_remaining",
        Read::Gauge(&["credential"], exporter::rate_remaining),
        "Requests left in this window (header x-ratelimit-remaining).",
    ),
    own(
        "github_copilot_exporter_github_rate_limit_reset_timestamp_seconds",
        Read::Gauge(&["credential"], exporter::rate_reset),
        "When the next window begins (header x-ratelimit-reset).",
    ),
    own(
        "github_copilot_exporter_throttled_seconds_total",
        Read::Counter(&["credential"], exporter::throttled),
        "Time spent waiting for GitHub's limits.",
    ),
    own(
        "github_copilot_exporter_token_expiry_timestamp_seconds",
        Read::Gauge(&["credential"], exporter::token_expiry),
        "When the token ends, where GitHub tells (header github-authentication-token-expiration).",
    ),
    own(
        "github_copilot_exporter_installations_up",
        Read::Gauge(&[], exporter::installations_up),
        "1 if it could be read where the App is installed when that was last asked. Only with an App.",
    ),
    own(
        "github_copilot_exporter_api_sunset_timestamp_seconds",
        Read::Gauge(&["endpoint"], exporter::api_sunset),
        "When GitHub closes the endpoint, where it has announced it (header Sunset).",
    ),
    own(
        "github_copilot_exporter_unknown_fields_total",
        Read::Counter(&["report"], exporter::unknown_fields),
        "Fields in GitHub's answers that this version does not know, or that are not of the form that it knows.",
    ),
    own(
        "github_copilot_exporter_folded_label_values",
        Read::Gauge(&["enterprise", "org", "label"], exporter::folded),
        "Names folded into others because of EXPORTER_MAX_LABEL_VALUES.",
    ),
    own("github_copilot_exporter_series", Read::Gauge(&[], exporter::series), "Data series exposed."),
    own(
        "github_copilot_exporter_series_dropped",
        Read::Gauge(&["detail"], exporter::series_dropped),
        "Data series left out because of EXPORTER_MAX_SERIES, by the detail they belong to.",
    ),
    own(
        "github_copilot_exporter_snapshot_timestamp_seconds",
        Read::Gauge(&[], exporter::snapshot_time),
        "When the served data was rendered.",
    ),
    own(HTTP_REQUESTS, Read::LiveCounter(&["path", "code"]), "Requests to the exporter by path and status."),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str) -> &'static Metric {
        let name = format!("github_copilot_{name}");
        CATALOGUE.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("{name} is not there"))
    }

    #[test]
    fn data_has_the_labels_of_its_scope_before_its_own_and_the_exporters_own_series_have_theirs_only() {
        let scope = ["enterprise", "org", "team"];
        for (name, own) in [
            ("suggestions", &["language", "editor"][..]),
            ("total_suggestions", &[]),
            ("day_timestamp_seconds", &[]),
            ("daily_suggestions", &["day"]),
            ("total_interactions", &[]),
            ("feature_generations", &["feature"]),
            ("editor_generations", &["editor"]),
            ("language_generations", &["language", "feature"]),
            ("model_generations", &["model", "feature"]),
            ("adoption_phase_users", &["phase"]),
            ("assigned_idle_seats", &["assigning_team", "idle"]),
        ] {
            assert_eq!(metric(name).labels(), [&scope, own].concat(), "{name}");
        }
        assert_eq!(metric("exporter_series").labels(), [""; 0]);
        assert_eq!(metric("exporter_folded_label_values").labels(), ["enterprise", "org", "label"]);
        assert_eq!(metric("exporter_github_requests_total").labels(), ["endpoint", "code"]);
        assert_eq!(metric("exporter_http_requests_total").labels(), ["path", "code"]);
    }

    #[test]
    fn the_labels_of_data_are_each_named_once_and_those_of_the_exporter_are_not_among_them() {
        let expected = [
            "agent",
            "assigning_team",
            "author",
            "day",
            "editor",
            "enterprise",
            "feature",
            "idle",
            "kind",
            "language",
            "model",
            "org",
            "phase",
            "plan",
            "product",
            "sku",
            "surface",
            "team",
            "unit",
        ];
        assert_eq!(data_labels(), expected.into());
    }

    #[test]
    fn the_help_ends_with_the_time_that_a_number_is_of() {
        let day = " Window: the UTC day of github_copilot_day_timestamp_seconds. Cached.";
        let month = " Window: the month of github_copilot_billing_month_timestamp_seconds to date. Cached.";
        for (name, window) in [
            ("suggestions", day),
            ("total_suggestions", day),
            ("feature_generations", day),
            ("daily_suggestions", " Window: one UTC day each, the newest 28 at most. Cached."),
            ("seats", " Window: up to when GitHub was last asked. Cached."),
            ("billing_quantity", month),
            ("exporter_series", ""),
        ] {
            let metric = metric(name);
            assert_eq!(metric.help(), format!("{}{window}", metric.about));
        }
    }

    #[test]
    fn what_the_exporter_counts_itself_is_a_counter_and_all_else_a_gauge() {
        let counters = CATALOGUE.iter().filter(|metric| metric.is_counter()).map(|metric| metric.name);
        let expected = [
            "source_failures_total",
            "github_requests_total",
            "throttled_seconds_total",
            "unknown_fields_total",
            "http_requests_total",
        ];
        let expected = expected.map(|name| format!("github_copilot_exporter_{name}"));
        assert_eq!(counters.collect::<Vec<_>>(), expected);
    }
}
