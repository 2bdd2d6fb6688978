//! What the people's use costs: one item for each model they used.
//!
//! Bills are of today, unlike reports, and know of everybody, telemetry or not. Somebody in two
//! organisations is on both bills, and on the enterprise's once.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use hyper::http::StatusCode;
use serde::Serialize;

use super::credits::Meter;
use super::deeds;
use super::errors::Refusal;
use super::models;
use super::paging::Query;
use super::world::{Entity, Kind, Person, World};

/// The only product that is billed here.
const PRODUCT: &str = "Copilot";

/// The bill, with every field of GitHub's schema that says something here.
#[derive(Debug, Serialize)]
pub(super) struct Spending<'w> {
    #[serde(rename = "timePeriod")]
    period: Period,
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise: Option<&'w str>,
    /// Whose bill it is, or in the enterprise's which organisation was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'w str>,
    #[serde(flatten)]
    filters: Filters,
    #[serde(rename = "usageItems")]
    items: Vec<Item>,
}

/// The time that was asked for, as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Period {
    year: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    month: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<u32>,
}

/// What else the items were chosen by.
#[derive(Debug, Serialize)]
struct Filters {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

/// What was used of one model.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    product: &'static str,
    sku: &'static str,
    model: &'static str,
    unit_type: &'static str,
    price_per_unit: f64,
    gross_quantity: f64,
    gross_amount: f64,
    discount_quantity: f64,
    discount_amount: f64,
    net_quantity: f64,
    net_amount: f64,
}

/// Hundredths of a unit.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    gross: u64,
    /// The part of it that came with the seat.
    included: u64,
}

/// How a meter's units are called and what they cost.
struct Tariff {
    sku: &'static str,
    unit: &'static str,
    cents: u32,
}

impl<'w> Spending<'w> {
    /// What `entity` has to pay for the time that `query` asks for, up to `now`.
    ///
    /// # Errors
    /// 400 for a time that is none, 404 for an organisation or a cost centre there is not.
    pub(super) fn of(
        world: &'w World,
        entity: &'w Entity,
        meter: Meter,
        query: &Query,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        let period = Period::of(query, now)?;
        let filters = Filters::of(query);
        let is_enterprise = entity.kind == Kind::Enterprise;
        let org = if is_enterprise { organisation(world, query)? } else { Some(entity) };
        let payer = org.unwrap_or(entity);
        let people = world.people_of(payer).filter(|person| filters.has_user(person));
        let mut used = BTreeMap::new();
        if filters.has_product() {
            people.for_each(|person| period.add(person, meter, now.date_naive(), &mut used));
        }
        used.retain(|model, _| filters.has_model(models::title(model)));
        Ok(Self {
            period,
            enterprise: is_enterprise.then_some(&*entity.login),
            organization: org.map(|org| &*org.login),
            filters,
            items: used.into_iter().map(|(model, used)| Item::of(meter, model, used)).collect(),
        })
    }
}

/// The organisation that the enterprise's bill is asked for. Nothing belongs to a cost centre, so that
/// everything belongs to `none`.
fn organisation<'w>(world: &'w World, query: &Query) -> Result<Option<&'w Entity>, Refusal> {
    if query.get("cost_center_id").is_some_and(|id| id != "none") {
        return Err(Refusal::not_found());
    }
    let Some(login) = query.get("organization") else { return Ok(None) };
    let found = world.orgs().iter().find(|org| org.login.eq_ignore_ascii_case(login));
    found.map(Some).ok_or_else(Refusal::not_found)
}

impl Period {
    /// A day, a month or a year; what is not said is the current one, but a year alone is a whole year.
    fn of(query: &Query, now: DateTime<Utc>) -> Result<Self, Refusal> {
        let (year, month, day) = (number(query, "year")?, number(query, "month")?, number(query, "day")?);
        let is_whole_year = year.is_some() && month.is_none() && day.is_none();
        let year = year.unwrap_or(now.year());
        let month = (!is_whole_year).then_some(month.unwrap_or(now.month()));
        let exists = NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1)).is_some();
        let period = Self { year, month, day };
        exists.then_some(period).ok_or_else(|| bad_request("there is no such day, month or year"))
    }

    /// The first days of the months it touches.
    fn months(self) -> impl Iterator<Item = NaiveDate> {
        let months = self.month.map_or(1..=12, |month| month..=month);
        months.filter_map(move |month| NaiveDate::from_ymd_opt(self.year, month, 1))
    }

    fn has(self, day: NaiveDate) -> bool {
        self.day.is_none_or(|wanted| wanted == day.day())
    }

    /// Adds what `person` used in this time up to `today`. What comes with the seat is used up first, from
    /// the beginning of each month, and within a day in the order of the models' names.
    fn add(self, person: &Person, meter: Meter, today: NaiveDate, used: &mut BTreeMap<&'static str, Used>) {
        for first in self.months() {
            let mut left = meter.included(person);
            let is_in_month = |day: &NaiveDate| day.month() == first.month() && *day <= today;
            for day in first.iter_days().take_while(is_in_month).filter(|day| meter.runs_on(*day)) {
                for (model, gross) in meter.read(&deeds::deeds(person, day)) {
                    let included = gross.min(left);
                    left -= included;
                    if self.has(day) {
                        let sum = used.entry(model).or_default();
                        sum.gross += gross;
                        sum.included += included;
                    }
                }
            }
        }
    }
}

/// A parameter that is a number.
fn number<N: std::str::FromStr>(query: &Query, name: &str) -> Result<Option<N>, Refusal> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.map(Some).ok_or_else(|| bad_request(&format!("{name} is no number")))
}

fn bad_request(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, format!("Bad Request: {message}."))
}

impl Filters {
    fn of(query: &Query) -> Self {
        let owned = |name| query.get(name).map(str::to_owned);
        Self { user: owned("user"), product: owned("product"), model: owned("model") }
    }

    fn has_user(&self, person: &Person) -> bool {
        is_same(self.user.as_deref(), &person.login)
    }

    fn has_product(&self) -> bool {
        is_same(self.product.as_deref(), PRODUCT)
    }

    fn has_model(&self, title: &str) -> bool {
        is_same(self.model.as_deref(), title)
    }
}

/// Whether something was asked for, or nothing in particular.
fn is_same(wanted: Option<&str>, name: &str) -> bool {
    wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
}

impl Item {
    fn of(meter: Meter, model: &str, Used { gross, included }: Used) -> Self {
        let Tariff { sku, unit, cents } = tariff(meter);
        let net = gross - included;
        let quantity = |hundredths: u64| hundredths as f64 / 100.0;
        // One division of whole numbers, so that what is exact in decimals is written exactly.
        let amount = |hundredths: u64| (hundredths * u64::from(cents)) as f64 / 10_000.0;
        Self {
            product: PRODUCT,
            sku,
            model: models::title(model),
            unit_type: unit,
            price_per_unit: f64::from(cents) / 100.0,
            gross_quantity: quantity(gross),
            gross_amount: amount(gross),
            discount_quantity: quantity(included),
            discount_amount: amount(included),
            net_quantity: quantity(net),
            net_amount: amount(net),
        }
    }
}

fn tariff(meter: Meter) -> Tariff {
    match meter {
        Meter::AiCredits => Tariff { sku: "Copilot AI Credits", unit: "credits", cents: 1 },
        Meter::PremiumRequests => Tariff { sku: "Copilot Premium Request", unit: "requests", cents: 4 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Option<(i32, Option<u32>, Option<u32>)> {
        let period = Period::of(&Query::of(Some(query)), "2026-11-20T12:00:00Z".parse().unwrap()).ok()?;
        Some((period.year, period.month, period.day))
    }

    #[test]
    fn what_is_not_said_of_the_time_is_the_present() {
        for (query, expected) in [
            ("", (2026, Some(11), None)),
            ("year=2025", (2025, None, None)),
            ("year=2025&month=3", (2025, Some(3), None)),
            ("month=3", (2026, Some(3), None)),
            ("day=07", (2026, Some(11), Some(7))),
            ("year=2024&month=2&day=29", (2024, Some(2), Some(29))),
            ("year=2025&day=30", (2025, Some(11), Some(30))),
        ] {
            assert_eq!(asked(query), Some(expected), "{query}");
        }
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        for query in [
            "year=",
            "year=soon",
            "year=-1",
            "year=99999",
            "month=0",
            "month=13",
            "month=+1",
            "day=0",
            "day=31",
            "year=2025&month=2&day=29",
            "day=1.5",
        ] {
            assert_eq!(asked(query), None, "{query}");
        }
    }
}
