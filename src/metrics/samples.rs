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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metrics::catalogue::CATALOGUE,
        model::{
            detail::Detail,
            fold::Folds,
            table::Table,
            usage::{Counts, DayUsage, Totals},
            view::{HistoryDay, LatestDay},
        },
        owner::Owner,
    };

    fn counters(outputs: i64) -> Counters {
        Counters { generations: Some(outputs), ..Counters::default() }
    }

    /// A day on which each number that is known is another.
    fn usage() -> DayUsage {
        let detail = Detail {
            interactions: Some(1),
            features: Table::of_one(["chat"], counters(2)),
            editors: Table::of_one(["vim"], counters(3)),
            languages: Table::of_one(["go", "chat"], counters(4)),
            models: Table::of_one(["gpt-5", "chat"], counters(5)),
            ..Detail::default()
        };
        DayUsage {
            totals: Totals { suggestions: Some(6), ..Totals::default() },
            completions: Table::of_one(["go", "vim"], Counts { suggestions: Some(7), ..Counts::default() }),
            detail: Some(Box::new(detail)),
            ..DayUsage::default()
        }
    }

    /// The samples of a metric in the scope of a team, as its labels and its number.
    fn samples(name: &str, usage: &DayUsage) -> Vec<(String, f64)> {
        let metric = CATALOGUE.iter().find(|metric| metric.name == format!("github_copilot_{name}")).unwrap();
        let (day, owner, folds) =
            ("2026-11-20".parse().unwrap(), Owner::enterprise("group"), Folds::default());
        let scope = ScopeView {
            owner: &owner,
            team: Some("red"),
            latest: Some(LatestDay::of(day, usage, &folds)),
            history: vec![HistoryDay { day, label: day.to_string(), totals: &usage.totals }],
            seats: None,
            costs: None,
        };
        let mut samples = Vec::new();
        each(metric, &scope, |labels, number| samples.push((labels.join("/"), number)));
        assert_eq!(count(metric, &scope), samples.len());
        samples
    }

    #[test]
    fn a_sample_has_the_labels_of_its_scope_and_its_own_and_there_is_none_of_what_is_not_known() {
        for (name, labels, number) in [
            ("suggestions", "/go/vim", 7.0),
            ("total_suggestions", "", 6.0),
            ("daily_suggestions", "/2026-11-20", 6.0),
            ("total_interactions", "", 1.0),
            ("feature_generations", "/chat", 2.0),
            ("editor_generations", "/vim", 3.0),
            ("language_generations", "/go/chat", 4.0),
            ("model_generations", "/gpt-5/chat", 5.0),
        ] {
            assert_eq!(samples(name, &usage()), [(format!("group//red{labels}"), number)], "{name}");
            assert_eq!(samples(name, &DayUsage::default()), [], "{name}");
        }
        for name in ["acceptances", "total_acceptances", "daily_acceptances", "feature_acceptances"] {
            assert_eq!(samples(name, &usage()), [], "{name}");
        }
        let start = [("group//red".to_owned(), 1_795_132_800.0)];
        assert_eq!(samples("day_timestamp_seconds", &DayUsage::default()), start);
    }
}
