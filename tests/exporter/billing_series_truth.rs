//! What the series about costs must come to, added up person by person and day by day without any shortcut.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use github_copilot_exporter::simulator::{Entity, World};

use crate::{
    billing_truth::{Sums, credits, requests},
    people_truth::{Series, labels},
};

/// Something that is paid for by the piece.
struct Product {
    sku: &'static str,
    unit: &'static str,
    /// In dollars.
    price: f64,
}

/// Since June 2026.
const CREDITS: Product = Product { sku: "copilot ai credits", unit: "credits", price: 0.01 };
/// Before that.
const REQUESTS: Product = Product { sku: "copilot premium request", unit: "requests", price: 0.04 };

/// Every series about what an owner has to pay for, in the month up to `now`.
pub fn billing(world: &World, entity: &Entity, now: DateTime<Utc>) -> Series {
    let labels = labels(entity, None);
    let days = month_to_date(now);
    let start = days[0].and_time(NaiveTime::MIN).and_utc().timestamp();
    let mut series = items(&labels, &CREDITS, &credits(world, world.people_of(entity), &days));
    series.extend(items(&labels, &REQUESTS, &requests(world, world.people_of(entity), &days)));
    series.insert(format!("github_copilot_billing_month_timestamp_seconds{{{labels}}}"), start as f64);
    series
}

/// The days of the month so far, with the one that has begun.
fn month_to_date(now: DateTime<Utc>) -> Vec<NaiveDate> {
    let today = now.date_naive();
    today.with_day(1).unwrap().iter_days().take_while(|day| *day <= today).collect()
}

fn items(labels: &str, product: &Product, sums: &Sums) -> Series {
    let Product { sku, unit, price } = product;
    let mut series = Series::new();
    for (model, (gross, included)) in sums {
        let model = model.to_lowercase();
        let item = format!(r#"{labels},product="copilot",sku="{sku}",model="{model}""#);
        let name = format!(r#"github_copilot_billing_quantity{{{item},unit="{unit}"}}"#);
        series.insert(name, whole(*gross));
        for (name, hundredths) in [("gross", *gross), ("discount", *included), ("net", gross - included)] {
            let name = format!("github_copilot_billing_{name}_amount_usd{{{item}}}");
            series.insert(name, price * whole(hundredths));
        }
    }
    series
}

/// So many hundredths.
fn whole(hundredths: u64) -> f64 {
    hundredths as f64 / 100.0
}
