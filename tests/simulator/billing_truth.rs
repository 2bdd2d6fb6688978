//! What bills must say, added up day by day without any shortcut.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use github_copilot_exporter::simulator::{Person, World};
use serde_json::{Value, json};

/// How bills write models.
const TITLES: [(&str, &str); 7] = [
    ("gpt-5.4", "GPT-5.4"),
    ("claude-sonnet-4.6", "Claude Sonnet 4.6"),
    ("auto", "Auto"),
    ("gpt-5-mini", "GPT-5 mini"),
    ("claude-opus-4.6", "Claude Opus 4.6"),
    ("gemini-3-pro", "Gemini 3 Pro"),
    ("unknown", "Unknown"),
];

/// Hundredths, gross and included, by title.
pub(crate) type Sums = BTreeMap<&'static str, (u64, u64)>;

/// The AI credits of these people on these days.
pub(crate) fn credits<'w>(
    world: &World,
    people: impl IntoIterator<Item = &'w Person>,
    days: &[NaiveDate],
) -> Sums {
    let mut sums = Sums::new();
    for person in people {
        for day in days.iter().filter(|day| **day >= "2026-06-01".parse().unwrap()) {
            let before = month_to(*day).flat_map(|day| world.credits(person, day).into_values()).sum::<u64>();
            let left = person.included_credits().saturating_sub(before);
            add(&mut sums, world.credits(person, *day), left);
        }
    }
    sums
}

/// The premium requests of these people on these days.
pub(crate) fn requests<'w>(
    world: &World,
    people: impl IntoIterator<Item = &'w Person>,
    days: &[NaiveDate],
) -> Sums {
    let mut sums = Sums::new();
    for person in people {
        for day in days.iter().filter(|day| **day < "2026-06-01".parse().unwrap()) {
            let all = month_to(*day).flat_map(|day| world.premium_requests(person, day).into_values());
            let left = person.included_premium_requests().saturating_sub(all.sum());
            add(&mut sums, world.premium_requests(person, *day), left);
        }
    }
    sums
}

/// The items of a bill over these sums.
pub(crate) fn items(sums: &Sums, sku: &str, unit: &str, price: f64) -> Vec<Value> {
    let mut items = Vec::new();
    for (title, (gross, included)) in sums {
        let quantity = |hundredths: u64| hundredths as f64 / 100.0;
        let amount = |hundredths: u64| (quantity(hundredths) * price * 10_000.0).round() / 10_000.0;
        items.push(json!({
            "product": "Copilot",
            "sku": sku,
            "model": title,
            "unitType": unit,
            "pricePerUnit": price,
            "grossQuantity": quantity(*gross),
            "grossAmount": amount(*gross),
            "discountQuantity": quantity(*included),
            "discountAmount": amount(*included),
            "netQuantity": quantity(gross - included),
            "netAmount": amount(gross - included),
        }));
    }
    items
}

/// The days of the month before `day`.
fn month_to(day: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    day.with_day(1).unwrap().iter_days().take_while(move |earlier| *earlier < day)
}

fn add(sums: &mut Sums, day: BTreeMap<&'static str, u64>, mut left: u64) {
    for (model, gross) in day {
        let (_, title) = TITLES.iter().find(|(name, _)| *name == model).unwrap();
        let included = gross.min(left);
        left -= included;
        let sum = sums.entry(title).or_default();
        sum.0 += gross;
        sum.1 += included;
    }
}
