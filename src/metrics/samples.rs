//! The samples of a data metric in a snapshot. Pure: the value a function of the catalogue reads, and the labels.

use chrono::NaiveTime;

use super::catalogue::{By, Metric, Read};
use crate::model::{
    detail::Counters,
    table::Row,
    view::{DetailView, ScopeView},
};

/// Calls `emit` with the label values and the number of every sample that `metric` has in `scope`.
///
/// What is unknown gives no sample. Metrics of the exporter's own have none in any scope.
pub fn each(metric: &Metric, scope: &ScopeView<'_>, mut emit: impl FnMut(&[&str], f64)) {
    let [enterprise, org, team] =
        [scope.owner.enterprise_label(), scope.owner.org_label(), scope.team.unwrap_or_default()];
    let latest = scope.latest.as_ref();
    match metric.read {
        Read::Row(read) => {
            for Row { names: [language, editor], figures } in
                latest.map_or(&[][..], |latest| &latest.completions)
            {
                if let Some(count) = read(figures) {
                    emit(&[enterprise, org, team, language, editor], count as f64);
                }
            }
        }
        Read::Total(read) => {
            if let Some(count) = latest.and_then(|latest| read(latest.totals)) {
                emit(&[enterprise, org, team], count as f64);
            }
        }
        Read::Daily(read) => {
            for day in &scope.history {
                if let Some(count) = read(day.totals) {
                    emit(&[enterprise, org, team, &day.label], count as f64);
                }
            }
        }
        Read::DayStart => {
            if let Some(latest) = latest {
                emit(
                    &[enterprise, org, team],
                    latest.day.and_time(NaiveTime::MIN).and_utc().timestamp() as f64,
                );
            }
        }
        Read::Detail(read) => {
            let detail = latest.and_then(|latest| latest.detail.as_ref());
            if let Some(count) = detail.and_then(|detail| read(detail.whole)) {
                emit(&[enterprise, org, team], count as f64);
            }
        }
        Read::Table(by, read) => {
            if let Some(detail) = latest.and_then(|latest| latest.detail.as_ref()) {
                rows(detail, by, |names, figures| {
                    if let Some(count) = read(figures) {
                        emit(&[&[enterprise, org, team], names].concat(), count as f64);
                    }
                });
            }
        }
        Read::Newest(_, read) => {
            if let Some(latest) = latest {
                read(latest, &mut |more, number| emit(&[&[enterprise, org, team], more].concat(), number));
            }
        }
        Read::Owner(_, read) => {
            read(scope, &mut |more, number| emit(&[&[enterprise, org, team], more].concat(), number));
        }
        Read::Gauge(..) | Read::Counter(..) | Read::LiveCounter(_) => {}
    }
}

/// Calls `each` with the names and the figures of every row of a table.
fn rows(detail: &DetailView<'_>, by: By, mut each: impl FnMut(&[&str], &Counters)) {
    match by {
        By::Feature => detail.features.iter().for_each(|row| each(&[&row.names[0]], &row.figures)),
        By::Editor => detail.editors.iter().for_each(|row| each(&[&row.names[0]], &row.figures)),
        By::Language => each_pair(&detail.languages, each),
        By::Model => each_pair(&detail.models, each),
    }
}

fn each_pair(rows: &[Row<2, Counters>], mut each: impl FnMut(&[&str], &Counters)) {
    rows.iter().for_each(|row| each(&[&row.names[0], &row.names[1]], &row.figures));
}

/// How many samples `metric` has in `scope`.
pub fn count(metric: &Metric, scope: &ScopeView<'_>) -> usize {
    let mut count = 0;
    each(metric, scope, |_, _| count += 1);
    count
}
