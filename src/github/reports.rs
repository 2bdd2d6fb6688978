//! The usage metrics reports, GitHub's live interface: small answers with signed links to the files that have the
//! figures.
//!
//! [`find`] asks for a report and gets its links, [`read`] fetches the files and hands every record to a [`Fold`] while
//! it arrives: no function here returns the rows of a report. The fields are described under "Copilot usage metrics" in
//! GitHub's documentation; arrays and numbers may be missing or null everywhere, which is not zero.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, hash_map::DefaultHasher},
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
};

use chrono::NaiveDate;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error, SeqAccess, Visitor},
};
use serde_json::Value;

use super::{
    client::{Answer, Client, Question, Validators},
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

impl Files {
    /// The links, each with a name that stays when it is signed anew: its path, and which of those with this path it is.
    fn named(self) -> Vec<((String, usize), Link)> {
        let mut seen = BTreeMap::new();
        let name = |link: &Link| {
            let path = link.to_string();
            let count = seen.entry(path.clone()).or_insert(0);
            *count += 1;
            (path, *count)
        };
        let names: Vec<_> = self.links.iter().map(name).collect();
        names.into_iter().zip(self.links).collect()
    }
}

/// What becomes of the records of a report.
pub trait Fold: Sized + Send {
    /// One record, which may borrow from the bytes that came.
    type Row<'de>: Deserialize<'de>;

    /// The same as it was before the first record.
    fn begin(&self) -> Self;

    /// Takes in one record.
    ///
    /// # Errors
    /// Words for a record that cannot be used, so that the report is none.
    fn row(&mut self, row: Self::Row<'_>) -> Result<(), &'static str>;
}

/// An owner's figures of one day: the record of a one-day report, or one of `day_totals[]` of a 28-day report.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
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
    /// Outputs that people accepted, of all features.
    pub code_acceptance_activity_count: Option<i64>,
    /// Lines that entered editors by all features.
    pub loc_added_sum: Option<i64>,
    /// Lines removed by all features.
    pub loc_deleted_sum: Option<i64>,
    /// Distinct people who chatted on the 28 days up to the day.
    pub monthly_active_chat_users: Option<i64>,
    /// Distinct people who used agents on the 28 days up to the day.
    pub monthly_active_agent_users: Option<i64>,
    /// Distinct people on the command line; left out when there was nobody.
    pub daily_active_cli_users: Option<i64>,
    /// The same on 7 days.
    pub weekly_active_cli_users: Option<i64>,
    /// The same on 28 days.
    pub monthly_active_cli_users: Option<i64>,
    /// Distinct people in the app.
    pub daily_active_copilot_app_users: Option<i64>,
    /// The same on 7 days.
    pub weekly_active_copilot_app_users: Option<i64>,
    /// The same on 28 days.
    pub monthly_active_copilot_app_users: Option<i64>,
    /// Distinct people in the agents' window of VS Code.
    pub daily_active_vscode_agent_users: Option<i64>,
    /// The same on 7 days.
    pub weekly_active_vscode_agent_users: Option<i64>,
    /// The same on 28 days.
    pub monthly_active_vscode_agent_users: Option<i64>,
    /// Distinct people with the agent in GitHub's cloud.
    pub daily_active_copilot_cloud_agent_users: Option<i64>,
    /// The same on 7 days.
    pub weekly_active_copilot_cloud_agent_users: Option<i64>,
    /// The same on 28 days.
    pub monthly_active_copilot_cloud_agent_users: Option<i64>,
    /// Distinct people who asked for a review, or applied a suggestion of one.
    pub daily_active_copilot_code_review_users: Option<i64>,
    /// The same on 7 days.
    pub weekly_active_copilot_code_review_users: Option<i64>,
    /// The same on 28 days.
    pub monthly_active_copilot_code_review_users: Option<i64>,
    /// Distinct people who were only assigned reviews, automatically.
    pub daily_passive_copilot_code_review_users: Option<i64>,
    /// The same on 7 days.
    pub weekly_passive_copilot_code_review_users: Option<i64>,
    /// The same on 28 days.
    pub monthly_passive_copilot_code_review_users: Option<i64>,
    /// By editor.
    pub totals_by_ide: Option<Vec<Element>>,
    /// By feature.
    pub totals_by_feature: Option<Vec<Element>>,
    /// By language and feature.
    pub totals_by_language_feature: Option<Vec<Element>>,
    /// By model and feature.
    pub totals_by_model_feature: Option<Vec<Element>>,
    /// The command line; left out when nobody used it.
    #[serde(default, deserialize_with = "if_readable")]
    pub totals_by_cli: Option<Terminal>,
    /// The app; left out when nobody used it.
    #[serde(default, deserialize_with = "if_readable")]
    pub totals_by_copilot_app: Option<Terminal>,
    /// Agents that are not GitHub's.
    #[serde(default, deserialize_with = "if_readable")]
    pub totals_by_3rd_party_agent: Option<Vec<ThirdPartyAgent>>,
    /// How far people have come with AI.
    #[serde(default, deserialize_with = "if_readable")]
    pub totals_by_ai_adoption_phase: Option<Vec<AdoptionPhase>>,
    /// Pull requests of the day.
    #[serde(default, deserialize_with = "if_readable")]
    pub pull_requests: Option<PullRequests>,
}

/// What was done on the command line, or in the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terminal {
    /// Sessions.
    pub session_count: Option<i64>,
    /// Requests to models, several for a prompt.
    pub request_count: Option<i64>,
    /// Prompts that a person sent.
    pub prompt_count: Option<i64>,
    /// What models read and wrote.
    pub token_usage: Option<TokenUsage>,
}

/// Tokens of models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Written.
    pub output_tokens_sum: Option<i64>,
    /// Read.
    pub prompt_tokens_sum: Option<i64>,
}

/// An agent that is not GitHub's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ThirdPartyAgent {
    /// The id that stays when its name changes: text, or a number.
    #[serde(default, deserialize_with = "text_or_number")]
    pub agent_id: Option<String>,
    /// Jobs that people started.
    pub user_initiated_interaction_count: Option<i64>,
    /// Sessions.
    pub session_count: Option<i64>,
}

/// The people of one adoption phase.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AdoptionPhase {
    /// `No Cohort`, `Phase 1`, …
    pub phase: Option<String>,
    /// Its number, from 0 for nobody's.
    pub phase_number: Option<i64>,
    /// People of it who were active on the day.
    pub total_engaged_users: Option<i64>,
    /// People in it, of the 28 days up to the day; GitHub tells it since September 2026.
    pub users_in_phase_28d: Option<i64>,
}

/// Pull requests of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PullRequests {
    /// Opened.
    pub total_created: Option<i64>,
    /// Reviewed; one that is reviewed on several days counts on each.
    pub total_reviewed: Option<i64>,
    /// Merged.
    pub total_merged: Option<i64>,
    /// Suggestions in reviews, whoever made them.
    pub total_suggestions: Option<i64>,
    /// Those of them that were applied.
    pub total_applied_suggestions: Option<i64>,
    /// Opened by Copilot.
    pub total_created_by_copilot: Option<i64>,
    /// Reviewed by Copilot.
    pub total_reviewed_by_copilot: Option<i64>,
    /// Merged, and opened by Copilot.
    pub total_merged_created_by_copilot: Option<i64>,
    /// Merged, and reviewed by Copilot.
    pub total_merged_reviewed_by_copilot: Option<i64>,
    /// Suggestions of Copilot.
    pub total_copilot_suggestions: Option<i64>,
    /// Those of them that were applied.
    pub total_copilot_applied_suggestions: Option<i64>,
    /// Minutes from opening to merging; left out where nothing was merged.
    pub median_minutes_to_merge: Option<f64>,
    /// The same of those that Copilot opened.
    pub median_minutes_to_merge_copilot_authored: Option<f64>,
    /// The same of those that Copilot reviewed.
    pub median_minutes_to_merge_copilot_reviewed: Option<f64>,
}

impl EntityDay {
    /// A number that is another when what people did has been revised; the order of elements, which GitHub does not
    /// promise, has no part in it, nor have the people of its week and month: they change with every day before it.
    pub fn fingerprint(&self) -> u64 {
        let lists = [
            &self.totals_by_ide,
            &self.totals_by_feature,
            &self.totals_by_language_feature,
            &self.totals_by_model_feature,
        ];
        let elements = lists.into_iter().flatten().flatten();
        let counts = [
            self.daily_active_users,
            self.user_initiated_interaction_count,
            self.code_generation_activity_count,
            self.code_acceptance_activity_count,
            self.loc_added_sum,
            self.loc_deleted_sum,
        ];
        elements.map(hash_of).fold(hash_of(&(counts, self.totals_by_cli)), u64::wrapping_add)
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What one person did on one day, in the reports about users.
///
/// What is personal has no `Debug`, so that it cannot stand in a log by mistake.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct UserDay<'a> {
    /// UTC day. One client has seen records without it.
    #[serde(default)]
    pub day: Option<NaiveDate>,
    /// Who. Logins change and are not read.
    #[serde(deserialize_with = "id")]
    pub user_id: u64,
    /// Prompts of all features.
    pub user_initiated_interaction_count: Option<i64>,
    /// Lines that entered editors by all features.
    pub loc_added_sum: Option<i64>,
    /// Lines removed by all features.
    pub loc_deleted_sum: Option<i64>,
    /// AI credits of all surfaces; no bill.
    #[serde(default, deserialize_with = "if_readable")]
    pub ai_credits_used: Option<f64>,
    /// By editor, all features mixed.
    #[serde(default, deserialize_with = "list")]
    pub totals_by_ide: Option<Vec<Element<Name<'a>>>>,
    /// By feature.
    #[serde(default, deserialize_with = "list")]
    pub totals_by_feature: Option<Vec<Element<Name<'a>>>>,
    /// By language and feature.
    #[serde(default, deserialize_with = "list")]
    pub totals_by_language_feature: Option<Vec<Element<Name<'a>>>>,
    /// By model and feature.
    #[serde(default, deserialize_with = "list")]
    pub totals_by_model_feature: Option<Vec<Element<Name<'a>>>>,
    /// The command line; left out without its use.
    #[serde(default, deserialize_with = "if_readable")]
    pub totals_by_cli: Option<Terminal>,
}

impl UserDay<'_> {
    /// The length of the longest list.
    pub fn longest_list(&self) -> usize {
        let lists = [
            &self.totals_by_ide,
            &self.totals_by_feature,
            &self.totals_by_language_feature,
            &self.totals_by_model_feature,
        ];
        lists.into_iter().flatten().map(Vec::len).max().unwrap_or_default()
    }
}

/// One person in one team, in the report about who is in which team.
#[derive(Deserialize)]
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

/// The figures of one feature, of one editor, or of one language or model in one feature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub struct Element<S = String> {
    /// Only by editor.
    pub ide: Option<S>,
    /// As the editor sent it; only by language.
    pub language: Option<S>,
    /// As its provider calls it; only by model.
    pub model: Option<S>,
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
    /// Lines removed.
    pub loc_deleted_sum: Option<i64>,
}

/// A name that is not copied out of the record if it need not be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl AsRef<str> for Name<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A list of what one person did, which is seldom longer than this: room that grows step by step is asked for, copied and
/// given back for every person.
const ROOM: usize = 8;

fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Vec<T>>, D::Error> {
    struct List<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Option<Vec<T>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(element) = sequence.next_element()? {
                if list.is_empty() {
                    list.reserve(ROOM);
                }
                list.push(element);
            }
            Ok(Some(list))
        }
    }
    deserializer.deserialize_any(List(PhantomData))
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

/// Something that GitHub has been seen to change the form of: what cannot be read is counted by [`unknown_fields`], and
/// takes nothing else of its record away.
fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}

/// Whether a field can be read, if it is one of those of which that is not required.
fn is_readable(name: &str, value: &Value) -> bool {
    fn reads<T: DeserializeOwned>(value: &Value) -> bool {
        Option::<T>::deserialize(value).is_ok()
    }
    match name {
        "totals_by_cli" | "totals_by_copilot_app" => reads::<Terminal>(value),
        "totals_by_3rd_party_agent" => reads::<Vec<ThirdPartyAgent>>(value),
        "totals_by_ai_adoption_phase" => reads::<Vec<AdoptionPhase>>(value),
        "pull_requests" => reads::<PullRequests>(value),
        "ai_credits_used" => reads::<f64>(value),
        _ => true,
    }
}

/// Text that some have seen as a number.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::<Value>::deserialize(deserializer)? {
        None => None,
        Some(Value::String(text)) => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(_) => return Err(D::Error::custom("neither text nor a number")),
    })
}

/// A record of an owner's report: days in a wrapper, or one day as it is.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum EntityRecord {
    /// Of a one-day report.
    Day(Box<EntityDay>),
    /// Of a 28-day report.
    Month {
        /// There is none: a day that cannot be read is no month without days.
        day: Option<()>,
        /// Its days, in no promised order; some can be missing.
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
            EntityRecord::Month { day_totals, .. } => self.extend(day_totals.unwrap_or_default()),
        }
        Ok(())
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
    let (links, span) = match client.get(&question, &Validators::default()).await? {
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
    files: Files,
    mut fold: F,
) -> Result<F, Failure> {
    let (mut links, mut next) = (files.named(), 0);
    let mut done = BTreeSet::new();
    // How many files must be read before links are asked for anew.
    let mut further = 0;
    while let Some((name, link)) = links.get(next) {
        if done.contains(name) {
            next += 1;
            continue;
        }
        match shard(client, wanted.report, link, &mut fold).await {
            Ok(()) => {
                done.insert(name.clone());
            }
            // Then nothing of the file was read.
            Err(failure) if has_died(client, link, &failure) && done.len() >= further => {
                further = done.len() + 1;
                (links, next) = (find(client, wanted).await?.ok_or(failure)?.named(), 0);
                let names = links.iter().map(|(name, _)| name.clone()).collect();
                if !done.is_subset(&names) {
                    // GitHub has written the report anew: what was read belongs to another.
                    (fold, done) = (fold.begin(), BTreeSet::new());
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(fold)
}

/// Waits for the first bytes of the first file of a report, and reads no further: whether the host of the files can be
/// reached.
///
/// # Errors
/// Any [`Failure`].
pub async fn begin(client: &Client, files: &Files) -> Result<(), Failure> {
    match files.links.first() {
        Some(link) => client.downloads().begin(link).await,
        None => Ok(()),
    }
}

/// Whether a link may have run out: the host of the files, and not we, refuses it.
fn has_died(client: &Client, link: &Link, failure: &Failure) -> bool {
    failure.reason == Reason::Rejected && client.downloads().allows(link)
}

/// Folds one file.
async fn shard(client: &Client, report: Report, link: &Link, fold: &mut impl Fold) -> Result<(), Failure> {
    // The records of a file have the same fields, and looking at them costs time: the first stands for all.
    let mut unknown = None;
    // The parser's own words would quote the record.
    let unfit = |words| Failure::new(Reason::Decode, format!("file {link}: {words}"));
    let mut each = |record: &[u8]| {
        unknown.get_or_insert_with(|| unknown_fields(record));
        // A record as a whole is checked far faster than each of its strings by itself.
        let text = str::from_utf8(record).map_err(|_| unfit("a record is no UTF-8"))?;
        for row in serde_json::Deserializer::from_str(text).into_iter() {
            let row = row.map_err(|_| unfit("a record is not as promised"))?;
            fold.row(row).map_err(unfit)?;
        }
        Ok(())
    };
    client.downloads().shard(link, &mut each).await?;
    client.count_unknown(report.record(), unknown.unwrap_or_default());
    Ok(())
}

/// Counts the names in a record that are in no documentation this exporter was written by, or of which the value is
/// not as documented.
fn unknown_fields(record: &[u8]) -> u64 {
    fn note(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                if !FIELDS.contains(&name.as_str()) || !is_readable(name, value) {
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
    let first = serde_json::Deserializer::from_slice(record).into_iter().next();
    note(&first.and_then(Result::ok).unwrap_or_default(), &mut found);
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

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_numbers_however_they_are_written() {
        for (text, id) in [
            ("0", Some(0)),
            ("501", Some(501)),
            (r#""501""#, Some(501)),
            (r#""5\u00301""#, Some(501)),
            ("18446744073709551615", Some(u64::MAX)),
            (r#""18446744073709551615""#, Some(u64::MAX)),
            ("18446744073709551616", None),
            (r#""18446744073709551616""#, None),
            ("-1", None),
            (r#""-1""#, None),
            ("1.5", None),
            (r#""1.0""#, None),
            (r#""""#, None),
            (r#""mona""#, None),
            ("null", None),
            ("true", None),
            ("[1]", None),
        ] {
            let user = format!(r#"{{"user_id":{text}}}"#);
            let user = serde_json::from_str::<UserDay<'_>>(&user).map(|row| row.user_id);
            assert_eq!(user.ok(), id, "{text}");
            let team = format!(r#"{{"user_id":7,"team_id":{text}}}"#);
            let team = serde_json::from_str::<UserTeam<'_>>(&team).map(|row| (row.user_id, row.team_id));
            assert_eq!(team.ok(), id.map(|id| (7, id)), "{text}");
        }
        assert!(serde_json::from_str::<UserDay<'_>>("{}").is_err(), "whose would it be?");
        assert!(serde_json::from_str::<UserTeam<'_>>(r#"{"user_id":1}"#).is_err());
    }

    #[test]
    fn names_are_copied_only_where_they_are_escaped() {
        let text = r#"{"user_id":1,"totals_by_ide":[{"ide":"vscode"},{"ide":"caf\u00e9"},{"ide":null},{}]}"#;
        let row: UserDay<'_> = serde_json::from_str(text).unwrap();
        let ides: Vec<_> = row.totals_by_ide.iter().flatten().map(|element| element.ide.as_ref()).collect();
        let [Some(Name(Cow::Borrowed("vscode"))), Some(Name(Cow::Owned(escaped))), None, None] = ides[..]
        else {
            panic!("{ides:?}")
        };
        assert_eq!(escaped, "caf\u{e9}");
    }

    #[test]
    fn arrays_and_numbers_of_people_may_be_missing_or_null() {
        for text in [
            r#"{"user_id":1}"#,
            r#"{"user_id":1,"day":null,"totals_by_ide":null,"totals_by_feature":null,"totals_by_language_feature":null}"#,
        ] {
            let row: UserDay<'_> = serde_json::from_str(text).unwrap();
            assert!(row.day.is_none() && row.totals_by_ide.is_none() && row.totals_by_feature.is_none());
        }
        for text in [
            r#"{"user_id":1,"day":"yesterday"}"#,
            r#"{"user_id":1,"totals_by_feature":[{"code_generation_activity_count":1.5}]}"#,
            r#"{"user_id":1,"totals_by_feature":[{"code_generation_activity_count":"1"}]}"#,
            r#"{"user_id":1,"totals_by_feature":{}}"#,
        ] {
            assert!(serde_json::from_str::<UserDay<'_>>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_envelope_has_links_or_none_or_is_a_sentence() {
        let link = r#"["https://copilot-reports.github.com/a?sig=1"]"#;
        for (text, links) in [
            ("{}", 0),
            (r#"{"download_links":null,"report_start_day":null}"#, 0),
            (r#"{"download_links":[]}"#, 0),
            (&format!(r#"{{"download_links":{link},"report_day":"2026-11-17"}}"#), 1),
            (&format!(r#"{{"report_end_day":"2026-11-17","download_links":{link},"new":[1]}}"#), 1),
        ] {
            let Envelope::Links { download_links, .. } = serde_json::from_str(text).unwrap() else {
                panic!("{text}")
            };
            assert_eq!(download_links.unwrap_or_default().len(), links, "{text}");
        }
        assert!(matches!(serde_json::from_str(r#""Not ready.""#), Ok(Envelope::Words(_))));
        for text in [
            "null",
            "7",
            "[]",
            r#"{"download_links":"https://x.example/a"}"#,
            r#"{"download_links":["no address"]}"#,
            r#"{"download_links":[null]}"#,
            r#"{"report_end_day":"soon"}"#,
        ] {
            assert!(serde_json::from_str::<Envelope>(text).is_err(), "{text}");
        }
    }

    fn days(records: &[&str]) -> Result<Vec<(String, Option<i64>)>, serde_json::Error> {
        let mut days = Vec::<EntityDay>::new().begin();
        for record in records {
            days.row(serde_json::from_str(record)?).unwrap();
        }
        Ok(days.into_iter().map(|day| (day.day.to_string(), day.daily_active_users)).collect())
    }

    #[test]
    fn an_owners_records_are_days_or_months_of_them() {
        let one = r#"{"day":"2026-11-17","daily_active_users":3,"organization_id":"4242"}"#;
        let month = r#"{"report_start_day":"2026-10-21","day_totals":[{"day":"2026-11-16"},{"day":"2026-11-15","daily_active_users":0}]}"#;
        let shown = [("2026-11-17", Some(3)), ("2026-11-16", None), ("2026-11-15", Some(0))];
        assert_eq!(days(&[one, month]).unwrap(), shown.map(|(day, people)| (day.to_owned(), people)));
        for nothing in
            ["{}", r#"{"day_totals":null}"#, r#"{"day_totals":[]}"#, r#"{"day":null,"day_totals":[]}"#]
        {
            assert_eq!(days(&[nothing]).unwrap(), [], "{nothing}");
        }
    }

    #[test]
    fn a_day_of_an_owner_that_cannot_be_read_is_not_passed_over() {
        for broken in [
            r#"{"day":"yesterday","daily_active_users":3}"#,
            r#"{"day":"0001-01-01"}"#,
            r#"{"day":17}"#,
            r#"{"day":"2026-11-17","daily_active_users":"3"}"#,
            r#"{"day":"2026-11-17","daily_active_users":1.5}"#,
            r#"{"day":"2026-11-17","totals_by_feature":{}}"#,
            r#"{"day_totals":[{"day":"2026-11-17"},{"daily_active_users":3}]}"#,
            r#"{"day_totals":{}}"#,
        ] {
            assert!(days(&[broken]).is_err(), "{broken}");
        }
    }

    fn record() -> Value {
        let element = |names: Value, first: i64| {
            let mut element = names;
            for (field, number) in COUNTERS.iter().zip(first..) {
                element[field] = number.into();
            }
            element
        };
        json!({
            "day": "2026-11-17", "daily_active_users": 1, "weekly_active_users": 2, "monthly_active_users": 3,
            "user_initiated_interaction_count": 4, "code_generation_activity_count": 5, "loc_added_sum": 6,
            "code_acceptance_activity_count": 7, "loc_deleted_sum": 8,
            "totals_by_ide": [element(json!({"ide": "vim"}), 50), element(json!({"ide": "zed"}), 60)],
            "totals_by_feature": [element(json!({"feature": "code_completion"}), 10), element(json!({"feature": "chat_inline"}), 20)],
            "totals_by_language_feature": [
                element(json!({"feature": "code_completion", "language": "go"}), 30),
                element(json!({"feature": "code_completion", "language": "c"}), 40),
            ],
            "totals_by_model_feature": [
                element(json!({"feature": "chat_inline", "model": "gpt"}), 70),
                element(json!({"feature": "agent_edit", "model": "gpt"}), 80),
            ],
        })
    }

    /// The counters of an [`Element`], in the order of its fields.
    pub(crate) const COUNTERS: [&str; 6] = [
        "user_initiated_interaction_count",
        "code_generation_activity_count",
        "code_acceptance_activity_count",
        "loc_suggested_to_add_sum",
        "loc_added_sum",
        "loc_deleted_sum",
    ];

    fn fingerprint(record: &Value) -> u64 {
        serde_json::from_str::<EntityDay>(&record.to_string()).unwrap().fingerprint()
    }

    #[test]
    fn the_fingerprint_is_another_when_any_number_or_name_is() {
        let mut seen = BTreeSet::from([fingerprint(&record())]);
        let mut changes = 1;
        let mut note = |change: &dyn Fn(&mut Value)| {
            let mut changed = record();
            change(&mut changed);
            seen.insert(fingerprint(&changed));
            changes += 1;
        };
        let own = ["daily_active_users"];
        let counted = COUNTERS.iter().filter(|field| **field != "loc_suggested_to_add_sum");
        for field in own.iter().chain(counted) {
            note(&|record| record[field] = 99.into());
            note(&|record| record[field] = Value::Null);
        }
        let arrays =
            ["totals_by_ide", "totals_by_feature", "totals_by_language_feature", "totals_by_model_feature"];
        for array in arrays {
            for index in 0..2 {
                for field in COUNTERS {
                    note(&|record| record[array][index][field] = 99.into());
                }
                note(&|record| record[array][index]["feature"] = "another".into());
                note(&|record| drop(record[array].as_array_mut().unwrap().remove(index)));
            }
            note(&|record| {
                let first = record[array][0].clone();
                record[array].as_array_mut().unwrap().push(first);
            });
            note(&|record| {
                let other = record[array][1][COUNTERS[1]].take();
                let one = std::mem::replace(&mut record[array][0][COUNTERS[1]], other);
                record[array][1][COUNTERS[1]] = one;
            });
        }
        note(&|record| record["totals_by_language_feature"][0]["language"] = "rust".into());
        note(&|record| record["totals_by_cli"] = json!({"session_count": 5}));
        note(&|record| record["totals_by_model_feature"][0]["model"] = "another".into());
        assert_eq!(seen.len(), changes);
    }

    #[test]
    fn the_fingerprint_stays_with_the_order_and_with_what_is_not_shown() {
        let mut same = record();
        same["totals_by_feature"].as_array_mut().unwrap().reverse();
        same["totals_by_language_feature"].as_array_mut().unwrap().reverse();
        same["etl_id"] = "another run".into();
        same["totals_by_model_feature"].as_array_mut().unwrap().reverse();
        same["pull_requests"] = json!({"total_created": 5});
        assert_eq!(fingerprint(&same), fingerprint(&record()));
    }

    #[test]
    fn a_form_that_has_changed_takes_nothing_else_away() {
        let odd = json!({
            "day": "2026-11-17", "daily_active_users": 3, "totals_by_cli": 7, "totals_by_copilot_app": "none",
            "totals_by_3rd_party_agent": {"codex": 1}, "totals_by_ai_adoption_phase": [{"phase_number": "two"}],
            "pull_requests": {"total_created": 1.5}, "totals_by_feature": [{"feature": "agent_edit"}],
        });
        let day: EntityDay = serde_json::from_value(odd).unwrap();
        assert_eq!(
            (day.daily_active_users, day.totals_by_feature.map(|list| list.len())),
            (Some(3), Some(1))
        );
        assert!(day.totals_by_cli.is_none() && day.totals_by_copilot_app.is_none());
        assert!(day.totals_by_3rd_party_agent.is_none() && day.totals_by_ai_adoption_phase.is_none());
        assert!(day.pull_requests.is_none());
        let row = r#"{"user_id": 7, "ai_credits_used": "three", "totals_by_cli": [], "loc_added_sum": 5}"#;
        let row: UserDay<'_> = serde_json::from_str(row).unwrap();
        assert_eq!((row.user_id, row.loc_added_sum, row.ai_credits_used), (7, Some(5), None));
    }

    #[test]
    fn names_nobody_has_described_are_counted_once_each() {
        for (record, count) in [
            (r#"{"day":"2026-11-17"}"#, 0),
            (r#"{"brand_new":1}"#, 1),
            (r#"{"brand_new":{"brand_new":1,"day":2,"newer":3}}"#, 1),
            (r#"{"totals_by_ide":[{"ide":"vim","stars":1},{"ide":"zed","stars":2,"moons":3}],"stars":4}"#, 2),
            (r#"{"totals_by_cli":{"token_usage":{"dreams":1}}}"#, 1),
            (r#"["brand_new"]"#, 0),
            (r#"{"totals_by_cli":null,"pull_requests":{"total_created":1},"ai_credits_used":1}"#, 0),
            (
                r#"{"totals_by_cli":[],"pull_requests":{"total_created":"one"},"ai_credits_used":{"sum":1}}"#,
                3,
            ),
            ("no json", 0),
        ] {
            assert_eq!(unknown_fields(record.as_bytes()), count, "{record}");
        }
    }

    /// Every field that GitHub describes of the records that are read: of an owner, of a person, of a person in a team.
    const DOCUMENTED: &str = "
        day organization_id enterprise_id created_at report_start_day report_end_day day_totals etl_id day_partition
        entity_id_partition user_id user_login team_id slug
        user_initiated_interaction_count code_generation_activity_count code_acceptance_activity_count
        loc_suggested_to_add_sum loc_suggested_to_delete_sum loc_added_sum loc_deleted_sum
        daily_active_users weekly_active_users monthly_active_users monthly_active_chat_users monthly_active_agent_users
        daily_active_cli_users daily_active_copilot_app_users daily_active_vscode_agent_users
        weekly_active_vscode_agent_users monthly_active_vscode_agent_users
        daily_active_copilot_cloud_agent_users weekly_active_copilot_cloud_agent_users
        monthly_active_copilot_cloud_agent_users daily_active_copilot_code_review_users
        weekly_active_copilot_code_review_users monthly_active_copilot_code_review_users
        daily_passive_copilot_code_review_users weekly_passive_copilot_code_review_users
        monthly_passive_copilot_code_review_users
        totals_by_ide ide totals_by_feature feature totals_by_language_feature language totals_by_language_model model
        totals_by_model_feature last_known_ide_version ide_version sampled_at last_known_plugin_version plugin
        plugin_version totals_by_cli session_count request_count prompt_count token_usage output_tokens_sum
        prompt_tokens_sum avg_tokens_per_request last_known_cli_version cli_version totals_by_copilot_app
        totals_by_3rd_party_agent agent_id agent_name totals_by_vscode_agent total_user_messages
        totals_by_skill skill totals_by_custom_agent custom_agent totals_by_mcp mcp totals_by_slash_cmd slash_cmd
        totals_by_plugin interaction_count distinct_skill_use_count distinct_custom_agent_use_count
        distinct_mcp_use_count distinct_slash_cmd_use_count distinct_plugin_use_count
        totals_by_ai_adoption_phase phase phase_number version total_engaged_users users_in_phase_28d
        total_pull_requests_merged avg_user_initiated_interactions avg_code_generation_activities
        avg_code_acceptance_activities avg_loc_added avg_loc_deleted avg_pull_requests_created
        avg_pull_requests_reviewed avg_pull_requests_merged avg_pull_requests_median_minutes_to_merge
        ai_adoption_phase pull_requests copilot_feature_engagement active_user_count engaged_user_count
        used_agent used_chat used_cli used_copilot_app used_vscode_agent used_copilot_cloud_agent
        used_copilot_coding_agent used_copilot_code_review_active used_copilot_code_review_passive ai_credits_used";

    #[test]
    fn what_github_documents_is_not_new() {
        let new = DOCUMENTED
            .split_whitespace()
            .filter(|name| unknown_fields(json!({*name: null}).to_string().as_bytes()) != 0);
        assert_eq!(new.collect::<Vec<_>>(), [] as [&str; 0]);
        assert!(FIELDS.is_sorted(), "for whoever looks one up");
    }

    proptest! {
        #[test]
        fn no_record_makes_it_panic(text in r#"[\[\]{}":,0-9a-z\\ ]{0,60}"#) {
            unknown_fields(text.as_bytes());
            let _ = serde_json::from_str::<UserDay<'_>>(&text);
            let _ = serde_json::from_str::<Envelope>(&text);
            let _ = serde_json::from_str::<EntityRecord>(&text);
        }
    }
}
