//! What Copilot has cost this month, by product, sku and language model.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    held::Held,
    label::{Label, Labels, OTHERS},
};
use crate::{
    clock::Instant,
    github::billing::{Meter, MonthUsage, UsageItem},
};

/// The names of what is billed, in the order in which an item carries them: labels that can have any value.
pub const NAMES: [&str; 3] = ["product", "sku", "model"];

/// A value for each of [`NAMES`].
pub type Names = [Label; 3];

/// What was paid for something, in USD. Each may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amounts {
    /// Its price.
    pub gross: Option<f64>,
    /// What of that is included or waived.
    pub discount: Option<f64>,
    /// What is left to be paid.
    pub net: Option<f64>,
}

impl Amounts {
    /// Nothing.
    pub const ZERO: Self = Self { gross: Some(0.0), discount: Some(0.0), net: Some(0.0) };

    /// Adds to each.
    pub fn add(&mut self, other: &Self) {
        add(&mut self.gross, other.gross);
        add(&mut self.discount, other.discount);
        add(&mut self.net, other.net);
    }
}

/// Adds to a sum. With an unknown part it is unknown, and so is one beyond every number.
fn add(sum: &mut Option<f64>, part: Option<f64>) {
    *sum = sum.zip(part).map(|(sum, part)| sum + part).filter(|sum| sum.is_finite());
}

/// What a meter shows for a month up to now.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Reading {
    month: NaiveDate,
    items: Vec<Item>,
}

/// A line of the bill.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Item {
    names: Names,
    unit: Label,
    quantity: Option<f64>,
    amounts: Amounts,
}

/// What is known of an owner's bill: the last good reading of each meter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Billing([Held<Reading>; Meter::ALL.len()]);

/// The bill of a month as it is shown.
#[derive(Clone, Debug)]
pub struct Costs {
    /// The first day of the month.
    pub month: NaiveDate,
    /// Whether all meters have been read for it.
    pub is_complete: bool,
    /// How much was used, by names and unit.
    pub quantities: BTreeMap<(Names, Label), Option<f64>>,
    /// What it cost, by names.
    pub amounts: BTreeMap<Names, Amounts>,
    /// The values of each of [`NAMES`] that are folded.
    pub folded: [BTreeSet<Label>; 3],
}

impl Billing {
    /// Takes in what a meter shows, or that it is as it was.
    pub fn apply(&mut self, meter: Meter, usage: Option<MonthUsage>, at: Instant) {
        self.0[meter as usize].take(usage.map(|usage| Reading::of(&usage)), at);
    }

    /// Whether anything is known.
    pub fn has_figures(&self) -> bool {
        self.0.iter().any(|meter| meter.get().is_some())
    }

    /// Drops what has not been read for a month, and says whether there was anything.
    pub fn expire(&mut self, now: Instant) -> bool {
        self.0.iter_mut().fold(false, |dropped, meter| meter.expire(now) | dropped)
    }

    /// The newest month of which anything was read, and of each of its names the `most` that cost most. Where a month
    /// has begun, what a meter still shows of the last one is not of it.
    pub fn show(&self, most: usize) -> Option<Costs> {
        let readings = || self.0.iter().filter_map(Held::get);
        let month = readings().map(|reading| reading.month).max()?;
        let items: Vec<&Item> =
            readings().filter(|reading| reading.month == month).flat_map(|reading| &reading.items).collect();
        let cost = |item: &Item| item.amounts.gross.unwrap_or_default();
        let folded: [_; 3] = std::array::from_fn(|place| {
            beyond(items.iter().map(|item| (&item.names[place], cost(item))), most)
        });
        let mut costs = Costs {
            month,
            is_complete: readings().filter(|reading| reading.month == month).count() == self.0.len(),
            quantities: BTreeMap::new(),
            amounts: BTreeMap::new(),
            folded: folded.clone().map(|names| names.into_iter().cloned().collect()),
        };
        let others = Label::new(OTHERS);
        for item in items {
            let name = |place: usize| {
                let name = &item.names[place];
                if folded[place].contains(name) { others.clone() } else { name.clone() }
            };
            costs.add(std::array::from_fn(name), item);
        }
        Some(costs)
    }
}

impl Costs {
    fn add(&mut self, names: Names, item: &Item) {
        self.amounts.entry(names.clone()).or_insert(Amounts::ZERO).add(&item.amounts);
        let quantity = self.quantities.entry((names, item.unit.clone())).or_insert(Some(0.0));
        add(quantity, item.quantity);
    }

    /// Everything together.
    pub fn total(&self) -> Amounts {
        let mut total = Amounts::ZERO;
        self.amounts.values().for_each(|amounts| total.add(amounts));
        total
    }
}

impl Reading {
    fn of(usage: &MonthUsage) -> Self {
        let mut labels = Labels::default();
        let item = |item: &UsageItem| Item {
            names: [&item.product, &item.sku, &item.model].map(|name| labels.name(name.as_deref())),
            unit: labels.name(item.unit_type.as_deref()),
            quantity: item.gross_quantity,
            amounts: Amounts {
                gross: item.gross_amount,
                discount: item.discount_amount,
                net: item.net_amount,
            },
        };
        Self { month: usage.month, items: usage.items.iter().map(item).collect() }
    }
}

/// The names beyond the `most` of greatest weight; of equals, the first by name stay. GitHub's own `others` takes no
/// place.
fn beyond<'a>(weights: impl Iterator<Item = (&'a Label, f64)>, most: usize) -> BTreeSet<&'a Label> {
    let mut sums: BTreeMap<&Label, f64> = BTreeMap::new();
    for (name, weight) in weights.filter(|(name, _)| ***name != *OTHERS) {
        *sums.entry(name).or_default() += weight;
    }
    let mut ranking: Vec<_> = sums.into_iter().collect();
    ranking.sort_by(|(name, sum), (other, more)| more.total_cmp(sum).then_with(|| name.cmp(other)));
    ranking.into_iter().skip(most).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn item(sku: &str, model: &str, gross: f64) -> UsageItem {
        UsageItem {
            product: Some("Copilot".to_owned()),
            sku: Some(sku.to_owned()),
            model: Some(model.to_owned()),
            unit_type: Some("Credits".to_owned()),
            gross_quantity: Some(gross * 100.0),
            gross_amount: Some(gross),
            discount_amount: Some(gross / 4.0),
            net_amount: Some(gross - gross / 4.0),
        }
    }

    fn usage(month: &str, items: Vec<UsageItem>) -> Option<MonthUsage> {
        Some(MonthUsage { month: format!("{month}-01").parse().unwrap(), items })
    }

    fn billing(credits: Option<MonthUsage>, requests: Option<MonthUsage>) -> Billing {
        let mut billing = Billing::default();
        billing.apply(Meter::AiCredits, credits, noon());
        billing.apply(Meter::PremiumRequests, requests, noon());
        billing
    }

    fn gross(costs: &Costs) -> Vec<(String, Option<f64>)> {
        let amounts = costs.amounts.iter();
        amounts.map(|([_, sku, model], amounts)| (format!("{sku}/{model}"), amounts.gross)).collect()
    }

    #[test]
    fn both_meters_are_one_bill_and_equal_names_are_added_up() {
        let both = billing(
            usage("2026-11", vec![item("credits", "GPT-5", 2.0), item("Credits", "gpt-5", 1.0)]),
            usage("2026-11", vec![item("requests", "text", 4.0)]),
        );
        let costs = both.show(50).unwrap();
        let expected = [("credits/gpt-5".to_owned(), Some(3.0)), ("requests/text".to_owned(), Some(4.0))];
        assert_eq!(gross(&costs), expected, "no model has the aliases of a language");
        assert_eq!(costs.total(), Amounts { gross: Some(7.0), discount: Some(1.75), net: Some(5.25) });
        assert!(costs.is_complete && costs.folded.iter().all(BTreeSet::is_empty));
    }

    #[test]
    fn when_a_month_begins_nothing_of_the_last_one_is_shown() {
        let old = || usage("2026-11", vec![item("credits", "gpt-5", 2.0)]);
        let costs = billing(old(), usage("2026-12", Vec::new())).show(50).unwrap();
        assert_eq!((costs.month.to_string().as_str(), costs.amounts.len()), ("2026-12-01", 0));
        assert!(!costs.is_complete, "what the other meter shows is of November");
        let costs = billing(old(), None).show(50).unwrap();
        assert_eq!((costs.month.to_string().as_str(), costs.amounts.len()), ("2026-11-01", 1));
        assert!(Billing::default().show(50).is_none());
    }

    #[test]
    fn a_missing_number_makes_its_sum_unknown_and_no_other() {
        let missing = UsageItem { net_amount: None, gross_quantity: None, ..item("credits", "gpt-5", 1.0) };
        let costs =
            billing(usage("2026-11", vec![item("credits", "gpt-5", 1.0), missing]), None).show(50).unwrap();
        assert_eq!(costs.total(), Amounts { gross: Some(2.0), discount: Some(0.5), net: None });
        assert_eq!(costs.quantities.into_values().collect::<Vec<_>>(), [None]);
        let endless = vec![item("credits", "gpt-5", f64::MAX / 100.0); 101];
        assert_eq!(billing(usage("2026-11", endless), None).show(50).unwrap().total().gross, None);
    }

    #[test]
    fn the_dearest_names_stay_and_the_rest_joins_githubs_others() {
        let items = [("b", 1.0), ("a", 1.0), ("c", 5.0), ("d", -1.0), ("Others", 100.0)];
        let items = items.map(|(model, gross)| item("credits", model, gross)).to_vec();
        let costs = billing(usage("2026-11", items), None).show(2).unwrap();
        let expected = [("credits/a", 1.0), ("credits/c", 5.0), ("credits/others", 100.0)];
        assert_eq!(gross(&costs), expected.map(|(name, gross)| (name.to_owned(), Some(gross))));
        assert_eq!(costs.folded, [[].into(), [].into(), [Label::new("b"), Label::new("d")].into()]);
    }

    #[test]
    fn a_bill_that_is_not_read_for_a_month_is_dropped() {
        let mut both = billing(usage("2026-11", Vec::new()), usage("2026-11", Vec::new()));
        let later = noon() + TimeDelta::days(29);
        both.apply(Meter::AiCredits, None, later);
        assert!(both.expire(later) && both.show(50).is_some());
        assert!(!both.expire(later) && both.expire(later + TimeDelta::days(29)));
        assert!(both.show(50).is_none());
        let mut both = billing(usage("2026-11", Vec::new()), usage("2026-11", Vec::new()));
        assert!(both.expire(later) && both.show(50).is_none(), "both at once");
    }

    proptest! {
        #[test]
        fn folding_keeps_every_sum_and_the_limit(
            items in prop::collection::vec(("[a-c]", "[a-h]", -10..100i32), 0..40),
            most in 1..6usize,
        ) {
            let items: Vec<_> = items.iter().map(|(sku, model, gross)| item(sku, model, f64::from(*gross))).collect();
            let naive: f64 = items.iter().filter_map(|item| item.gross_amount).sum();
            let costs = billing(usage("2026-11", items), None).show(most).unwrap();
            prop_assert_eq!(costs.total().gross, Some(naive));
            for place in 0..3 {
                let names: BTreeSet<_> = costs.amounts.keys().map(|names| &names[place]).collect();
                prop_assert!(names.len() <= most + 1);
            }
        }
    }
}
