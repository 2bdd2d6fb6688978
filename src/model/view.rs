//! From the state to what is shown: which day, how much history, which names. Pure.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use chrono::NaiveDate;

use super::{
    billing::{Costs, NAMES},
    detail::{AgentCounts, Counters, Detail, Used, Users, ranking},
    fold::{Folds, OpenLabel},
    seats::Seats,
    share::CREDIT_PARTS,
    state::{OwnerState, ScopeUsage, SourceState, State},
    table::Row,
    usage::{COMPLETION_LABELS, Counts, DayUsage, Totals},
};
use crate::{
    clock::Instant,
    owner::Owner,
    source::{Api, Source},
};

/// How the state is shown.
#[derive(Clone, Copy, Debug)]
pub struct ViewOptions {
    /// `EXPORTER_HISTORY_DAYS`.
    pub history_days: u8,
    /// `EXPORTER_SETTLE_DAYS`.
    pub settle_days: u8,
    /// `EXPORTER_MAX_LABEL_VALUES`.
    pub max_label_values: usize,
}

/// What is shown at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot<'a> {
    /// The moment.
    pub at: Instant,
    /// The owners, each followed by its teams.
    pub scopes: Vec<ScopeView<'a>>,
    /// How asking went, by owner.
    pub owners: Vec<OwnerView<'a>>,
}

/// The figures of an owner or of one of its teams.
#[derive(Clone, Debug)]
pub struct ScopeView<'a> {
    /// Whose.
    pub owner: &'a Owner,
    /// The team's slug; nothing for the owner as a whole.
    pub team: Option<&'a str>,
    /// The newest day, where it is near enough to the owner's.
    pub latest: Option<LatestDay<'a>>,
    /// The days of the last month, oldest first.
    pub history: Vec<HistoryDay<'a>>,
    /// Who has a seat; nothing for a team.
    pub seats: Option<&'a Seats>,
    /// What it costs; nothing for a team.
    pub costs: Option<Costs>,
}

/// One day of the history.
#[derive(Clone, Debug)]
pub struct HistoryDay<'a> {
    /// UTC date.
    pub day: NaiveDate,
    /// The same as `YYYY-MM-DD`, written once for all its series.
    pub label: String,
    /// The whole day.
    pub totals: &'a Totals,
}

/// The day that the series without a `day` label describe.
#[derive(Clone, Debug)]
pub struct LatestDay<'a> {
    /// UTC date.
    pub day: NaiveDate,
    /// The whole day.
    pub totals: &'a Totals,
    /// Completions by language and editor, folded.
    pub completions: Rows<'a, 2, Counts>,
    /// What reports tell beside that.
    pub detail: Option<DetailView<'a>>,
    /// What only people's own rows tell.
    pub used: Option<UsedView<'a>>,
}

/// Rows of a table, folded where names were too many.
pub type Rows<'a, const L: usize, F> = Cow<'a, [Row<L, F>]>;

/// The detail of the newest day.
#[derive(Clone, Debug)]
pub struct DetailView<'a> {
    /// All of it, as it is held.
    pub whole: &'a Detail,
    /// Its tables, folded: by feature.
    pub features: Rows<'a, 1, Counters>,
    /// By editor.
    pub editors: Rows<'a, 1, Counters>,
    /// By language and feature.
    pub languages: Rows<'a, 2, Counters>,
    /// By model and feature.
    pub models: Rows<'a, 2, Counters>,
    /// By agent.
    pub agents: Rows<'a, 1, AgentCounts>,
}

/// Who used what on the newest day.
#[derive(Clone, Debug)]
pub struct UsedView<'a> {
    credits: Option<i64>,
    /// Distinct people by feature, folded.
    pub features: Rows<'a, 1, Users>,
    /// Distinct people by editor, folded.
    pub editors: Rows<'a, 1, Users>,
}

impl<'a> LatestDay<'a> {
    pub(crate) fn of(day: NaiveDate, usage: &'a DayUsage, folds: &Folds<'_>) -> Self {
        Self {
            day,
            totals: &usage.totals,
            completions: folds.apply(&usage.completions, COMPLETION_LABELS),
            detail: usage.detail.as_deref().map(|detail| DetailView::of(detail, folds)),
            used: usage.used.as_deref().map(|used| UsedView::of(used, folds)),
        }
    }
}

impl<'a> DetailView<'a> {
    fn of(whole: &'a Detail, folds: &Folds<'_>) -> Self {
        Self {
            whole,
            features: folds.apply(&whole.features, ranking::FEATURES),
            editors: folds.apply(&whole.editors, ranking::EDITORS),
            languages: folds.apply(&whole.languages, ranking::LANGUAGES),
            models: folds.apply(&whole.models, ranking::MODELS),
            agents: folds.apply(&whole.agents, ranking::AGENTS),
        }
    }
}

impl<'a> UsedView<'a> {
    fn of(used: &'a Used, folds: &Folds<'_>) -> Self {
        Self {
            credits: used.credits,
            features: folds.apply(&used.features, ranking::FEATURES),
            editors: folds.apply(&used.editors, ranking::EDITORS),
        }
    }

    /// AI credits.
    pub fn credits(&self) -> Option<f64> {
        self.credits.map(|parts| parts as f64 / CREDIT_PARTS)
    }
}

/// How asking went for one owner.
#[derive(Clone, Debug)]
pub struct OwnerView<'a> {
    /// Whose.
    pub owner: &'a Owner,
    /// Which of GitHub's interfaces is asked.
    pub api: Api,
    /// Whether rows have languages only, because reports about people are refused.
    pub languages_only: bool,
    /// Everything held of the owner as a whole.
    pub usage: &'a ScopeUsage,
    /// By source.
    pub sources: &'a BTreeMap<Source, SourceState>,
    /// How many names of an open label are folded, in the owner's figures and in all of its teams'.
    pub folded: BTreeMap<&'static str, u64>,
}

/// Shows the state as it is at `now`.
pub fn view<'a>(state: &'a State, now: Instant, options: &ViewOptions) -> Snapshot<'a> {
    let mut snapshot = Snapshot { at: now, scopes: Vec::new(), owners: Vec::new() };
    for (owner, held) in &state.owners {
        let frame = Frame::of(held, now, options);
        let teams = held.teams.values().map(|team| (Some(&*team.slug), &team.usage));
        let mut folded = Folded::default();
        let whole = snapshot.scopes.len();
        for (team, usage) in std::iter::once((None, &held.usage)).chain(teams) {
            let folds = Folds::of(&usage.days, options.max_label_values);
            snapshot.scopes.push(frame.show(owner, team, usage, &folds));
            folded.add(&folds);
        }
        let OwnerState { api, languages_only, usage, sources, seats, billing, .. } = held;
        let costs = billing.show(options.max_label_values);
        let folded = folded.counts(costs.as_ref());
        let whole = &mut snapshot.scopes[whole];
        (whole.seats, whole.costs) = (Some(seats), costs);
        snapshot.owners.push(OwnerView {
            owner,
            api: *api,
            languages_only: *languages_only,
            usage,
            sources,
            folded,
        });
    }
    snapshot
}

/// Names folded in any scope of an owner, by label.
#[derive(Default)]
struct Folded<'a>(BTreeMap<&'static str, BTreeSet<&'a str>>);

impl<'a> Folded<'a> {
    fn add(&mut self, folds: &Folds<'a>) {
        for label in OpenLabel::ALL {
            self.0.entry(label.name()).or_default().extend(folds.names(label).map(|name| &**name));
        }
    }

    /// How many there are, with those on the bill: a model can be folded there as well.
    fn counts(mut self, costs: Option<&'a Costs>) -> BTreeMap<&'static str, u64> {
        for (label, names) in costs.into_iter().flat_map(|costs| NAMES.into_iter().zip(&costs.folded)) {
            self.0.entry(label).or_default().extend(names.iter().map(|name| &**name));
        }
        self.0.into_iter().map(|(label, names)| (label, names.len() as u64)).collect()
    }
}

/// The days of an owner that are shown, of it and of its teams.
struct Frame {
    newest: Option<NaiveDate>,
    first: Option<NaiveDate>,
}

impl Frame {
    fn of(held: &OwnerState, now: Instant, options: &ViewOptions) -> Self {
        Self {
            newest: newest_day(held, now, options.settle_days),
            first: first_day(held, options.history_days),
        }
    }

    fn show<'a>(
        &self,
        owner: &'a Owner,
        team: Option<&'a str>,
        usage: &'a ScopeUsage,
        folds: &Folds<'a>,
    ) -> ScopeView<'a> {
        let latest = self.latest(usage, team.is_some());
        let latest = latest.map(|(day, usage)| LatestDay::of(day, usage, folds));
        let shown = usage.days.iter().filter(|(day, _)| self.first.is_some_and(|first| **day >= first));
        let history =
            shown.map(|(day, usage)| HistoryDay { day: *day, label: day.to_string(), totals: &usage.totals });
        ScopeView { owner, team, latest, history: history.collect(), seats: None, costs: None }
    }

    /// What is held of the newest day. A team can be published a day after its owner, so it may be a day behind;
    /// further back it would pass for today's figures.
    fn latest<'a>(&self, usage: &'a ScopeUsage, may_lag: bool) -> Option<(NaiveDate, &'a DayUsage)> {
        let newest = self.newest?;
        let before = newest.pred_opt().filter(|_| may_lag);
        [Some(newest), before].into_iter().flatten().find_map(|day| Some((day, usage.days.get(&day)?)))
    }
}

/// The newest day that has settled: the owner's, or where the owner itself is not read, the newest of its teams.
fn newest_day(held: &OwnerState, now: Instant, settle_days: u8) -> Option<NaiveDate> {
    let settled = |day: &NaiveDate| {
        // Without a wish to wait GitHub's word is enough: it publishes no day that is not over.
        settle_days == 0 || (now.date_naive() - *day).num_days() > settle_days.into()
    };
    let newest = |usage: &ScopeUsage| usage.days.keys().rev().find(|day| settled(day)).copied();
    if held.usage.days.is_empty() {
        held.teams.values().filter_map(|team| newest(&team.usage)).max()
    } else {
        newest(&held.usage)
    }
}

/// The oldest day of the history: the newest days that GitHub gave for the owner are counted, whatever today is.
fn first_day(held: &OwnerState, history_days: u8) -> Option<NaiveDate> {
    let days: BTreeSet<NaiveDate> = if held.usage.days.is_empty() {
        held.teams.values().flat_map(|team| team.usage.days.keys().copied()).collect()
    } else {
        held.usage.days.keys().copied().collect()
    };
    days.into_iter().rev().take(history_days.into()).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        github::usage::{UsageDay, UsageRow},
        model::{Records, Update},
        owner::Team,
    };

    const OPTIONS: ViewOptions = ViewOptions { history_days: 28, settle_days: 0, max_label_values: 50 };

    fn octo() -> Owner {
        Owner::org("octo")
    }

    fn day(day: &str) -> NaiveDate {
        day.parse().unwrap()
    }

    fn now() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    /// A state in which the owner and the team `red` (if any days are given for it) have these days.
    fn state(owner: &[&str], team: &[&str]) -> State {
        let mut state = State::new(&[octo()], &BTreeSet::new());
        state.apply(Update::Teams { owner: octo(), teams: vec![Team { id: 1, slug: "red".into() }] });
        for (team, days) in [(None, owner), (Some(1), team)] {
            let row =
                UsageRow { language: Some("go".into()), suggestions_count: Some(1), ..UsageRow::default() };
            let record = |date: &&str| UsageDay {
                day: day(date),
                total_suggestions_count: Some(1),
                breakdown: Some(vec![row.clone()]),
                ..UsageDay::default()
            };
            let days = Some(Records::Usage(days.iter().map(record).collect()));
            state.apply(Update::Days { owner: octo(), team, days, at: now() });
        }
        state
    }

    fn latest(state: &State, options: &ViewOptions) -> [Option<NaiveDate>; 2] {
        let snapshot = view(state, now(), options);
        [0, 1].map(|scope| snapshot.scopes[scope].latest.as_ref().map(|latest| latest.day))
    }

    #[test]
    fn the_latest_day_is_the_newest_whatever_today_is() {
        let state = state(&["2026-11-20", "2023-10-16"], &[]);
        assert_eq!(latest(&state, &OPTIONS), [Some(day("2026-11-20")), None]);
        let ahead = self::state(&["2026-11-20", "2026-11-30"], &[]);
        assert_eq!(
            latest(&ahead, &OPTIONS)[0],
            Some(day("2026-11-30")),
            "its word is enough, our clock may be wrong"
        );
    }

    #[test]
    fn with_settle_days_only_days_that_ended_so_long_ago_count() {
        let state = state(&["2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21"], &[]);
        for (settle_days, expected) in
            [(0, "2026-11-21"), (1, "2026-11-20"), (2, "2026-11-19"), (3, "2026-11-18")]
        {
            let options = ViewOptions { settle_days, ..OPTIONS };
            assert_eq!(latest(&state, &options)[0], Some(day(expected)), "{settle_days}");
            assert_eq!(
                view(&state, now(), &options).scopes[0].history.len(),
                4,
                "the history shows every day"
            );
        }
        assert_eq!(latest(&state, &ViewOptions { settle_days: 4, ..OPTIONS })[0], None);
    }

    #[test]
    fn a_team_describes_its_owners_day_or_the_day_before_and_else_is_absent() {
        let owner = ["2026-11-20"];
        for (team, expected) in [
            (&["2026-11-20", "2026-11-19"][..], Some("2026-11-20")),
            (&["2026-11-19"][..], Some("2026-11-19")),
            (&["2026-11-18"][..], None),
            (&["2026-11-21"][..], None),
        ] {
            assert_eq!(latest(&state(&owner, team), &OPTIONS)[1], expected.map(day), "{team:?}");
        }
    }

    #[test]
    fn credits_are_shown_whole_and_in_parts() {
        let shown = |credits| {
            UsedView { credits, features: Cow::Borrowed(&[]), editors: Cow::Borrowed(&[]) }.credits()
        };
        assert_eq!((shown(Some(2_500_000_000)), shown(None)), (Some(2.5), None));
    }

    #[test]
    fn where_the_owner_itself_is_not_read_the_newest_team_gives_the_day() {
        assert_eq!(latest(&state(&[], &["2026-11-19"]), &OPTIONS), [None, Some(day("2026-11-19"))]);
    }

    #[test]
    fn the_history_is_the_newest_days_that_github_gave_the_owner() {
        let state = state(&["2026-11-01", "2026-11-05", "2026-11-20"], &["2026-11-01", "2026-11-06"]);
        let shown = |history_days| {
            let snapshot = view(&state, now(), &ViewOptions { history_days, ..OPTIONS });
            [0, 1].map(|scope| snapshot.scopes[scope].history.len())
        };
        assert_eq!(shown(28), [3, 2]);
        assert_eq!(shown(2), [2, 1], "a team shows no day older than its owner");
        assert_eq!(shown(0), [0, 0]);
    }

    #[test]
    fn owners_come_with_their_teams_and_their_folded_names_are_counted_once() {
        let state = state(&["2026-11-20"], &["2026-11-20"]);
        let snapshot = view(&state, now(), &ViewOptions { max_label_values: 0, ..OPTIONS });
        let teams: Vec<_> = snapshot.scopes.iter().map(|scope| scope.team).collect();
        assert_eq!(teams, [None, Some("red")]);
        let folded = OpenLabel::ALL.map(|label| snapshot.owners[0].folded.get(label.name()).copied());
        assert_eq!(folded, [Some(1), Some(1), Some(0), Some(0), Some(0)]);
        assert_eq!(&*snapshot.scopes[1].latest.as_ref().unwrap().completions[0].names[0], "others");
    }
}
