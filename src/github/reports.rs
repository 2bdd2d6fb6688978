//! The usage metrics reports, GitHub's live interface: small answers with signed links to the files that have the
//! figures.
//!
//! Of the reports this version reads one: an owner's own figures of the latest 28 days, one record a day. The fields are
//! described under "Copilot usage metrics" in GitHub's documentation.

use chrono::NaiveDate;
use serde::Deserialize;

use super::{
    client::{Answer, Client, Question, Validators},
    download::Link,
    endpoint::Endpoint,
    failure::{Failure, Reason},
};
use crate::owner::Owner;

/// What GitHub answers where a report is asked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Envelope {
    /// The links to all files of the report; none while it is not ready.
    Links { download_links: Option<Vec<Link>> },
    /// A sentence, where the report is not ready.
    Words(#[allow(dead_code, reason = "only that it is one matters")] String),
}

/// An owner's figures of one day (`day_totals[]` of a 28-day report). Every field may be missing.
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
    /// By feature.
    pub totals_by_feature: Option<Vec<Element>>,
    /// By language and feature.
    pub totals_by_language_feature: Option<Vec<Element>>,
}

/// The figures of one feature, or of one language in one feature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Element {
    /// As the editor sent it; only by language.
    pub language: Option<String>,
    /// `code_completion`, `chat_inline`, …
    pub feature: Option<String>,
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

/// A record of the 28-day file: days in a wrapper, or one day as it is.
#[derive(Deserialize)]
#[serde(untagged)]
enum Record {
    Day(Box<EntityDay>),
    Month { day_totals: Option<Vec<EntityDay>> },
}

/// An owner's figures of the latest 28 days, in no promised order; days can be missing.
///
/// # Errors
/// Any [`Failure`]. All files are read, or the report fails as a whole.
pub async fn month(client: &Client, owner: &Owner) -> Result<Answer<Vec<EntityDay>>, Failure> {
    let question = Question { endpoint: Endpoint::month_report(owner), owner, team: None, query: Vec::new() };
    let links = links(client, &question).await?;
    if links.is_empty() {
        return Ok(Answer::NotReady);
    }
    let days = match files(client, &links).await {
        // A link lives for about an hour; one that has died meanwhile is asked for anew.
        Err(failure) if failure.reason == Reason::Rejected => {
            files(client, &self::links(client, &question).await?).await?
        }
        days => days?,
    };
    Ok(Answer::Fresh(days, Validators::default()))
}

/// The links to the files of a report; none while it is not ready.
async fn links(client: &Client, question: &Question<'_>) -> Result<Vec<Link>, Failure> {
    Ok(match client.get(question).await? {
        Answer::Fresh(Envelope::Links { download_links }, _) => download_links.unwrap_or_default(),
        Answer::Fresh(Envelope::Words(_), _) | Answer::Unchanged | Answer::NotReady => Vec::new(),
    })
}

/// The days of all files.
async fn files(client: &Client, links: &[Link]) -> Result<Vec<EntityDay>, Failure> {
    let mut days = Vec::new();
    for link in links {
        days.append(&mut shard(client, link).await?);
    }
    Ok(days)
}

/// The days of one file.
async fn shard(client: &Client, link: &Link) -> Result<Vec<EntityDay>, Failure> {
    let mut days = Vec::new();
    let mut each = |record: &[u8]| {
        match serde_json::from_slice(record) {
            Ok(Record::Day(day)) => days.push(*day),
            Ok(Record::Month { day_totals }) => days.extend(day_totals.unwrap_or_default()),
            // The parser's own words would quote the record.
            Err(_) => {
                return Err(Failure::new(
                    Reason::Decode,
                    format!("file {link}: a record is not as promised"),
                ));
            }
        }
        Ok(())
    };
    client.downloads().shard(link, &mut each).await?;
    Ok(days)
}
