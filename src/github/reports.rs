//! The usage metrics reports, GitHub's live interface: small answers with signed links to the files that have the
//! figures.
//!
//! [`find`] asks for a report and gets its links, [`read`] fetches the files and hands every record to a [`Fold`] while
//! it arrives: no function here returns the rows of a report. The fields are described under "Copilot usage metrics" in
//! GitHub's documentation; arrays and numbers may be missing or null everywhere, which is not zero.

use std::{
    borrow::Cow,
    collections::{BTreeSet, hash_map::DefaultHasher},
    fmt,
    hash::{Hash, Hasher},
};

use chrono::NaiveDate;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use serde_json::Value;

use super::{
    client::{Answer, Client, Question},
    download::Link,
    endpoint::{Endpoint, Report},
    failure::{Failure, Reason},
};
use crate::owner::Owner;

/// What GitHub answers where a report is asked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Envelope {
    /// The links to all files of the report; none while it is not ready.
    Links {
        download_links: Option<Vec<Link>>,
        report_start_day: Option<NaiveDate>,
        report_end_day: Option<NaiveDate>,
    },
    /// A sentence, where the report is not ready.
    Words(#[allow(dead_code, reason = "only that it is one matters")] String),
}

/// A report that is asked for: which, of whom, of which day.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Which.
    pub report: Report,
    /// Whose.
    pub owner: &'a Owner,
    /// The day of a one-day report.
    pub day: Option<NaiveDate>,
}

/// Where the files of a report are. The links live for about an hour.
#[derive(Clone, Debug)]
pub struct Files {
    links: Vec<Link>,
    /// The first and the last day of a 28-day report, whether they have data or not.
    pub span: Option<(NaiveDate, NaiveDate)>,
}

/// What becomes of the records of a report.
pub trait Fold: Sized + Send {
    /// One record, which may borrow from the bytes that came.
    type Row<'de>: Deserialize<'de>;

    /// The beginning of one file. Each is folded apart, so that one that breaks off leaves no trace.
    fn begin(&self) -> Self;

    /// Takes in one record of a file.
    ///
    /// # Errors
    /// Words for a record that cannot be used, so that the file is none.
    fn row(&mut self, row: Self::Row<'_>) -> Result<(), &'static str>;

    /// Takes in a whole file.
    fn merge(&mut self, file: Self);
}

/// An owner's figures of one day: the record of a one-day report, or one of `day_totals[]` of a 28-day report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct EntityDay {
    /// UTC day.
    #[serde(deserialize_with = "super::usage::day")]
    pub day: NaiveDate,
    /// Distinct people on that day, whatever they used.
    pub daily_active_users: Option<i64>,
    /// Distinct people on the 7 days up to it.
    pub weekly_active_users: Option<i64>,
    /// Distinct people on the 28 days up to it.
    pub monthly_active_users: Option<i64>,
    /// Prompts of all features.
    pub user_initiated_interaction_count: Option<i64>,
    /// Outputs of all features.
    pub code_generation_activity_count: Option<i64>,
    /// Lines that entered editors by all features.
    pub loc_added_sum: Option<i64>,
    /// By feature.
    pub totals_by_feature: Option<Vec<Element>>,
    /// By language and feature.
    pub totals_by_language_feature: Option<Vec<Element>>,
}

impl EntityDay {
    /// A number that is another when the day has been revised; the order of elements, which GitHub does not promise,
    /// has no part in it, nor have the people of its week and month: they change with every day before it.
    pub fn fingerprint(&self) -> u64 {
        let elements = self.totals_by_feature.iter().chain(&self.totals_by_language_feature).flatten();
        let counts = (
            self.daily_active_users,
            (self.user_initiated_interaction_count, self.code_generation_activity_count, self.loc_added_sum),
        );
        elements.map(hash_of).fold(hash_of(&counts), u64::wrapping_add)
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What one person did on one day, in the reports about users.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct UserDay<'a> {
    /// UTC day. One client has seen records without it.
    #[serde(default)]
    pub day: Option<NaiveDate>,
    /// Who. Logins change and are not read.
    #[serde(deserialize_with = "id")]
    pub user_id: u64,
    /// By editor, all features mixed.
    pub totals_by_ide: Option<Vec<Element<Name<'a>>>>,
    /// By feature.
    pub totals_by_feature: Option<Vec<Element<Name<'a>>>>,
    /// By language and feature.
    pub totals_by_language_feature: Option<Vec<Element<Name<'a>>>>,
}

/// One person in one team, in the report about who is in which team.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct UserTeam<'a> {
    /// UTC day.
    #[serde(default)]
    pub day: Option<NaiveDate>,
    /// Who.
    #[serde(deserialize_with = "id")]
    pub user_id: u64,
    /// The number of the team, which stays when it is renamed.
    #[serde(deserialize_with = "id")]
    pub team_id: u64,
    /// Its name in addresses.
    pub slug: Option<Name<'a>>,
}

/// The figures of one feature, of one editor, or of one language in one feature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub struct Element<S = String> {
    /// Only by editor.
    pub ide: Option<S>,
    /// As the editor sent it; only by language.
    pub language: Option<S>,
    /// `code_completion`, `chat_inline`, …
    pub feature: Option<S>,
    /// Prompts that a person sent.
    pub user_initiated_interaction_count: Option<i64>,
    /// Outputs: completions shown, code blocks, edits.
    pub code_generation_activity_count: Option<i64>,
    /// Outputs that a person accepted.
    pub code_acceptance_activity_count: Option<i64>,
    /// Lines proposed.
    pub loc_suggested_to_add_sum: Option<i64>,
    /// Lines that entered the editor.
    pub loc_added_sum: Option<i64>,
}

/// A name that is not copied out of the record if it need not be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl AsRef<str> for Name<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// An id, which GitHub writes as a number and some have seen as a string.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Id;
    impl Visitor<'_> for Id {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id")
        }

        fn visit_u64<E: Error>(self, id: u64) -> Result<u64, E> {
            Ok(id)
        }

        fn visit_str<E: Error>(self, id: &str) -> Result<u64, E> {
            id.parse().map_err(|_| E::custom("no id"))
        }
    }
    deserializer.deserialize_any(Id)
}

/// A record of an owner's report: days in a wrapper, or one day as it is.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum EntityRecord {
    /// Of a one-day report.
    Day(Box<EntityDay>),
    /// Of a 28-day report.
    Month {
        /// Its days, in no promised order; some can be missing. Without this field it is a day that cannot be read.
        #[serde(deserialize_with = "Option::deserialize")]
        day_totals: Option<Vec<EntityDay>>,
    },
}

/// An owner's days, of a report of one or of many.
impl Fold for Vec<EntityDay> {
    type Row<'de> = EntityRecord;

    fn begin(&self) -> Self {
        Self::new()
    }

    fn row(&mut self, row: EntityRecord) -> Result<(), &'static str> {
        match row {
            EntityRecord::Day(day) => self.push(*day),
            EntityRecord::Month { day_totals } => self.extend(day_totals.unwrap_or_default()),
        }
        Ok(())
    }

    fn merge(&mut self, mut file: Self) {
        self.append(&mut file);
    }
}

/// Asks for a report; nothing while it is not ready.
///
/// # Errors
/// Any [`Failure`]. That GitHub may say 404 or 5xx for what is not ready yet is for the caller to judge, who knows how
/// old the day is.
pub async fn find(client: &Client, wanted: &Wanted<'_>) -> Result<Option<Files>, Failure> {
    let query = wanted.day.map(|day| ("day", day.to_string()));
    let endpoint = Endpoint::of_report(wanted.report, wanted.owner);
    let question = Question { endpoint, owner: wanted.owner, team: None, query: query.into_iter().collect() };
    let (links, span) = match client.get(&question).await? {
        Answer::Fresh(Envelope::Links { download_links, report_start_day, report_end_day }, _) => {
            let span = report_start_day.zip(report_end_day).filter(|(first, last)| first <= last);
            (download_links.unwrap_or_default(), span)
        }
        Answer::Fresh(Envelope::Words(_), _) | Answer::Unchanged | Answer::NotReady => (Vec::new(), None),
    };
    Ok((!links.is_empty()).then_some(Files { links, span }))
}

/// Folds all files of a report.
///
/// # Errors
/// Any [`Failure`]: all files are read, or the report fails as a whole. A link that has died meanwhile is asked for anew,
/// as long as that gets further.
pub async fn read<F: Fold>(
    client: &Client,
    wanted: &Wanted<'_>,
    mut files: Files,
    mut fold: F,
) -> Result<F, Failure> {
    let begin = fold.begin();
    let mut done = BTreeSet::new();
    let mut done_at_renewal = None;
    while let Some(link) = files.links.iter().find(|link| !done.contains(&link.to_string())) {
        match shard(client, wanted.report, link, begin.begin()).await {
            Ok(file) => {
                fold.merge(file);
                done.insert(link.to_string());
            }
            Err(failure) if failure.reason == Reason::Rejected && done_at_renewal != Some(done.len()) => {
                done_at_renewal = Some(done.len());
                files = find(client, wanted).await?.ok_or(failure)?;
                let names: BTreeSet<String> = files.links.iter().map(Link::to_string).collect();
                if !done.is_subset(&names) {
                    // GitHub has written the report anew: what was read belongs to another.
                    (fold, done) = (begin.begin(), BTreeSet::new());
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(fold)
}

/// Folds one file.
async fn shard<F: Fold>(client: &Client, report: Report, link: &Link, mut fold: F) -> Result<F, Failure> {
    // The records of a file have the same fields, and looking at them costs time: the first stands for all.
    let mut unknown = None;
    // The parser's own words would quote the record.
    let unfit = |words| Failure::new(Reason::Decode, format!("file {link}: {words}"));
    let mut each = |record: &[u8]| {
        unknown.get_or_insert_with(|| unknown_fields(record));
        for row in serde_json::Deserializer::from_slice(record).into_iter() {
            let row = row.map_err(|_| unfit("a record is not as promised"))?;
            fold.row(row).map_err(unfit)?;
        }
        Ok(())
    };
    client.downloads().shard(link, &mut each).await?;
    client.count_unknown(report.record(), unknown.unwrap_or_default());
    Ok(fold)
}

/// Counts the names in a record that are in no documentation this exporter was written by.
fn unknown_fields(record: &[u8]) -> u64 {
    fn note(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                if !FIELDS.contains(&name.as_str()) {
                    found.insert(name.clone());
                } else {
                    note(value, found);
                }
            }),
            Value::Array(elements) => elements.iter().for_each(|element| note(element, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    // Whether it is sound at all is said when it is read.
    note(&serde_json::from_slice(record).unwrap_or_default(), &mut found);
    found.len() as u64
}

/// All fields that are described, most of which are not read. What is new is counted, never refused.
const FIELDS: &[&str] = &[
    "active_user_count",
    "agent_id",
    "agent_name",
    "ai_adoption_phase",
    "ai_credits_used",
    "avg_code_acceptance_activities",
    "avg_code_generation_activities",
    "avg_loc_added",
    "avg_loc_deleted",
    "avg_pull_requests_created",
    "avg_pull_requests_median_minutes_to_merge",
    "avg_pull_requests_merged",
    "avg_pull_requests_reviewed",
    "avg_tokens_per_request",
    "avg_user_initiated_interactions",
    "cli_version",
    "code_acceptance_activity_count",
    "code_generation_activity_count",
    "comment_type",
    "copilot_feature_engagement",
    "copilot_suggestions_by_comment_type",
    "created_at",
    "custom_agent",
    "daily_active_cli_users",
    "daily_active_copilot_app_users",
    "daily_active_copilot_cloud_agent_users",
    "daily_active_copilot_code_review_users",
    "daily_active_users",
    "daily_active_vscode_agent_users",
    "daily_passive_copilot_code_review_users",
    "day",
    "day_partition",
    "day_totals",
    "distinct_custom_agent_use_count",
    "distinct_mcp_use_count",
    "distinct_plugin_use_count",
    "distinct_skill_use_count",
    "distinct_slash_cmd_use_count",
    "engaged_user_count",
    "enterprise_id",
    "entity_id_partition",
    "etl_id",
    "feature",
    "ide",
    "ide_version",
    "interaction_count",
    "language",
    "last_known_cli_version",
    "last_known_ide_version",
    "last_known_plugin_version",
    "loc_added_sum",
    "loc_deleted_sum",
    "loc_suggested_to_add_sum",
    "loc_suggested_to_delete_sum",
    "mcp",
    "median_minutes_to_merge",
    "median_minutes_to_merge_copilot_authored",
    "median_minutes_to_merge_copilot_reviewed",
    "model",
    "monthly_active_agent_users",
    "monthly_active_chat_users",
    "monthly_active_cli_users",
    "monthly_active_copilot_app_users",
    "monthly_active_copilot_cloud_agent_users",
    "monthly_active_copilot_code_review_users",
    "monthly_active_users",
    "monthly_active_vscode_agent_users",
    "monthly_passive_copilot_code_review_users",
    "organization_id",
    "output_tokens_sum",
    "phase",
    "phase_number",
    "plugin",
    "plugin_version",
    "prompt_count",
    "prompt_tokens_sum",
    "pull_requests",
    "report_end_day",
    "report_start_day",
    "request_count",
    "sampled_at",
    "session_count",
    "skill",
    "slash_cmd",
    "slug",
    "team_id",
    "token_usage",
    "total_applied_suggestions",
    "total_copilot_applied_suggestions",
    "total_copilot_suggestions",
    "total_created",
    "total_created_by_copilot",
    "total_engaged_users",
    "total_merged",
    "total_merged_created_by_copilot",
    "total_merged_reviewed_by_copilot",
    "total_pull_requests_merged",
    "total_reviewed",
    "total_reviewed_by_copilot",
    "total_suggestions",
    "total_user_messages",
    "totals_by_3rd_party_agent",
    "totals_by_ai_adoption_phase",
    "totals_by_cli",
    "totals_by_copilot_app",
    "totals_by_custom_agent",
    "totals_by_feature",
    "totals_by_ide",
    "totals_by_language_feature",
    "totals_by_language_model",
    "totals_by_mcp",
    "totals_by_model_feature",
    "totals_by_plugin",
    "totals_by_skill",
    "totals_by_slash_cmd",
    "totals_by_vscode_agent",
    "used_agent",
    "used_chat",
    "used_cli",
    "used_copilot_app",
    "used_copilot_cloud_agent",
    "used_copilot_code_review_active",
    "used_copilot_code_review_passive",
    "used_copilot_coding_agent",
    "used_vscode_agent",
    "user_id",
    "user_initiated_interaction_count",
    "user_login",
    "users_in_phase_28d",
    "version",
    "weekly_active_cli_users",
    "weekly_active_copilot_app_users",
    "weekly_active_copilot_cloud_agent_users",
    "weekly_active_copilot_code_review_users",
    "weekly_active_users",
    "weekly_active_vscode_agent_users",
    "weekly_passive_copilot_code_review_users",
];
