//! What Copilot has cost: the usage that GitHub bills by, month by month.
//!
//! Seat fees are not in it. AI credits have taken the place of premium requests in 2026; both meters are read, and one
//! that counts nothing has no items.

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::{
    client::{Answer, Client, Question, Validators},
    endpoint::Endpoint,
    failure::Failure,
};
use crate::owner::Owner;

/// What else GitHub documents of the bill.
pub(super) const UNREAD: &[&str] = &[
    "costCenter",
    "day",
    "discountQuantity",
    "enterprise",
    "model",
    "netQuantity",
    "organization",
    "pricePerUnit",
    "product",
    "user",
];

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meter {
    /// `ai_credit`: since June 2026.
    AiCredits,
    /// `premium_request`: before.
    PremiumRequests,
}

impl Meter {
    /// Both.
    pub const ALL: [Self; 2] = [Self::AiCredits, Self::PremiumRequests];
}

/// What a meter shows for a month up to now.
#[derive(Clone, Debug, PartialEq)]
pub struct MonthUsage {
    /// The first day of the month.
    pub month: NaiveDate,
    /// `usageItems`.
    pub items: Vec<UsageItem>,
}

/// One line of the bill. A missing number means unknown.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageItem {
    /// For instance `Copilot`.
    pub product: Option<String>,
    /// What is sold, for instance `Copilot AI Credits`.
    pub sku: Option<String>,
    /// The language model.
    pub model: Option<String>,
    /// In what the quantity is counted.
    pub unit_type: Option<String>,
    /// How much was used.
    pub gross_quantity: Option<f64>,
    /// Its price, in USD.
    pub gross_amount: Option<f64>,
    /// What of the price is included or waived, in USD.
    pub discount_amount: Option<f64>,
    /// What is left to be paid, in USD.
    pub net_amount: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bill {
    time_period: TimePeriod,
    usage_items: Vec<UsageItem>,
}

/// The month that an answer is about. A day in it means the days up to that one.
#[derive(Deserialize)]
struct TimePeriod {
    year: i32,
    month: Option<u32>,
}

impl TimePeriod {
    /// Its first day, where it is a month in which there was Copilot. Any other would stay the newest for good.
    fn first_day(&self, asked: NaiveDate) -> Option<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(self.year, self.month.unwrap_or(asked.month()), 1);
        first.filter(|first| (2021..=9999).contains(&first.year()))
    }
}

/// What a meter of an owner shows for the month of a day.
///
/// # Errors
/// Any [`Failure`]; 404 also where GitHub bills the owner in its older way.
pub async fn costs(
    client: &Client,
    owner: &Owner,
    meter: Meter,
    day: NaiveDate,
    known: &Validators,
) -> Result<Answer<MonthUsage>, Failure> {
    let query = vec![("year", day.year().to_string()), ("month", day.month().to_string())];
    let question = Question { endpoint: Endpoint::costs(meter, owner), owner, team: None, query };
    let (bill, validators) = match question.answered(client.get::<Bill>(&question, known).await?)? {
        Answer::Fresh(bill, validators) => (bill, validators),
        Answer::Unchanged => return Ok(Answer::Unchanged),
        Answer::NotReady => return Ok(Answer::NotReady),
    };
    let month = bill.time_period.first_day(day).ok_or_else(|| question.broken("it is about no month"))?;
    Ok(Answer::Fresh(MonthUsage { month, items: bill.usage_items }, validators))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_says_which_month_it_is_about_and_the_question_where_it_does_not() {
        let asked = "2026-12-01".parse().unwrap();
        let first = |json| serde_json::from_str::<TimePeriod>(json).unwrap().first_day(asked);
        let day = |day: &str| Some(day.parse().unwrap());
        for (json, expected) in [
            (r#"{"year":2026,"month":11,"day":17}"#, day("2026-11-01")),
            (r#"{"year":2026}"#, day("2026-12-01")),
            (r#"{"year":2025,"month":null}"#, day("2025-12-01")),
            (r#"{"year":2026,"month":13}"#, None),
            (r#"{"year":2026,"month":0}"#, None),
            (r#"{"year":20261,"month":1}"#, None),
            (r#"{"year":1,"month":1}"#, None),
        ] {
            assert_eq!(first(json), expected, "{json}");
        }
    }
}
