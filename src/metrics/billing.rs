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
