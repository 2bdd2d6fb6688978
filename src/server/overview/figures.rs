//! The two figures of an owner: the newest number, and the month behind it.

use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use super::{
    chart::{Chart, Scale, Shape, Slot},
    words,
};
use crate::model::{
    overview::{DayOverview, OwnerOverview},
    state::MONTH,
};

/// What is shown of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    ActiveUsers,
    AcceptanceRate,
}

/// Both figures, on the same days.
pub(super) fn figures(owner: &OwnerOverview) -> Markup {
    let days = axis(&owner.days);
    let gaps = days.iter().any(|(_, held)| {
        held.is_none_or(|held| Measure::BOTH.iter().any(|measure| measure.value(held).is_none()))
    });
    html! {
        div.figures {
            @for measure in Measure::BOTH { (measure.figure(&days, owner.latest.as_ref())) }
        }
        @if gaps {
            p.note { "An empty place is a day without a figure, not a zero; a zero stands on the line." }
        }
    }
}

/// The calendar days that end with the newest one, each with what is known of it.
fn axis(held: &[DayOverview]) -> Vec<(NaiveDate, Option<&DayOverview>)> {
    let Some(newest) = held.iter().map(|held| held.day).max() else { return Vec::new() };
    let back = (0..u64::from(MONTH)).rev().filter_map(|back| newest.checked_sub_days(Days::new(back)));
    back.map(|day| (day, held.iter().find(|held| held.day == day))).collect()
}

impl Measure {
    const BOTH: [Self; 2] = [Self::ActiveUsers, Self::AcceptanceRate];

    const fn title(self) -> &'static str {
        match self {
            Self::ActiveUsers => "Active users",
            Self::AcceptanceRate => "Acceptance rate",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::ActiveUsers => "users",
            Self::AcceptanceRate => "rate",
        }
    }

    const fn shape(self) -> Shape {
        match self {
            Self::ActiveUsers => Shape::Bars,
            Self::AcceptanceRate => Shape::Line,
        }
    }

    fn value(self, day: &DayOverview) -> Option<f64> {
        match self {
            Self::ActiveUsers => day.active_users.map(|users| users as f64),
            Self::AcceptanceRate => day.acceptance_rate(),
        }
    }

    /// The value as a big number.
    fn number(self, day: &DayOverview) -> Option<String> {
        match self {
            Self::ActiveUsers => day.active_users.map(words::count),
            Self::AcceptanceRate => day.acceptance_rate().map(words::percent),
        }
    }

    /// What the number says, as half a sentence.
    fn meaning(self, day: &DayOverview) -> String {
        match (self, day.suggestions, day.acceptances) {
            (Self::ActiveUsers, ..) if day.active_users == Some(1) => "person active".to_owned(),
            (Self::ActiveUsers, ..) => "people active".to_owned(),
            (Self::AcceptanceRate, Some(shown), Some(accepted)) => {
                format!("{} of {} completions accepted", words::count(accepted), words::count(shown))
            }
            (Self::AcceptanceRate, ..) => "completions accepted of those shown".to_owned(),
        }
    }

    /// What stands below the big number.
    fn below(self, latest: Option<&DayOverview>) -> String {
        match latest {
            None => "no day is old enough for EXPORTER_SETTLE_DAYS yet".to_owned(),
            Some(day) if self.value(day).is_some() => self.meaning(day),
            Some(day) => self.tooltip(Some(day)),
        }
    }

    /// The day's value, or why it has none.
    fn tooltip(self, day: Option<&DayOverview>) -> String {
        let Some(day) = day else { return "no data from GitHub".to_owned() };
        match (self, self.number(day)) {
            (Self::ActiveUsers, Some(people)) if people == "1" => "1 person".to_owned(),
            (Self::ActiveUsers, Some(people)) => format!("{people} people"),
            (Self::AcceptanceRate, Some(rate)) => format!("{rate}, {}", self.meaning(day)),
            (Self::AcceptanceRate, None) if day.suggestions == Some(0) => {
                "no completion was shown, so there is no rate".to_owned()
            }
            (_, None) => "GitHub gave no figure".to_owned(),
        }
    }

    /// The least that the scale reaches to, so that next to nothing does not look like much.
    const fn least(self) -> f64 {
        match self {
            Self::ActiveUsers => 1.0,
            Self::AcceptanceRate => 0.1,
        }
    }

    const fn label(self) -> fn(f64) -> String {
        match self {
            Self::ActiveUsers => words::short,
            Self::AcceptanceRate => words::percent,
        }
    }

    fn figure(self, days: &[(NaiveDate, Option<&DayOverview>)], latest: Option<&DayOverview>) -> Markup {
        let slots: Vec<Slot> = days.iter().map(|(day, held)| self.slot(*day, *held, latest)).collect();
        let title = format!("{}, {} days", self.title(), slots.len());
        let chart = Chart {
            title: &title,
            summary: &self.summary(days),
            shape: self.shape(),
            scale: Scale::of(slots.iter().filter_map(|slot| slot.value), self.least()),
            label: self.label(),
            slots: &slots,
        };
        html! {
            figure.(self.class()) {
                figcaption {
                    h3 { (self.title()) }
                    p.number { (latest.and_then(|day| self.number(day)).as_deref().unwrap_or("\u{2013}")) }
                    p.meaning { (self.below(latest)) }
                }
                @if !slots.is_empty() { (chart.draw()) }
            }
        }
    }

    fn slot(self, day: NaiveDate, held: Option<&DayOverview>, latest: Option<&DayOverview>) -> Slot {
        Slot {
            day,
            value: held.and_then(|held| self.value(held)),
            words: self.tooltip(held),
            chosen: latest.is_some_and(|latest| latest.day == day),
        }
    }

    /// The picture in a sentence.
    fn summary(self, days: &[(NaiveDate, Option<&DayOverview>)]) -> String {
        let known = days.iter().filter_map(|(_, held)| held.and_then(|held| Some((self.value(held)?, held))));
        let mut known: Vec<(f64, &DayOverview)> = known.collect();
        known.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let (Some((_, lowest)), Some((_, highest))) = (known.first(), known.last()) else {
            return "No day has a figure.".to_owned();
        };
        format!(
            "{} of {} days have a figure. Lowest: {}, {}. Highest: {}, {}.",
            known.len(),
            days.len(),
            lowest.day,
            self.tooltip(Some(lowest)),
            highest.day,
            self.tooltip(Some(highest)),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{owner::Owner, source::Api};

    fn day(day: &str, figures: [Option<i64>; 3]) -> DayOverview {
        let [active_users, suggestions, acceptances] = figures;
        DayOverview { day: day.parse().unwrap(), active_users, suggestions, acceptances }
    }

    fn draw(days: Vec<DayOverview>) -> String {
        let latest = days.iter().max_by_key(|day| day.day).copied();
        draw_with(latest, days)
    }

    fn draw_with(latest: Option<DayOverview>, days: Vec<DayOverview>) -> String {
        figures(&OwnerOverview {
            owner: Owner::org("octo"),
            api: Api::Usage,
            languages_only: false,
            latest,
            days,
            seats: None,
            costs: None,
            sources: Vec::new(),
        })
        .into_string()
    }

    #[test]
    fn the_big_number_is_the_data_days_even_if_the_history_does_not_hold_it() {
        let settled = day("2026-11-16", [Some(7), None, None]);
        let html = draw_with(Some(settled), vec![day("2026-11-19", [Some(9), None, None])]);
        assert!(html.contains("<p class=\"number\">7</p>"), "{html}");
        assert!(!draw_with(Some(settled), Vec::new()).contains("<svg"), "nothing to draw");
        let html = draw_with(None, vec![settled]);
        assert!(html.contains("no day is old enough") && html.contains("<svg"), "{html}");
    }

    #[test]
    fn one_day_stands_at_the_end_of_a_month() {
        let html = draw(vec![day("2026-11-19", [Some(1), Some(4), Some(1)])]);
        assert!(html.contains("23 Oct") && html.contains("19 Nov"), "{html}");
        assert!(html.contains("<title>2026-11-19: 1 person</title>"), "{html}");
        assert!(html.contains("<title>2026-11-19: 25%, 1 of 4 completions accepted</title>"), "{html}");
        assert!(html.contains("<title>2026-11-18: no data from GitHub</title>"), "{html}");
        assert_eq!(html.matches("class=\"foot\"").count(), 1, "{html}");
        assert_eq!(html.matches("<circle").count(), 1, "{html}");
    }

    #[test]
    fn a_full_month_has_no_gap_and_says_nothing_of_gaps() {
        let first: NaiveDate = "2026-10-23".parse().unwrap();
        let full = first.iter_days().take(28).map(|date| day(&date.to_string(), [Some(9), Some(2), Some(1)]));
        let html = draw(full.collect());
        assert_eq!(html.matches("class=\"segment\"").count(), 27);
        assert!(html.contains("28 of 28 days have a figure"), "{html}");
        assert!(!html.contains("An empty place"), "{html}");
    }

    #[test]
    fn days_without_numbers_are_drawn_as_nothing_and_say_why() {
        let html = draw(vec![day("2026-11-18", [None; 3]), day("2026-11-19", [None, Some(0), Some(0)])]);
        assert!(!html.contains("class=\"foot\"") && !html.contains("<circle"), "{html}");
        assert!(html.contains("No day has a figure."), "{html}");
        assert!(html.contains("2026-11-19: no completion was shown, so there is no rate"), "{html}");
        assert!(html.contains("2026-11-18: GitHub gave no figure"), "{html}");
        assert!(html.contains("An empty place"), "{html}");
    }

    #[test]
    fn rates_of_exactly_nothing_and_everything_are_drawn() {
        let html = draw(vec![
            day("2026-11-18", [Some(0), Some(10), Some(0)]),
            day("2026-11-19", [Some(0), Some(10), Some(10)]),
        ]);
        assert_eq!(html.matches("<circle").count(), 2);
        assert!(html.contains("2026-11-18: 0%, 0 of 10"), "{html}");
        assert!(html.contains("<p class=\"number\">100%</p>"), "{html}");
    }

    #[test]
    fn a_month_is_28_days_of_the_calendar_even_if_older_ones_are_held() {
        let html =
            draw(vec![day("2026-01-01", [Some(77), None, None]), day("2026-11-19", [Some(5), None, None])]);
        assert!(!html.contains("2026-01-01"), "{html}");
    }

    fn figure() -> impl Strategy<Value = Option<i64>> {
        prop_oneof![
            Just(None),
            Just(Some(0)),
            Just(Some(i64::MAX)),
            Just(Some(i64::MIN)),
            (-100_i64..100).prop_map(Some),
            any::<i64>().prop_map(Some),
        ]
    }

    fn any_day() -> impl Strategy<Value = DayOverview> {
        let day = prop_oneof![
            (0_u64..40).prop_map(|day| NaiveDate::from_ymd_opt(2026, 10, 1).unwrap() + Days::new(day)),
            Just(NaiveDate::MIN),
            Just(NaiveDate::MAX),
        ];
        (day, [figure(), figure(), figure()]).prop_map(|(day, [active_users, suggestions, acceptances])| {
            DayOverview { day, active_users, suggestions, acceptances }
        })
    }

    proptest! {
        #[test]
        fn whatever_github_sends_is_drawn_within_the_picture(days in prop::collection::vec(any_day(), 0..30)) {
            let html = draw(days);
            prop_assert!(!html.contains("NaN") && !html.contains("inf%"), "{}", html);
            for position in html.split('"').filter_map(|text| text.strip_suffix('%')) {
                let position: f64 = position.parse().unwrap();
                prop_assert!((-0.01..=100.01).contains(&position), "{} in {}", position, html);
            }
        }
    }
}
