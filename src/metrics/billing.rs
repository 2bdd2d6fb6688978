//! The samples about what Copilot has cost. What GitHub has not told gives none.

use chrono::NaiveTime;

use super::exporter::Emit;
use crate::model::{billing::Amounts, view::ScopeView};

pub(super) fn quantities(scope: &ScopeView<'_>, emit: &mut Emit<'_>) {
    for (([product, sku, model], unit), quantity) in scope.costs.iter().flat_map(|costs| &costs.quantities) {
        if let Some(quantity) = quantity {
            emit(&[product, sku, model, unit], *quantity);
        }
    }
}

/// One of the amounts.
pub(super) fn amounts(scope: &ScopeView<'_>, emit: &mut Emit<'_>, read: impl Fn(&Amounts) -> Option<f64>) {
    for ([product, sku, model], amounts) in scope.costs.iter().flat_map(|costs| &costs.amounts) {
        if let Some(amount) = read(amounts) {
            emit(&[product, sku, model], amount);
        }
    }
}

pub(super) fn month(scope: &ScopeView<'_>, emit: &mut Emit<'_>) {
    if let Some(costs) = &scope.costs {
        emit(&[], costs.month.and_time(NaiveTime::MIN).and_utc().timestamp() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Instant,
        github::billing::{Meter, MonthUsage, UsageItem},
        model::billing::Billing,
        owner::Owner,
    };

    type Shows = fn(&ScopeView<'_>, &mut Emit<'_>);

    /// What is shown of a bill: the labels and the number of each sample.
    fn shown(shows: Shows, items: Option<Vec<UsageItem>>) -> Vec<(String, f64)> {
        let mut billing = Billing::default();
        if let Some(items) = items {
            let usage = MonthUsage { month: "2026-11-01".parse().unwrap(), items };
            billing.apply(Meter::AiCredits, Some(usage), Instant::default());
        }
        let (owner, costs) = (Owner::org("octo"), billing.show(50));
        let scope =
            ScopeView { owner: &owner, team: None, latest: None, history: Vec::new(), seats: None, costs };
        let mut shown = Vec::new();
        shows(&scope, &mut |labels, number| shown.push((labels.join("/"), number)));
        shown
    }

    #[test]
    fn each_series_about_costs_is_the_figure_of_its_name_and_absent_where_that_is_not_known() {
        let cases: [(Shows, &str, f64); 3] = [
            (quantities, "copilot/credits/gpt-5/requests", 300.0),
            (|scope, emit| amounts(scope, emit, |item| item.gross), "copilot/credits/gpt-5", 4.0),
            (|scope, emit| amounts(scope, emit, |item| item.discount), "copilot/credits/gpt-5", 1.0),
        ];
        let name = |name: &str| Some(name.to_owned());
        let item = UsageItem {
            product: name("copilot"),
            sku: name("credits"),
            model: name("gpt-5"),
            unit_type: name("requests"),
            gross_quantity: Some(300.0),
            gross_amount: Some(4.0),
            discount_amount: Some(1.0),
            net_amount: None,
        };
        for (shows, labels, number) in cases {
            assert_eq!(shown(shows, Some(vec![item.clone()])), [(labels.to_owned(), number)]);
            assert_eq!(shown(shows, Some(vec![UsageItem::default()])), []);
            assert_eq!(shown(shows, None), []);
        }
        let net: Shows = |scope, emit| amounts(scope, emit, |item| item.net);
        assert_eq!(shown(net, Some(vec![item])), [], "of one item all but the net amount is known");
        assert_eq!(shown(month, Some(Vec::new())), [(String::new(), 1_793_491_200.0)]);
        assert_eq!(shown(month, None), []);
    }
}
